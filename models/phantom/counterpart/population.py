"""Whose hearts these are: adults as two-dimensional echo measures them, in health and in disease.

Means and spreads of the healthy are those of Lang et al., J Am Soc Echocardiogr 2015;28:1-39 (tables 2, 4, 6, 8 and 14):
EDV 106 +- 22 mL in men and 76 +- 15 mL in women, EF 62 +- 5 and 64 +- 5 %, septum 6 to 10 and 6 to 9 mm, RV base 33 +- 4 mm,
RV length 71 +- 6 mm, TAPSE 24 +- 3.5 mm, aortic annulus 26 +- 3 and 23 +- 2 mm, sinus 34 +- 3 and 30 +- 3 mm, junction 29 +-
3 and 26 +- 3 mm, ascending aorta 30 +- 4 and 27 +- 4 mm. Systole lasts 546 - 2.1 * rate ms (Weissler et al., Circulation
1968;37:149-59). The shares and extents of disease are our choice, wider than any clinic's.
"""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from models.phantom.counterpart.rhythm import Rhythm


class Disease(StrEnum):
    """What may ail one of these hearts."""

    NONE = "none"
    HYPERTROPHY = "hypertrophy"
    DILATION = "dilation"
    INFARCT = "infarct"
    RIGHT = "right heart dilation"
    SMALL = "small and hyperdynamic"


_SHARES = {
    Disease.NONE: 0.4, Disease.HYPERTROPHY: 0.14, Disease.DILATION: 0.16,
    Disease.INFARCT: 0.14, Disease.RIGHT: 0.1, Disease.SMALL: 0.06,
}  # fmt: skip


@dataclass(frozen=True)
class Heart:
    """One heart: what is fixed of it over time. Lengths in mm, volumes in mL, angles in rad, `ef` is 0 to 1.

    `mapse_mm` is the descent of the mitral annulus at (septum, lateral wall). `lobes` are (amplitude, phase) of the second to
    fourth harmonic of the outline of the ventricle. `infarct` is (middle angle, half width, level from the base 0 to 1, what
    is left of the motion), `delays_ms` the activation of septum and lateral wall.
    """

    seed: int
    disease: Disease
    rhythm: Rhythm
    edv_ml: float
    ef: float
    slenderness: float
    shoulder: float
    base_pinch: float
    apex_power: float
    lobes: tuple[tuple[float, float], ...]
    bend_mm: tuple[float, float]
    septum_mm: float
    posterior_mm: float
    mapse_mm: tuple[float, float]
    twist_rad: float
    trabecula_mm: float
    papillaries: tuple[tuple[float, float, float], ...]
    delays_ms: tuple[float, float]
    infarct: tuple[float, float, float, float] | None
    rv_base_mm: float
    rv_length: float
    rv_emptying: float
    tapse_mm: float
    la_ml: tuple[float, float]
    ra_ml: tuple[float, float]
    lvot_mm: float
    root_mm: tuple[float, float, float, float]
    root_tilt_rad: float
    pa_mm: float
    ivc_mm: tuple[float, float]
    breath_ms: float
    bsa_m2: float
    chest_wall_mm: float
    flow: dict[str, float] = field(default_factory=dict)

    @property
    def esv_ml(self) -> float:
        return self.edv_ml * (1 - self.ef)


def sample_heart(seed: int) -> Heart:
    """A heart of this population. The same seed gives the same heart."""
    rng = np.random.default_rng([seed, 7703])
    disease = Disease(rng.choice(list(_SHARES), p=list(_SHARES.values())))
    man = bool(rng.random() < 0.5)
    edv, ef = _volume_and_ejection(disease, man, rng)
    rate = float(np.clip(rng.normal(70, 13) + (8 if ef < 0.4 else 0), 42, 118))
    fibrillates = bool(rng.random() < 0.07)
    spread = 0.14 if fibrillates else 0.015
    rr = tuple(float(60000 / rate * np.clip(1 + spread * rng.normal(), 0.7, 1.4)) for _ in range(7))
    shortest = min(rr)
    systole = float(min((546 - 2.1 * rate) * rng.uniform(0.9, 1.06), 0.62 * shortest))
    thick = {Disease.HYPERTROPHY: rng.uniform(12, 19), Disease.DILATION: rng.uniform(6.5, 10)}.get(
        disease, rng.normal(8.6, 1.1)
    )
    thick = float(np.clip(thick, 6, 20))
    mapse = float(np.clip(2.5 + 17 * ef + rng.normal(0, 1.6), 2.5, 17)) * float(np.clip((edv / 110) ** (1 / 6), 0.85, 1.1))
    size = (edv / 106) ** (1 / 3)
    right = disease is Disease.RIGHT
    la_max = float(np.clip(rng.lognormal(np.log(52 if disease is Disease.NONE else 72), 0.3), 22, 190))
    ra_max = float(np.clip(rng.lognormal(np.log(85 if right else 46), 0.28), 20, 190))
    root = _root(man, rng)
    return Heart(
        seed=seed,
        disease=disease,
        rhythm=Rhythm(rr, systole, float(rng.uniform(0.5, 0.84)), not fibrillates),
        edv_ml=edv,
        ef=ef,
        slenderness=float(rng.uniform(1.45, 2.0) - (0.2 if disease is Disease.DILATION else 0)),
        shoulder=float(rng.uniform(0.22, 0.4)),
        base_pinch=float(rng.uniform(0.07, 0.24)),
        apex_power=float(rng.uniform(0.88, 1.12)),
        lobes=tuple((float(abs(rng.normal(0, s))), float(rng.uniform(0, 2 * np.pi))) for s in (0.035, 0.018, 0.01)),
        bend_mm=(float(rng.normal(0, 2.2)), float(rng.normal(0, 1.6))),
        septum_mm=float(np.clip(thick + rng.normal(0.4, 0.7), 5.5, 22)),
        posterior_mm=float(np.clip(thick + rng.normal(-0.3, 0.7), 5.5, 19)),
        mapse_mm=(0.92 * mapse, 1.1 * mapse),
        twist_rad=float(np.radians(np.clip(rng.normal(11, 4), 1, 20)) * np.clip(ef / 0.6, 0.2, 1.1)),
        trabecula_mm=float(rng.uniform(1.2, 4.2) * size),
        papillaries=_papillaries(rng, size),
        delays_ms=(float(rng.uniform(0, 15)), float(rng.uniform(0, 60 if rng.random() < 0.2 else 18))),
        infarct=_infarct(rng) if disease is Disease.INFARCT else None,
        rv_base_mm=float(np.clip(rng.normal(44 if right else 33.5, 4.5), 23, 62)),
        rv_length=float(rng.uniform(0.84, 1.0)),
        rv_emptying=float(np.clip(rng.normal(0.3 if right else 0.46, 0.09), 0.12, 0.62)),
        tapse_mm=float(np.clip(rng.normal(16 if right else 22.5, 3.6), 6, 31)),
        la_ml=(la_max * float(rng.uniform(0.32, 0.6)) if not fibrillates else la_max * float(rng.uniform(0.65, 0.8)), la_max),
        ra_ml=(ra_max * float(rng.uniform(0.4, 0.65)), ra_max),
        lvot_mm=float(np.clip(rng.normal(21.5 if man else 19.5, 1.5), 16, 27)),
        root_mm=root,
        root_tilt_rad=float(np.radians(rng.uniform(8, 32))),
        pa_mm=float(np.clip(rng.normal(27 if right else 22, 2.6), 15, 36)),
        ivc_mm=_vein(right, rng),
        breath_ms=float(rng.uniform(2600, 5200)),
        bsa_m2=float(np.clip(rng.normal(1.98 if man else 1.73, 0.18), 1.3, 2.7)),
        chest_wall_mm=float(rng.uniform(11, 27)),
    )


