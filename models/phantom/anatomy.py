"""An analytic beating heart whose left ventricle has an exact volume at every moment.

Heart frame, in mm: z runs from base to apex. The endocardial apex is fixed at z = 0 and the mitral annulus lies in the plane z
= -length. x and y are those of a parasternal short-axis image: +x to its right (lateral), +y to its top (anterior). Angles are
counted from +x towards +y.

A cross-section of the left ventricle is `radius * s(u) * m(angle)`; u is 0 at the annulus and 1 at the apex. Its volume
therefore has a closed form, and no voxel is counted.
"""

import math
from dataclasses import dataclass

import numpy as np

_ML_PER_MM3 = 1e-3
# Fractions of the R-R interval: isovolumic relaxation, early filling, start of the atrial kick.
_RELAXATION, _EARLY_FILLING, _ATRIAL_START = 0.05, 0.20, 0.85


@dataclass(frozen=True)
class Heart:
    """One heart: volumes, timing and the shape at end-diastole. `ef_percent` is exact by construction.

    `widest_u` is where the ventricle is widest, `base_span_u` how far beyond the annulus its basal half-ellipse would close.
    `lobe2`, `lobe3` are the relative second and third harmonic of the cross-section. `bend_mm` shifts mid-ventricular
    cross-sections sideways, which changes no volume (Cavalieri).
    """

    seed: int
    edv_ml: float
    esv_ml: float
    heart_rate_bpm: float
    systole_fraction: float
    early_filling_share: float
    long_to_short: float
    shortening: float
    widest_u: float
    base_span_u: float
    lobe2: float
    lobe2_rad: float
    lobe3: float
    lobe3_rad: float
    bend_mm: float
    bend_rad: float
    twist_rad: float
    septum_mm: float
    posterior_wall_mm: float
    apex_wall_mm: float
    rv_angle_rad: float
    rv_width_mm: float
    rv_apex_share: float
    la_half_width_mm: float
    la_length_mm: float
    ra_half_width_mm: float
    ra_length_mm: float
    aorta_radius_mm: float

    @property
    def ef_percent(self) -> float:
        return 100.0 * (self.edv_ml - self.esv_ml) / self.edv_ml

    @property
    def rr_interval_ms(self) -> float:
        return 60000.0 / self.heart_rate_bpm

    @property
    def volume_factor(self) -> float:
        """K in V = K * length * radius^2: the integral of s(u)^2 times the area of the unit cross-section."""
        apical = (1 - self.widest_u) * 2 / 3
        basal = self.widest_u - self.widest_u**3 / (3 * self.base_span_u**2)
        return math.pi * (apical + basal) * (1 + self.lobe2**2 / 2 + self.lobe3**2 / 2)

    @property
    def radius_ed_mm(self) -> float:
        return float((self.edv_ml / _ML_PER_MM3 / (2 * self.volume_factor * self.long_to_short)) ** (1 / 3))

    @property
    def length_ed_mm(self) -> float:
        return 2 * self.long_to_short * self.radius_ed_mm

    def radius_share(self, u: float) -> float:
        """s(u): radius of the cross-section relative to the widest one; u is 0 at the annulus and 1 at the apex."""
        span = 1 - self.widest_u if u > self.widest_u else self.base_span_u
        return math.sqrt(max(0.0, 1 - ((u - self.widest_u) / span) ** 2))

    @property
    def annulus_share(self) -> float:
        return self.radius_share(0.0)


@dataclass(frozen=True)
class HeartState:
    """The heart at one moment. `contraction` is 0 at end-diastole and 1 at end-systole; valve openings are 0..1."""

    heart: Heart
    contraction: float
    volume_ml: float
    length_mm: float
    radius_mm: float
    mitral_opening: float
    aortic_opening: float

    @property
    def base_z_mm(self) -> float:
        return -self.length_mm


def contraction_at(heart: Heart, phase: float) -> float:
    """Share of the stroke volume ejected at `phase` (0..1 of the R-R interval, 0 at the R wave)."""
    phase %= 1.0
    systole = heart.systole_fraction
    early_start = systole + _RELAXATION
    if phase < systole:
        return 0.5 * (1 - math.cos(math.pi * phase / systole))
    early = _rise((phase - early_start) / _EARLY_FILLING)
    atrial = _rise((phase - _ATRIAL_START) / (1 - _ATRIAL_START))
    return 1 - heart.early_filling_share * early - (1 - heart.early_filling_share) * atrial


