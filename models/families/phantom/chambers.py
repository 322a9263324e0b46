"""What is measured of the chambers: atria at end-systole, the right ventricle at both ends of the beat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.catalogue import Phase
from models.clip import Clip
from models.derive.ventricle.volumes import area_cm2, single_plane_volume_ml, to_cm
from models.families.phantom.line_curves import NEAR_MS
from models.families.phantom.outlines import ABSENT, ChamberOutline
from models.inputs.clip_input import Points, pairs
from models.results import Beat, Caliper, CaliperKind, FrameReference, Point, ReadValue, Reason, of_frames

# What is read of each structure, under the reader's own keys: nothing here knows the view, which some of ours name.
KEYS_OF: Mapping[str, tuple[str, ...]] = {"la": ("la_area", "la_vol_mod"), "ra": ("ra_area", "ra_vol"), "rv": ("rv_fac",)}
NAMES = {"la": "the left atrium", "ra": "the right atrium", "rv": "the right ventricle"}

# An atrium is largest before its valve opens, which follows end-systole after isovolumic relaxation: 50 to 100 ms in adults
# (Lang et al., J Am Soc Echocardiogr 2015;28:1-39, measure the left one there).
_BEFORE_MS, _AFTER_MS = 60.0, 110.0
_SLIPPED = 0.1  # share of the area around it: our choice
_NEIGHBOURS = 1  # frames on either side of an end of the beat

Outlines = Mapping[int, ChamberOutline]  # by frame index
_OfBeat = tuple[float, tuple[FrameReference, ...]]


@dataclass(frozen=True, eq=False)
class _Beats:
    """A value of each beat, with the frames it came from."""

    by_beat: tuple[float, ...]
    sources: tuple[FrameReference, ...]


def frames_needed(clip: Clip, beats: Sequence[Beat]) -> list[int]:
    """All that the values of these beats are sought on."""
    frames = [frame for beat in beats for frame in (*_near(beat.ed_frame_index, clip), *_at_end_systole(beat, clip))]
    return sorted({*frames, *(frame for beat in beats for frame in _near(beat.es_frame_index, clip))})


def chamber_values(
    structure: str, outlines: Outlines, clip: Clip, beats: Sequence[Beat], absent: tuple[Reason, str] | None
) -> tuple[ReadValue, ...]:
    """Every value of the structure, or why there is none: `absent`, or what is wrong with its outlines."""
    values = []
    for key in KEYS_OF[structure]:
        unit = "%" if key == "rv_fac" else "mL" if "vol" in key else "cm2"
        region = clip.b_mode_region().region
        found = None if absent or region is None else _found(key, outlines, clip, beats, region.cm_per_px)
        if found is None:
            reason, words = absent or _why_none(structure, outlines)
            values.append(ReadValue(key, unit, None, reasons=(reason,), detail=words))
        else:
            values.append(_value(key, unit, found, outlines))
    return tuple(values)


def _found(key: str, outlines: Outlines, clip: Clip, beats: Sequence[Beat], cm_per_px: Point) -> _Beats | None:
    """Of the beats that have it."""
    of_beat = _fractional_change if key == "rv_fac" else _volume if "vol" in key else _largest_area
    measured = [found for beat in beats if (found := of_beat(outlines, clip, beat, cm_per_px))]
    if not measured:
        return None
    return _Beats(tuple(value for value, _ in measured), tuple(source for _, sources in measured for source in sources))


def _fractional_change(outlines: Outlines, clip: Clip, beat: Beat, cm_per_px: Point) -> _OfBeat | None:
    full, empty = (_at(end, outlines, clip, cm_per_px) for end in (beat.ed_frame_index, beat.es_frame_index))
    if full is None or empty is None:
        return None
    largest, smallest = (_area(outlines, frame, cm_per_px) for frame in (full, empty))
    phases = ((full, Phase.END_DIASTOLE), (empty, Phase.END_SYSTOLE))
    return 100 * (largest - smallest) / largest, tuple(FrameReference("", frame + 1, phase) for frame, phase in phases)


def _largest_area(outlines: Outlines, clip: Clip, beat: Beat, cm_per_px: Point) -> _OfBeat | None:
    frame = _fullest(outlines, _at_end_systole(beat, clip), cm_per_px)
    return None if frame is None else (_area(outlines, frame, cm_per_px), of_frames(frame))


def _volume(outlines: Outlines, clip: Clip, beat: Beat, cm_per_px: Point) -> _OfBeat | None:
    frame = _fullest(outlines, _at_end_systole(beat, clip), cm_per_px)
    return None if frame is None else (single_plane_volume_ml(_in_cm(outlines, frame, cm_per_px)), of_frames(frame))


def _value(key: str, unit: str, found: _Beats, outlines: Outlines) -> ReadValue:
    frames = [source.frame_number - 1 for source in found.sources]
    calipers = tuple(
        Caliper(CaliperKind.OUTLINE, "", frame + 1, pairs(points))
        for frame in frames
        if (points := outlines[frame].points_px) is not None
    )
    beats, mean = len(found.by_beat), float(np.mean(found.by_beat))
    sd = float(np.std(found.by_beat, ddof=1)) if beats > 1 else None
    return ReadValue(key, unit, mean, found.sources, beats=beats, sd=sd, calipers=calipers)


def _why_none(structure: str, outlines: Outlines) -> tuple[Reason, str]:
    """What most frames say."""
    words = [outline.why_not for outline in outlines.values() if outline.why_not] or [ABSENT]
    return Reason.QUALITY, f"{NAMES[structure]} {max(dict.fromkeys(words), key=words.count)}"


def _near(frame: int, clip: Clip) -> list[int]:
    """The frame and its neighbours, as far as the heart has hardly moved in between."""
    around = [near for near in range(frame - _NEIGHBOURS, frame + _NEIGHBOURS + 1) if 0 <= near < clip.number_of_frames]
    times = clip.frame_times_ms
    return [near for near in around if times is not None and abs(times[near] - times[frame]) <= NEAR_MS] or [frame]


def _at_end_systole(beat: Beat, clip: Clip) -> list[int]:
    """The frames on which an atrium may be largest."""
    if clip.frame_times_ms is None:
        return _near(beat.es_frame_index, clip)
    late_ms = clip.frame_times_ms - clip.frame_times_ms[beat.es_frame_index]
    frames: list[int] = np.flatnonzero((late_ms >= -_BEFORE_MS) & (late_ms <= _AFTER_MS)).tolist()
    return frames


def _fullest(outlines: Outlines, frames: Sequence[int], cm_per_px: Point) -> int | None:
    """The frame of the second largest area, since one outline may have slipped; of a single one its own."""
    ordered = _ordered(outlines, frames, cm_per_px)
    return ordered[-2:][0] if ordered else None


def _at(end: int, outlines: Outlines, clip: Clip, cm_per_px: Point) -> int | None:
    """The frame of this end of the beat, or where its outline slipped that of the middle area around it."""
    ordered = _ordered(outlines, _near(end, clip), cm_per_px)
    if not ordered:
        return None
    middle = ordered[len(ordered) // 2]
    usual = _area(outlines, middle, cm_per_px)
    return end if end in ordered and abs(_area(outlines, end, cm_per_px) - usual) <= _SLIPPED * usual else middle


def _ordered(outlines: Outlines, frames: Sequence[int], cm_per_px: Point) -> list[int]:
    """Those with an outline, the smallest first; none where most of them have no whole one."""
    whole = [frame for frame in frames if frame in outlines and outlines[frame].points_px is not None]
    if 2 * len(whole) <= len(frames):
        return []
    return sorted(whole, key=lambda frame: _area(outlines, frame, cm_per_px))


def _area(outlines: Outlines, frame: int, cm_per_px: Point) -> float:
    return area_cm2(_in_cm(outlines, frame, cm_per_px))


def _in_cm(outlines: Outlines, frame: int, cm_per_px: Point) -> Points:
    """Of a frame that has an outline."""
    points = outlines[frame].points_px
    return to_cm(() if points is None else pairs(points), cm_per_px)
