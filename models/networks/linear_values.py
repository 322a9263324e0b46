"""The summary of a clip's calipers: the values at end-diastole and end-systole with their reasons, in cm or in pixels."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.derive.calipers.diameter_curve import PhaseFrames, running_median
from models.derive.calipers.linear import EF_LIMITS_PERCENT, LIMITS_CM, fractional_shortening_percent, teichholz_ef_percent
from models.derive.limits import Limits
from models.library.manifest import Manifest
from models.results import ReadValue, Reason, in_order, of_frames

Curve = NDArray[np.float64]

_LVIDD, _LVIDS = "lvidd_2d", "lvids_2d"
_EF_KEY, _FS_KEY = "ef_teichholz_2d", "fs_2d"


@dataclass(frozen=True, eq=False)
class Diameters:
    """One diameter a frame, in `px` and in `cm`, both (frames,); NaN where there is none.

    `cm` is None where the clip has no scale; then `uncalibrated` says why (code and words). `limited`: impossible values are
    refused. The authors' scripts print them.
    """

    px: Curve
    cm: Curve | None
    uncalibrated: tuple[Reason, str] | None = None
    limited: bool = True

    @property
    def in_best_unit(self) -> tuple[Curve, str]:
        """The curve (frames,) in cm where there is one, else in px; and its unit."""
        return (self.px, "px") if self.cm is None else (self.cm, "cm")


def short_name(manifest: Manifest) -> str:
    return manifest.aliases[0] if manifest.aliases else manifest.name.rsplit("/", 1)[-1]


def length_keys(manifest: Manifest) -> tuple[str, ...]:
    """Those under which the manifest promises the model's lengths, by phase."""
    return tuple(str(manifest.architecture[at]) for at in ("at_ed", "at_es", "largest") if at in manifest.architecture)


def limits_without_phase(manifest: Manifest) -> Mapping[str, Limits]:
    """What is possible for a diameter of no particular phase, under the model's own name: what is for one of the phases."""
    limits = [LIMITS_CM.get(key, (0.0, math.inf)) for key in length_keys(manifest)]
    return {short_name(manifest): (min(low for low, _ in limits), max(high for _, high in limits))}


def values_at(manifest: Manifest, diameters: Diameters, phases: PhaseFrames) -> tuple[ReadValue, ...]:
    """All values that the manifest's keys promise, each measured or with its reasons.

    Where no phase is known, the model's own name is a key too: the diameter of a single frame, the median of a clip.
    """
    keys = manifest.architecture
    wanted: list[tuple[str, Sequence[int]]] = []
    values: list[ReadValue] = []
    if "at_ed" in keys:
        wanted.append((str(keys["at_ed"]), phases.ed))
    if "at_es" in keys:
        wanted.append((str(keys["at_es"]), phases.es))
    if "largest" in keys:
        diameters, frames = widest(diameters)
        wanted.append((str(keys["largest"]), frames))
    for key, frames in wanted:
        values += mean_at(key, diameters, frames, phases.why_none)
    if all(key != _LVIDS for key, _ in wanted):
        return (*values, *(() if any(frames for _, frames in wanted) else _without_phase(manifest, diameters)))
    known = phases.ed and phases.es
    return (*values, *systolic_function(diameters, phases), *(() if known else _without_phase(manifest, diameters)))


def widest(diameters: Diameters) -> tuple[Diameters, Sequence[int]]:
    """The running median of the diameters, since one frame may have slipped, and the frame where it is largest."""
    px = running_median(diameters.px)
    smooth = replace(diameters, px=px, cm=None if diameters.cm is None else running_median(diameters.cm))
    curve, _ = smooth.in_best_unit
    return smooth, (int(np.nanargmax(curve)),) if np.isfinite(curve).any() else ()


def mean_at(key: str, diameters: Diameters, frames: Sequence[int], why_none: str) -> list[ReadValue]:
    """The mean over the beats; of an uncalibrated clip the pixels, and why there are no centimetres."""
    absent = _why_absent(diameters, frames, why_none)
    if not frames:
        return [ReadValue(key, "cm", None, reasons=in_order([reason for reason, _ in absent]), detail=_join(absent))]
    curve, unit = diameters.in_best_unit
    picked = curve[list(frames)]
    value = ReadValue(key, unit, float(picked.mean()), of_frames(frames[0]))
    if len(picked) > 1:
        sd = float(picked.std(ddof=1))
        detail = f"mean of {len(picked)} beats, SD {sd:.2g} {unit}"
        value = replace(value, detail=detail, beats=len(picked), sd=sd, sources=of_frames(*frames))
    if absent:
        missing = ReadValue(key, "cm", None, reasons=in_order([reason for reason, _ in absent]), detail=_join(absent))
        return [value, missing]
    return [_within(value, float(picked.mean()), (key,), diameters)]


