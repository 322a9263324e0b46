"""How fast blood and tissue move at each moment of a beat: the true outer edge of every spectrum, and what is read of it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.catalogue import View
from models.phantom.counterpart.population import Heart

Curve = NDArray[np.float64]  # (times,), cm/s


@dataclass(frozen=True)
class Beat:
    """The curve of one beat: velocity in cm/s at ms after its R wave, towards the transducer positive.

    `velocity` takes float64 (times,) in ms and the length of the beat in ms, and answers (times,) in cm/s. `marks` are its
    peaks: key, ms after the R wave, velocity. `values` are in the catalogue's units.
    """

    velocity: Callable[[Curve, float], Curve]
    marks: tuple[tuple[str, float, float], ...]
    values: dict[str, float]


def beat_of(heart: Heart, view: View) -> Beat:
    """What flows or moves where `view` is taken. The same heart flows alike whatever else is asked."""
    rng = np.random.default_rng([heart.seed, 9001, list(View).index(view)])
    return _SHAPES[view](heart, rng)


def _pulse(
    heart: Heart, peak: float, early: float, power: float, start: float = 50.0, end: float = 0.0
) -> Callable[[Curve, float], Curve]:
    stop = end or heart.rhythm.systole_ms

    def velocity(since: Curve, _: float) -> Curve:
        share = np.clip((since - start) / (stop - start), 0, 1)
        return np.asarray(peak * np.sin(np.pi * share**early) ** power)

    return velocity


def _integral(velocity: Callable[[Curve, float], Curve], until_ms: float) -> float:
    at = np.linspace(0, until_ms, 2000)
    return float(np.abs(velocity(at, until_ms)).sum() * (at[1] - at[0]) / 1000)


def _ejection(heart: Heart, vti: float, early: float, power: float, keys: tuple[str, str], forward: float = -1.0) -> Beat:
    rr = float(np.mean(heart.rhythm.rr_ms))
    unit = _integral(_pulse(heart, 1.0, early, power), rr)
    peak = float(vti / unit)
    shape = _pulse(heart, forward * peak, early, power)
    at = 50 + (heart.rhythm.systole_ms - 50) * 0.5 ** (1 / early)
    return Beat(shape, ((keys[0], at, forward * peak),), {keys[0]: peak / 100, keys[1]: vti})


def lvot_vti_cm(heart: Heart) -> float:
    """What the stroke volume makes of the outflow tract's area: its velocity time integral in cm."""
    return float(np.clip(heart.edv_ml * heart.ef / (np.pi * (heart.lvot_mm / 20) ** 2), 5, 42))


def _lvot(heart: Heart, rng: np.random.Generator) -> Beat:
    return _ejection(
        heart, lvot_vti_cm(heart), float(rng.uniform(0.68, 0.82)), float(rng.uniform(1.0, 1.3)), ("lvot_vmax", "lvot_vti")
    )


def _aortic(heart: Heart, rng: np.random.Generator) -> Beat:
    narrow = rng.uniform(1.05, 1.5) if rng.random() < 0.7 else rng.uniform(1.5, 4.6)
    early = 0.74 if narrow < 1.6 else 0.9  # a narrow valve delays the peak
    beat = _ejection(heart, min(lvot_vti_cm(heart) * narrow, 150), early, 1.05, ("av_vmax", "av_vti"))
    beat.values["av_pg"] = 4 * beat.values["av_vmax"] ** 2
    return beat


def _pulmonary(heart: Heart, rng: np.random.Generator, keys: tuple[str, str], more: float) -> Beat:
    vti = float(np.clip(heart.edv_ml * heart.ef / (np.pi * (heart.pa_mm / 20) ** 2), 6, 30)) * more
    return _ejection(heart, vti, float(rng.uniform(0.62, 0.85)), float(rng.uniform(1.0, 1.35)), keys)


def _descending(heart: Heart, rng: np.random.Generator) -> Beat:
    peak = float(rng.uniform(60, 150))
    return Beat(_pulse(heart, -peak, 0.66, 1.2, 60.0), (), {})


def _regurgitant(heart: Heart, peak: float, key: str, power: float) -> Beat:
    shape = _pulse(heart, -peak, 0.95, power, 15.0, heart.rhythm.systole_ms + 45)
    at = 15 + (heart.rhythm.systole_ms + 30) * 0.5 ** (1 / 0.95)
    return Beat(shape, ((key, at, -peak),), {key: peak / 100})


def _tricuspid_jet(heart: Heart, rng: np.random.Generator) -> Beat:
    base = 330 if heart.disease == "right heart dilation" else 240
    beat = _regurgitant(heart, float(np.clip(rng.normal(base, 42), 150, 480)), "tr_vmax", 0.62)
    beat.values["tr_pg"] = 4 * beat.values["tr_vmax"] ** 2
    return beat


def _mitral_jet(heart: Heart, rng: np.random.Generator) -> Beat:
    return _regurgitant(heart, float(rng.uniform(400, 600)), "mr_vmax", 0.5)


