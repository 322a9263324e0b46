"""The left ventricle of a clip as Echo-Motion reads it: its outline on all frames and its ejection fraction.

Published: end-diastole and end-systole are the largest and the smallest area of all frames, and areas stand for volumes. A
ventricle shortens in three directions and an area knows two, so this "ejection fraction" is too small: a sphere of EF 60 % has
an area change of 46 %. One frame on which the ventricle is not found makes it 100 %. Its key is its own, `ef_area_a4c`.

Corrected: beats from the area curve, volumes by the method of discs from the outlines.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import nn

from models.clip import Clip
from models.derive.beats.cardiac_cycle import find_beats
from models.derive.limits import refusals
from models.derive.ventricle.long_axis import long_axis, turned
from models.derive.ventricle.outline import cavity_outline
from models.derive.ventricle.sector import probe_position
from models.derive.ventricle.volumes import Outline, area_cm2, length_cm, single_plane_volume_ml, to_cm
from models.families.echo_motion.inputs import AT_ONCE, SmoothedFrames
from models.inputs.clip_input import pairs
from models.library.manifest import Manifest
from models.library.reading import Decoding, Mark, Reading, calibration_reason
from models.networks.frame_answers import frame_answers
from models.results import Beat, CaliperKind, Point, ReadValue, Reason, in_order, of_frames

AREA_EF_KEY = "ef_area_a4c"
EF_KEY, EDV_KEY, ESV_KEY = "ef_a4c", "lvedv_a4c", "lvesv_a4c"
RATIO_KEY = "ef_a4c_uncalibrated"
COLUMNS = ("filename", "frame_number", "time_ms", "area_px", "area_cm2", "phase")
_UNITS = {EF_KEY: "%", EDV_KEY: "mL", ESV_KEY: "mL"}


@dataclass(frozen=True)
class _Ventricle:
    """Per frame: pixels of the mask in the network's square, and the outline in px of the whole image (None: not found)."""

    mask_px: list[int]
    outlines_px: list[tuple[Point, ...] | None]


def read_ventricle(network: nn.Module, manifest: Manifest, clip: Clip, decoding: Decoding) -> Reading:
    found = _segment(network, manifest, clip)
    region = clip.b_mode_region().region
    cm_per_px = region.cm_per_px if region else None
    outlines = [None if points is None else to_cm(points, cm_per_px or (1.0, 1.0)) for points in found.outlines_px]
    areas = [None if outline is None else area_cm2(outline) for outline in outlines]
    beats = _beats(areas, clip)
    if decoding is Decoding.PUBLISHED:
        values: tuple[ReadValue, ...] = (_area_ef(found.mask_px),)
        note = "areas stand for volumes; largest and smallest of all frames"
    else:
        values = _disc_values(outlines, beats, clip)
        note = f"method of discs, mean of {len(beats)} beats"
    return Reading(
        values,
        columns=COLUMNS,
        rows=tuple(_rows(found.mask_px, areas if cm_per_px else [None] * len(areas), beats, clip)),
        marks=tuple(
            Mark(index, CaliperKind.OUTLINE, points, "lv")
            for index, points in enumerate(found.outlines_px)
            if points is not None
        ),
        notes=(note,),
    )


def _segment(network: nn.Module, manifest: Manifest, clip: Clip) -> _Ventricle:
    seen = SmoothedFrames(clip, manifest)
    level = manifest.threshold("contour_level")
    probe = seen.box.to_square(probe_position(clip)[None])[0]
    mask_px: list[int] = []
    outlines: list[tuple[Point, ...] | None] = []
    for logits in frame_answers(network, seen, range(clip.number_of_frames), AT_ONCE):
        probability = logits[0].sigmoid().numpy()
        mask_px.append(int((probability > level).sum()))
        line = cavity_outline(probability, level, probe=probe)
        outlines.append(None if line is None else pairs(seen.to_image(line)))
    for index in turned({index: long_axis(points, (1.0, 1.0)) for index, points in enumerate(outlines) if points is not None}):
        outlines[index] = None
    return _Ventricle(mask_px, outlines)