def _volume_and_ejection(disease: Disease, man: bool, rng: np.random.Generator) -> tuple[float, float]:
    if disease is Disease.DILATION:
        return float(np.clip(rng.normal(195, 42), 115, 300)), float(np.clip(rng.normal(0.3, 0.08), 0.15, 0.5))
    if disease is Disease.INFARCT:
        return float(np.clip(rng.normal(138, 32), 75, 250)), float(np.clip(rng.normal(0.42, 0.08), 0.2, 0.58))
    if disease is Disease.SMALL:
        return float(rng.uniform(60, 85)), float(rng.uniform(0.64, 0.75))
    mean, spread = (106, 22) if man else (78, 15)
    ef = rng.normal(0.62, 0.06) if rng.random() < 0.85 else rng.uniform(0.4, 0.58)
    return float(np.clip(rng.normal(mean, 1.15 * spread), 60, 170)), float(np.clip(ef, 0.4, 0.75))


def _root(man: bool, rng: np.random.Generator) -> tuple[float, float, float, float]:
    """Diameters of annulus, sinus, junction and ascending aorta. Large roots are large at every level."""
    large = rng.normal() if rng.random() > 0.12 else rng.uniform(1.5, 3.5)
    means = (25.0, 34.0, 29.0, 30.0) if man else (22.5, 30.0, 26.0, 27.5)
    annulus, sinus, junction, ascending = (
        mean + spread * (0.8 * large + 0.6 * rng.normal()) for mean, spread in zip(means, (1.6, 3.0, 2.8, 3.6), strict=True)
    )
    annulus = float(np.clip(annulus, 18, 31))
    sinus = float(np.clip(sinus, annulus + 3, 48))
    return annulus, sinus, float(np.clip(junction, annulus, sinus - 1.5)), float(np.clip(ascending, 21, 48))


def _papillaries(rng: np.random.Generator, size: float) -> tuple[tuple[float, float, float], ...]:
    """Angle, radius in mm, and level (0 base, 1 apex) of the head of each; sometimes one is split."""
    found = [
        (np.radians(rng.normal(352, 9)), size * rng.uniform(3.0, 5.4), rng.uniform(0.34, 0.46)),
        (np.radians(rng.normal(238, 9)), size * rng.uniform(3.0, 5.4), rng.uniform(0.34, 0.46)),
    ]
    if rng.random() < 0.35:
        angle, radius, level = found[1]
        found[1] = (angle - 0.16, 0.75 * radius, level)
        found.append((angle + 0.2, 0.7 * radius, level + 0.05))
    return tuple((float(a), float(r), float(s)) for a, r, s in found)


def _infarct(rng: np.random.Generator) -> tuple[float, float, float, float]:
    return (
        float(rng.uniform(0, 2 * np.pi)),
        float(rng.uniform(0.6, 1.5)),
        float(rng.uniform(0.35, 1.0)),
        float(rng.uniform(-0.1, 0.35)),
    )


def _vein(right: bool, rng: np.random.Generator) -> tuple[float, float]:
    """Diameter of the inferior vena cava at the end of expiration, and the share by which it collapses."""
    if right:
        return float(rng.uniform(20, 29)), float(rng.uniform(0.02, 0.4))
    return float(rng.uniform(11, 21)), float(rng.uniform(0.3, 0.85))
