"""One clip in, its findings out: what a worker process runs. No database, no network."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from models.analysis import Predictor, open_model_set
from models.analysis.groups import read_group as read_clips
from models.clip import Clip
from models.derive.study.groups import ClipGroup
from models.errors import InputError, SetupError, WeightsError
from models.explain.findings_maps import heat_maps
from models.library.model_set import ModelSet, Role
from models.results import ClipFindings, QualityFlag, QualityIssue, Reason
from node.errors import UnreadableClip
from node.objects.clip_reader import open_clip
from node.work.failures import clip_without_numbers, group_without_values

log = logging.getLogger(__name__)

T = TypeVar("T")
_EXPLAINED = (Role.VIEW, Role.QUALITY, Role.LV_SEGMENTATION)

# The same at every attempt, so the study goes on without this clip. Of memory and devices (RuntimeError, OSError,
# BackendError) a later attempt may be better off.
_FAULTS_OF_ONE_CLIP = (
    SetupError, WeightsError, InputError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError,
)  # fmt: skip


@lru_cache(maxsize=2)
def predictor_for(models: ModelSet) -> Predictor:
    """The networks of a model set, loaded once a process."""
    return open_model_set(models)


def warm_up(models: ModelSet, threads: int) -> None:
    """Run at the start of a worker process: networks in memory, thread count set, before the first clip comes."""
    if threads:
        import torch

        torch.set_num_threads(threads)
    predictor_for(models)


def analyse_clip(sop_instance_uid: str, path: Path, models: ModelSet) -> ClipFindings:
    """Look, decode what is asked for, measure. An undecodable clip is a finding (`Reason.UNDECODABLE`), not an error.

    Raises what `predictor_for` raises for networks that are not there.
    """
    started = time.perf_counter()
    clip = _or_nothing(sop_instance_uid, lambda: open_clip(path))
    if isinstance(clip, ClipFindings):
        return clip
    opened = time.perf_counter()
    predictor = predictor_for(models)
    findings = _or_nothing(sop_instance_uid, lambda: predictor.analyse(clip))
    if models.heat_maps:
        findings = _explained(findings, clip, predictor)
    tolerated = tuple(QualityFlag(QualityIssue.TOLERATED, sop_instance_uid, note) for note in clip.notes)
    return replace(
        findings,
        flags=findings.flags + tolerated,
        timings_s={"open": opened - started, **findings.timings_s},
    )


def _explained(findings: ClipFindings, clip: Clip, predictor: Predictor) -> ClipFindings:
    """With what each network looked at on the frame of the first end-diastole, or in the middle of the clip.

    Only the networks that were asked about it; a map that fails is a note.
    """
    used = {use.name for use in findings.models}
    models = [one.model for role in _EXPLAINED for one in predictor.models.get(role, ()) if one.manifest.name in used]
    frame_index = findings.beats[0].ed_frame_index if findings.beats else findings.number_of_frames // 2
    try:
        maps, notes = heat_maps(clip, frame_index, models)
    except (UnreadableClip, *_FAULTS_OF_ONE_CLIP, RuntimeError) as error:
        maps, notes = (), (f"no heat map: {type(error).__name__}",)
    return replace(findings, heat_maps=maps, notes=findings.notes + notes)


def _or_nothing(sop_instance_uid: str, step: Callable[[], T]) -> T | ClipFindings:
    """What the step gives; findings without numbers where this clip stops it."""
    try:
        return step()
    except UnreadableClip as error:
        return clip_without_numbers(sop_instance_uid, Reason.UNDECODABLE, str(error))
    except _FAULTS_OF_ONE_CLIP as error:  # its words may quote the header
        log.error("a clip breaks the analysis: %s", type(error).__name__, exc_info=log.isEnabledFor(logging.DEBUG))
        told = f"the analysis broke off with {type(error).__name__}"
        return clip_without_numbers(sop_instance_uid, Reason.COMPUTATION_FAILED, told)


def read_group(group: ClipGroup, files: Sequence[Path], models: ModelSet) -> ClipFindings:
    """The findings of the group's first clip, with what the models of the set read off all its clips together."""
    started = time.perf_counter()
    try:
        clips = [open_clip(path) for path in files]
        readings = read_clips(group.views, clips, predictor_for(models).models[Role.MEASUREMENTS])
    except UnreadableClip as error:
        return group_without_values(group, models, Reason.UNDECODABLE, str(error))
    first = group.clips[0]
    return replace(
        first,
        values=first.values + readings.values,
        notes=first.notes + readings.notes,
        models=tuple(dict.fromkeys((*first.models, *readings.models))),
        timings_s={**first.timings_s, "group": time.perf_counter() - started},
    )