def _beats(areas: Sequence[float | None], clip: Clip) -> tuple[Beat, ...]:
    if clip.frame_times_ms is None:
        return ()
    return find_beats(areas, clip.frame_times_ms.tolist(), clip.r_wave_times_ms, clip.heart_rate_bpm)


def _area_ef(mask_px: Sequence[int]) -> ReadValue:
    largest, smallest = max(mask_px), min(mask_px)
    if largest == 0:
        return ReadValue(AREA_EF_KEY, "%", None, reasons=(Reason.QUALITY,), detail="no frame shows a ventricle")
    detail = f"areas {largest} and {smallest} px"
    return ReadValue(AREA_EF_KEY, "%", 100 * (largest - smallest) / largest, of_frames(mask_px.index(largest)), detail=detail)


def _disc_values(outlines: Sequence[Outline | None], beats: tuple[Beat, ...], clip: Clip) -> tuple[ReadValue, ...]:
    choice = clip.b_mode_region()
    absent = [(Reason(value), "the header forbids measuring") for value in clip.known_exclusions]
    if choice.problem:
        absent.append((calibration_reason(choice.problem), choice.problem.value))
    if not any(outline is not None for outline in outlines):
        absent.append((Reason.QUALITY, "no frame shows a ventricle"))
    elif not beats:
        absent.append((Reason.NO_CARDIAC_CYCLE, "no whole beat is known"))
    values = _volumes(outlines, beats) if beats else {}
    if not absent:
        return _within_limits(values, outlines, beats)
    reasons, words = in_order([reason for reason, _ in absent]), "; ".join(words for _, words in absent)
    missing = tuple(ReadValue(key, unit, None, reasons=reasons, detail=words) for key, unit in _UNITS.items())
    ratio_only = len(absent) == 1 and choice.problem is not None
    if not ratio_only or refusals({EF_KEY: values[EF_KEY]}):
        return missing
    detail = "uncalibrated: of pixels taken for square"
    return (ReadValue(RATIO_KEY, "%", values[EF_KEY], of_frames(beats[0].ed_frame_index), detail=detail), *missing)


def _volumes(outlines: Sequence[Outline | None], beats: tuple[Beat, ...]) -> dict[str, float]:
    """Means over the beats, of EF those of the beats' own; a beat's frames always have an outline."""
    edv, esv = (
        np.array([single_plane_volume_ml(outline) for frame in frames if (outline := outlines[frame]) is not None])
        for frames in ([beat.ed_frame_index for beat in beats], [beat.es_frame_index for beat in beats])
    )
    ef = 100 * (edv - esv) / edv
    return {EF_KEY: float(ef.mean()), EDV_KEY: float(edv.mean()), ESV_KEY: float(esv.mean())}


def _within_limits(
    values: dict[str, float], outlines: Sequence[Outline | None], beats: tuple[Beat, ...]
) -> tuple[ReadValue, ...]:
    lengths = [length_cm(outline) for beat in beats if (outline := outlines[beat.ed_frame_index]) is not None]
    refused = refusals(values, float(np.mean(lengths)))
    detail = f"mean of {len(beats)} beats" if len(beats) > 1 else ""
    frame = {EF_KEY: beats[0].ed_frame_index, EDV_KEY: beats[0].ed_frame_index, ESV_KEY: beats[0].es_frame_index}
    return tuple(
        ReadValue(key, unit, None, of_frames(frame[key]), reasons=(Reason.OUTSIDE_LIMITS,), detail=refused[key])
        if key in refused
        else ReadValue(key, unit, values[key], of_frames(frame[key]), detail=detail)
        for key, unit in _UNITS.items()
    )


def _rows(
    mask_px: Sequence[int], areas_cm2: Sequence[float | None], beats: tuple[Beat, ...], clip: Clip
) -> list[dict[str, str | int | float | None]]:
    phases = {beat.ed_frame_index: "ed" for beat in beats} | {beat.es_frame_index: "es" for beat in beats}
    times = [None] * len(mask_px) if clip.frame_times_ms is None else clip.frame_times_ms.tolist()
    return [
        dict(zip(COLUMNS, (None, frame, time, px, cm2, phases.get(frame)), strict=True))
        for frame, (time, px, cm2) in enumerate(zip(times, mask_px, areas_cm2, strict=True))
    ]