def _inflow(heart: Heart, rng: np.random.Generator, more: float = 1.0) -> Beat:
    """A steep rise to E, a straight fall that would meet zero after DT, and the atrium's half wave."""
    rhythm = heart.rhythm
    rr = float(np.mean(rhythm.rr_ms))
    early = float(np.clip(rng.normal(40 + 60 * rhythm.early, 16), 32, 145)) * more
    late = (
        float(np.clip(early / (0.4 + 2.4 * (rhythm.early - 0.45)) * rng.uniform(0.85, 1.15), 22, 125 * more))
        if rhythm.kick
        else 0.0
    )
    fall = float(np.clip(rng.normal(195, 38), 110, 320))
    opens = rhythm.systole_ms + 62
    top = opens + float(rng.uniform(60, 90))
    width = min(135.0, 0.4 * (rr - top))

    def velocity(since: Curve, beat_ms: float) -> Curve:
        rise = np.where(since < top, np.sin(np.pi / 2 * np.clip((since - opens) / (top - opens), 0, 1)) ** 1.3, 0)
        down = np.where(since >= top, np.clip(1 - (since - top) / fall, 0, 1), 0)
        kick = np.sin(np.pi * np.clip((since - beat_ms + width + 8) / width, 0, 1))
        return np.asarray(np.maximum(early * (rise + down), late * kick))

    atrial = rr - 8 - width / 2
    marks: list[tuple[str, float, float]] = [("mv_e", top, early)]
    values = {"mv_e": early / 100, "mv_dt": fall}
    # Where the waves run together the second is higher than it was made, and no longer read.
    if rhythm.kick and atrial - width / 2 > top + 0.55 * fall and late > 1.15 * early * max(0.0, 1 - (atrial - top) / fall):
        marks.append(("mv_a", atrial, late))
        values |= {"mv_a": late / 100, "mv_ea": early / late}
    return Beat(velocity, tuple(marks) if more == 1.0 else (), values if more == 1.0 else {})


def _annulus(heart: Heart, rng: np.random.Generator, mean: tuple[float, float, float], keys: tuple[str, str, str]) -> Beat:
    """Tissue: towards the probe while the heart contracts, away from it in early and in late filling."""
    rhythm = heart.rhythm
    rr = float(np.mean(rhythm.rr_ms))
    vigour = float(np.clip(heart.ef / 0.62, 0.35, 1.15))
    systole, early, late = (float(max(2.2, m * vigour * rng.uniform(0.75, 1.2))) for m in mean)
    late = late if rhythm.kick else 0.0
    opens, rest = rhythm.systole_ms + 45, rr - rhythm.systole_ms - 45
    long = min(140.0, 0.42 * rest)
    width = min(110.0, 0.35 * rest)

    def velocity(since: Curve, beat_ms: float) -> Curve:
        first = systole * np.sin(np.pi * np.clip((since - 55) / (rhythm.systole_ms - 55), 0, 1) ** 0.6)
        second = early * np.sin(np.pi * np.clip((since - opens) / long, 0, 1) ** 0.85)
        third = late * np.sin(np.pi * np.clip((since - beat_ms + width + 12) / width, 0, 1))
        return np.asarray(first - second - third)

    at = 55 + (rhythm.systole_ms - 55) * 0.5 ** (1 / 0.6), opens + long * 0.5 ** (1 / 0.85), rr - 12 - width / 2
    marks = [(key, when, value) for key, when, value in zip(keys, at, (systole, -early, -late), strict=True) if key and value]
    values = {key: abs(value) for key, _, value in marks}
    return Beat(velocity, tuple(marks), values)


_SHAPES: dict[View, Callable[[Heart, np.random.Generator], Beat]] = {
    View.DOPPLER_AV_CW: _aortic,
    View.DOPPLER_AV_PW: _lvot,
    View.DOPPLER_PV_PW: lambda heart, rng: _pulmonary(heart, rng, ("", "rvot_vti"), 1.0),
    View.DOPPLER_PV_CW: lambda heart, rng: _pulmonary(heart, rng, ("pv_vmax", "pv_vti"), 1.2),
    View.DOPPLER_AO_DESCENDING: _descending,
    View.DOPPLER_TV_CW: _tricuspid_jet,
    View.DOPPLER_MV_CW: _mitral_jet,
    View.DOPPLER_MV_PW: _inflow,
    View.DOPPLER_TV_PW: lambda heart, rng: _inflow(heart, rng, 0.6),
    View.DOPPLER_TISSUE_SEPTAL: lambda heart, rng: _annulus(heart, rng, (8.0, 9.0, 8.5), ("s_septal", "e_septal", "a_septal")),
    View.DOPPLER_TISSUE_LATERAL: lambda heart, rng: _annulus(
        heart, rng, (9.5, 12.0, 9.0), ("s_lateral", "e_lateral", "a_lateral")
    ),
    View.DOPPLER_TISSUE_RV: lambda heart, rng: _annulus(heart, rng, (13.0, 12.0, 13.0), ("tv_s", "", "")),
}
SPECTRA = tuple(_SHAPES)
