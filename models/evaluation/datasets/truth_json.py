"""A folder of DICOM objects with `truth.json` beside them. Nothing here reads DICOM: a ClipSource brings clips and truth."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from models.catalogue import View
from models.clip import Clip
from models.errors import DatasetError
from models.evaluation.datasets.items import DataSet, Item, Mask, Masks, TrueLandmark, TrueValue, Truth
from models.evaluation.datasets.pictures import filled_polygon
from models.library.roles import image_of

# Clip, and its entry in truth.json with the study's `study` and `measurements`; those of the clip itself come last. What an
# entry has under LOAD opens the clip anew: then none is kept, and a large folder fits into memory.
LOAD = "load"
ClipSource = Callable[[Path], Iterator[tuple[Clip, Mapping[str, Any]]]]

_EF = ("ef_bp", "ef_a4c", "ef_a2c")


def detect(path: Path) -> bool:
    return path.is_dir() and any(path.rglob("truth.json"))


def read(path: Path, source: ClipSource | None) -> DataSet:
    """One item a clip, decoded one after another. Raises DatasetError where nobody reads DICOM here, or the source's errors."""
    if source is None:
        raise DatasetError(f"{path}: a folder of DICOM objects, and nothing here reads them")
    return DataSet("dicom", (_item(clip, entry, path) for clip, entry in source(path)))


def _item(clip: Clip, entry: Mapping[str, Any], path: Path) -> Item:
    try:
        values = {
            str(one["key"]): TrueValue(float(one["value"]), str(one.get("unit", ""))) for one in entry.get("measurements", ())
        }
        numbers = {key: true.value for key, true in values.items()}
        outlines = [(str(one["structure"]), int(one["frame_index"]), one["points_px"]) for one in entry.get("contours", ())]
        ed_frames, es_frames = entry.get("ed_frames", ()), entry.get("es_frames", ())
        landmarks = tuple(_landmark(one) for one in entry.get("landmarks", ()))
        truth = Truth(
            label=str(entry.get("echoview47") or entry.get("view") or "") or None,
            ef_percent=next((numbers[key] for key in _EF if key in numbers), None),
            edv_ml=numbers.get("lvedv_bp"),
            esv_ml=numbers.get("lvesv_bp"),
            ed_frame=int(ed_frames[0]) if ed_frames else None,
            es_frame=int(es_frames[0]) if es_frames else None,
            landmarks=landmarks,
            values=values,
            view=_view(entry),
            masks=partial(_masks, outlines, clip.rows, clip.columns),
            structures=tuple(dict.fromkeys(structure for structure, _, _ in outlines)),
            quality=None if entry.get("quality") is None else int(entry["quality"]),
        )
        named = [*(frame for _, frame, _ in outlines), *(mark.frame_index for mark in landmarks)]
        named += [*(one for one in (truth.ed_frame, truth.es_frame) if one is not None)]
        if beyond := [frame for frame in named if not 0 <= frame < clip.number_of_frames]:
            raise ValueError(f"frame {beyond[0]} of {clip.number_of_frames}, counted from 0")
    except (LookupError, TypeError, ValueError) as error:
        raise DatasetError(f"{path}: truth.json says of clip {clip.sop_instance_uid} what cannot be read: {error}") from error
    return Item(clip.sop_instance_uid, str(entry.get("study", clip.sop_instance_uid)), "", entry.get(LOAD, lambda: clip), truth)


def _landmark(stated: Mapping[str, Any]) -> TrueLandmark:
    x, y = stated["point_px"]
    return TrueLandmark(str(stated["name"]), int(stated["frame_index"]), (float(x), float(y)))


def _view(entry: Mapping[str, Any]) -> View | None:
    name = str(entry.get("view", ""))
    return View(name) if name in set(View) else image_of(str(entry.get("echoview47", "")))


class _FrameMasks(Mapping[int, Mask]):
    """Each is filled when it is asked for: a phantom's clip is outlined on every frame."""

    def __init__(self, rows: int, columns: int) -> None:
        self._rows, self._columns = rows, columns
        self.outlines: dict[int, Any] = {}

    def __getitem__(self, frame_index: int) -> Mask:
        vertices = np.rint(np.asarray(self.outlines[frame_index], dtype=np.float64)).astype(np.int64)
        return filled_polygon(vertices, self._rows, self._columns)

    def __iter__(self) -> Iterator[int]:
        return iter(self.outlines)

    def __len__(self) -> int:
        return len(self.outlines)


def _masks(outlines: list[tuple[str, int, Any]], rows: int, columns: int) -> Masks:
    masks: dict[str, _FrameMasks] = {}
    for structure, frame_index, points in outlines:
        masks.setdefault(structure, _FrameMasks(rows, columns)).outlines[frame_index] = points
    return masks
