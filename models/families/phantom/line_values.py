"""The values of lines: which frames count for which quantity, and the mean of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.catalogue import LINE_OF, READ, Phase
from models.clip import Clip
from models.derive.calipers.diameter_curve import Motion, PhaseFrames, phase_frames
from models.families.phantom.line_curves import KEYS_OF, LineCurve, frames_around
from models.networks.linear_values import mean_at, systolic_function, widest
from models.results import Beat, ReadValue, Reason

_CAVITY = "lvid"  # the line whose own length tells the phases
_WIDEST = ("ivc_diam",)  # at end-expiration, wherever in the beat that is (Rudski et al., JASE 2010;23:685-713)


@dataclass(frozen=True)
class LinePhases:
    """0-based frames: of each beat one, `middle` being half-way from end-diastole to end-systole; `found` says by what."""

    found: PhaseFrames
    middle: tuple[int, ...]


def phases_of_beats(beats: Sequence[Beat], clip: Clip) -> LinePhases:
    """Those of beats that are known of the clip."""
    ed, es = tuple(beat.ed_frame_index for beat in beats), tuple(beat.es_frame_index for beat in beats)
    return LinePhases(PhaseFrames(ed, es, "phases of the outlined ventricle"), _middle(ed, es, clip))


def phases_of_lines(clip: Clip, lines: Mapping[str, LineCurve]) -> LinePhases:
    """By the ventricle's own diameter, or where that shows no beat end-diastole by R waves."""
    times, told = clip.frame_times_ms, (clip.r_wave_times_ms, clip.heart_rate_bpm)
    if (cavity := lines.get(_CAVITY)) is not None:
        found = phase_frames(cavity.curve, times, *told, Motion.CAVITY, clip.why_no_times)
        if found.ed:
            return LinePhases(found, _middle(found.ed, found.es, clip))
    any_curve = np.ones(clip.number_of_frames)
    return LinePhases(phase_frames(any_curve, times, *told, Motion.NONE, clip.why_no_times), ())


def frames_of(phases: LinePhases, number_of_frames: int) -> list[int]:
    """Every frame that a value needs, where the phases are known before the lines."""
    return frames_around((*phases.found.ed, *phases.middle, *phases.found.es), number_of_frames)


def _middle(ed: Sequence[int], es: Sequence[int], clip: Clip) -> tuple[int, ...]:
    times = clip.frame_times_ms
    if times is None:
        return ()
    middles = [(times[first] + times[last]) / 2 for first, last in zip(ed, es, strict=True)]
    return tuple(int(np.abs(times - moment).argmin()) for moment in middles)


def line_values(lines: Mapping[str, LineCurve], phases: LinePhases, keys: Sequence[str]) -> tuple[ReadValue, ...]:
    """Of each of these quantities its value, or why there is none."""
    values: list[ReadValue] = []
    for key in keys:
        if (line := lines.get(LINE_OF[key])) is not None:
            values += _value(key, line, phases)
    if _CAVITY in lines and set(KEYS_OF[_CAVITY]) <= set(keys):
        values += systolic_function(lines[_CAVITY].diameters, _known(lines[_CAVITY], phases.found))
    return tuple(values)


def _value(key: str, line: LineCurve, phases: LinePhases) -> list[ReadValue]:
    if key in _WIDEST:
        diameters, frames = widest(line.diameters)
        return mean_at(key, diameters, frames, "")
    phase = READ[key].phase
    if phase is None:
        wanted, why = phases.middle, phases.found.why_none
    else:
        wanted = phases.found.ed if phase is Phase.END_DIASTOLE else phases.found.es
        why = phases.found.why_none or f"no frame at end-{'diastole' if phase is Phase.END_DIASTOLE else 'systole'} is known"
    if not wanted and phase is None:
        return _over_clip(key, line)
    frames = _with_line(line, wanted)
    if wanted and not frames:
        words = "on the frames that count an end of the line has no one sure place"
        return [ReadValue(key, "cm", None, reasons=(Reason.QUALITY,), detail=words)]
    return mean_at(key, line.diameters, frames, why)


def _over_clip(key: str, line: LineCurve) -> list[ReadValue]:
    """The median over the clip, shown on the frame that has it, where nobody knows the phases."""
    known = np.flatnonzero(np.isfinite(line.curve))
    ordered = known[np.argsort(line.curve[known], kind="stable")].tolist()
    return mean_at(key, line.diameters, ordered[(len(ordered) - 1) // 2 :][:1], "")


def _known(line: LineCurve, phases: PhaseFrames) -> PhaseFrames:
    """The phases on whose frames the line is there, in pairs of one beat."""
    finite = np.isfinite(line.curve)
    pairs = [(ed, es) for ed, es in zip(phases.ed, phases.es, strict=False) if finite[ed] and finite[es]]
    return PhaseFrames(tuple(ed for ed, _ in pairs), tuple(es for _, es in pairs), phases.rule, phases.why_none)


def _with_line(line: LineCurve, frames: Sequence[int]) -> tuple[int, ...]:
    return tuple(frame for frame in frames if np.isfinite(line.curve[frame]))
