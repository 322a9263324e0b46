"""Clips whose truth is known: folders of DICOM objects with `truth.json` beside them, as `phantom_writer` leaves them."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from models.clip import Clip
from models.evaluation.datasets.truth_json import LOAD
from node.errors import EchoNodeError
from node.objects.clip_reader import open_clip, read_clip


def clips_with_truth(folder: Path) -> Iterator[tuple[Clip, dict[str, Any]]]:
    """Each clip that a `truth.json` at or below `folder` speaks of, decoded, with its entry there; one at a time.

    What is said of its study comes with it: `study`, and `measurements`, to which those of the clip itself are added. Raises
    EchoNodeError where there is no `truth.json`, where one is unreadable or names a clip that is not beside it. Raises
    UnreadableClip where a clip cannot be decoded.
    """
    return ((read_clip(path), entry) for path, entry in _entries(folder))


def clips_to_open_again(folder: Path) -> Iterator[tuple[Clip, dict[str, Any]]]:
    """As `clips_with_truth`, for whoever looks at them often: frames are decoded when they are asked for, and the entry opens
    the clip anew (`truth_json.LOAD`), so that none need be kept.
    """
    return ((open_clip(path), entry | {LOAD: partial(open_clip, path)}) for path, entry in _entries(folder))


def _entries(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    truths = sorted(folder.rglob("truth.json"))
    if not truths:
        raise EchoNodeError(f"no truth.json in {folder} or below")
    for path in truths:
        yield from _entries_beside(path)


def _entries_beside(truth_path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    try:
        truth = json.loads(truth_path.read_text(encoding="utf-8"))
        of_study = {key: truth[key] for key in ("study", "measurements") if key in truth}
        of_uid: dict[str, dict[str, Any]] = {str(clip["sop_instance_uid"]): _entry(of_study, clip) for clip in truth["clips"]}
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise EchoNodeError(f"{truth_path} is not a readable truth.json") from error
    for path in sorted(truth_path.parent.glob("*.dcm")):
        try:
            header = dcmread(path, specific_tags=["SOPInstanceUID"], stop_before_pixels=True)
        except InvalidDicomError:
            continue
        entry = of_uid.pop(str(header.get("SOPInstanceUID", "")), None)
        if entry is not None:
            yield path, entry
    if of_uid:
        raise EchoNodeError(f"{truth_path}: {len(of_uid)} clips are not beside it")


def _entry(of_study: dict[str, Any], clip: dict[str, Any]) -> dict[str, Any]:
    return of_study | clip | {"measurements": [*of_study.get("measurements", ()), *clip.get("measurements", ())]}