def state_at(heart: Heart, time_ms: float) -> HeartState:
    """The heart `time_ms` after an R wave."""
    phase = (time_ms / heart.rr_interval_ms) % 1.0
    contraction = contraction_at(heart, phase)
    volume = heart.edv_ml - (heart.edv_ml - heart.esv_ml) * contraction
    length = heart.length_ed_mm * (1 - heart.shortening * contraction)
    radius = math.sqrt(volume / _ML_PER_MM3 / (heart.volume_factor * length))
    return HeartState(heart, contraction, volume, length, radius, _mitral_opening(heart, phase), _aortic_opening(heart, phase))


def end_systole_ms(heart: Heart) -> float:
    """Time of the smallest volume after the R wave: the middle of isovolumic relaxation's flat stretch."""
    return (heart.systole_fraction + _RELAXATION / 2) * heart.rr_interval_ms


def sample_heart(seed: int) -> Heart:
    """A heart drawn from a broad adult population: EF 15..75 %, EDV 70..280 mL, 50..110 beats per minute.

    Dilated ventricles are rounder and shorten less, as in patients; sizes otherwise vary independently.
    """
    rng = np.random.default_rng([seed, 0x4EA27])
    u = rng.uniform
    ef = u(0.15, 0.75)
    edv = u(70, 160) if ef > 0.5 else u(90, 280)
    widest = u(0.28, 0.40)
    annulus_share = u(0.66, 0.86)
    septum = u(7, 13)
    return Heart(
        seed=seed,
        edv_ml=float(edv),
        esv_ml=float(edv * (1 - ef)),
        heart_rate_bpm=float(u(50, 110)),
        systole_fraction=float(u(0.34, 0.42)),
        early_filling_share=float(u(0.5, 0.8)),
        long_to_short=float(np.clip(2.0 - (edv - 110) / 500 + rng.normal(0, 0.15), 1.4, 2.15)),
        shortening=float(min(0.24, 0.04 + 0.26 * ef)),
        widest_u=float(widest),
        base_span_u=float(widest / math.sqrt(1 - annulus_share**2)),
        lobe2=float(u(0, 0.05)),
        lobe2_rad=float(u(0, math.pi)),
        lobe3=float(u(0, 0.025)),
        lobe3_rad=float(u(0, 2 * math.pi / 3)),
        bend_mm=float(u(0, 2.5)),
        bend_rad=float(u(0, 2 * math.pi)),
        twist_rad=math.radians(u(5, 14)),
        septum_mm=float(septum),
        posterior_wall_mm=float(np.clip(septum + rng.normal(0, 1.2), 6, 14)),
        apex_wall_mm=float(u(4, 7)),
        rv_angle_rad=math.radians(u(186, 200)),
        rv_width_mm=float(u(20, 36)),
        rv_apex_share=float(u(0.72, 0.92)),
        la_half_width_mm=float(u(17, 26)),
        la_length_mm=float(u(36, 60)),
        ra_half_width_mm=float(u(17, 25)),
        ra_length_mm=float(u(34, 54)),
        aorta_radius_mm=float(u(10, 14.5)),
    )


def _rise(x: float) -> float:
    """Raised cosine from 0 at x <= 0 to 1 at x >= 1."""
    return 0.5 * (1 - math.cos(math.pi * min(max(x, 0.0), 1.0)))


def _mitral_opening(heart: Heart, phase: float) -> float:
    start = heart.systole_fraction + _RELAXATION
    if phase < start:
        return 0.0
    early = _bump((phase - start) / (_EARLY_FILLING * 1.2))
    atrial = _bump((phase - _ATRIAL_START + 0.03) / (1.03 - _ATRIAL_START))
    half_open = 0.35 * _rise((phase - start) / 0.08) * _rise((1 - phase) / 0.08)
    return max(early, 0.75 * atrial, half_open)


def _aortic_opening(heart: Heart, phase: float) -> float:
    return min(1.0, 1.6 * _bump((phase - 0.03) / (heart.systole_fraction - 0.03)))


def _bump(x: float) -> float:
    return math.sin(math.pi * x) if 0 < x < 1 else 0.0