def _within(measured: ReadValue, value: float, keys: Sequence[str], diameters: Diameters) -> ReadValue:
    """The length, refused where it is impossible for all of these keys."""
    limits = [LIMITS_CM.get(key, (0.0, math.inf)) for key in keys]
    low, high = min(low for low, _ in limits), max(high for _, high in limits)
    if not diameters.limited or measured.unit != "cm" or low <= value <= high:
        return measured
    words = f"{value:.2f} cm is outside {low:g} to {high:g} cm"
    return ReadValue(measured.key, "cm", None, measured.sources[:1], reasons=(Reason.OUTSIDE_LIMITS,), detail=words)


def _why_absent(diameters: Diameters, frames: Sequence[int], why_none: str) -> list[tuple[Reason, str]]:
    absent = [diameters.uncalibrated] if diameters.uncalibrated else []
    if not np.isfinite(diameters.px).any():
        absent.append((Reason.QUALITY, "no frame on which both end points have one peak"))
    elif not frames:
        absent.append((Reason.NO_CARDIAC_CYCLE, why_none or "no frame of this phase is known"))
    return absent


def _join(absent: list[tuple[Reason, str]]) -> str:
    return "; ".join(words for _, words in absent)


def _without_phase(manifest: Manifest, diameters: Diameters) -> list[ReadValue]:
    """The diameter of no particular phase, under the model's own name."""
    curve, unit = diameters.in_best_unit
    known = np.flatnonzero(np.isfinite(curve))
    if not known.size:
        return []
    value = float(np.median(curve[known]))
    detail = f"median of {known.size} of {len(curve)} frames, no phase"
    measured = ReadValue(short_name(manifest), unit, value, detail=detail)
    if len(curve) == 1:
        measured = replace(measured, sources=of_frames(0), detail="one frame, its phase is not known")
    return [_within(measured, value, length_keys(manifest), diameters)]


def systolic_function(diameters: Diameters, phases: PhaseFrames) -> list[ReadValue]:
    """Fractional shortening, which pixels give too, and Teichholz's EF, which needs centimetres."""
    absent = _why_absent(diameters, phases.ed and phases.es, phases.why_none)
    reasons, words = in_order([reason for reason, _ in absent]), _join(absent)
    if not (phases.ed and phases.es):
        return [ReadValue(key, "%", None, reasons=reasons, detail=words) for key in (_FS_KEY, _EF_KEY)]
    curve, _ = diameters.in_best_unit
    ed, es = float(curve[list(phases.ed)].mean()), float(curve[list(phases.es)].mean())
    shortening = fractional_shortening_percent(ed, es)
    ef = teichholz_ef_percent(ed, es)
    if shortening is None or ef is None:
        words = "the end-systolic diameter is the larger one"
        return [ReadValue(key, "%", None, reasons=(Reason.OUTSIDE_LIMITS,), detail=words) for key in (_FS_KEY, _EF_KEY)]
    if absent:
        ratio = ReadValue(_FS_KEY, "%", shortening, of_frames(phases.ed[0]), detail="uncalibrated: of pixels taken for square")
        return [ratio, ReadValue(_EF_KEY, "%", None, reasons=reasons, detail=words)]
    by_key = {_LVIDD: ed, _LVIDS: es}
    impossible = [key for key, cm in by_key.items() if not LIMITS_CM[key][0] <= cm <= LIMITS_CM[key][1]]
    if diameters.limited and impossible:
        words = f"from an impossible {impossible[0]}"
        return [
            ReadValue(key, "%", None, of_frames(phases.ed[0]), reasons=(Reason.OUTSIDE_LIMITS,), detail=words)
            for key in (_FS_KEY, _EF_KEY)
        ]
    fs_and_ef = (
        ReadValue(_FS_KEY, "%", shortening, of_frames(phases.ed[0])),
        _ef_value(ef, phases.ed[0], limited=diameters.limited),
    )
    return [_over_beats(value, phases) for value in fs_and_ef]


def _over_beats(value: ReadValue, phases: PhaseFrames) -> ReadValue:
    """A ratio of two means: it has their frames and beats, and no spread of its own."""
    beats = min(len(phases.ed), len(phases.es))
    if value.value is None or max(len(phases.ed), len(phases.es)) < 2:
        return value
    return replace(value, beats=beats, sources=of_frames(*phases.ed, *phases.es))


def _ef_value(ef_percent: float, frame: int, *, limited: bool) -> ReadValue:
    low, high = EF_LIMITS_PERCENT
    if limited and not low <= ef_percent <= high:
        words = f"{ef_percent:.1f} % is outside {low:g} to {high:g} %"
        return ReadValue(_EF_KEY, "%", None, of_frames(frame), reasons=(Reason.OUTSIDE_LIMITS,), detail=words)
    return ReadValue(_EF_KEY, "%", ef_percent, of_frames(frame), detail="Teichholz")
