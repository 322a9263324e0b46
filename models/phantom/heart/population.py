"""Hearts drawn from a broad adult population: every size, shape and rhythm varies, mostly independently."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from models.phantom.heart.heart import Atrium, Heart, LeftVentricle, RightVentricle, Valves, Vessels
from models.phantom.heart.rhythm import Rhythm
from models.phantom.heart.ventricles import at_rest, resting_right_ml

Segment = Literal["none", "anteroseptal", "apical", "inferior", "inferolateral", "lateral"]
# Where the coronary arteries' territories lie: angle in degrees and height (0 annulus, 1 apex).
_SEGMENTS = {
    "anteroseptal": (130.0, 0.60), "apical": (150.0, 0.95), "inferior": (262.0, 0.35), "inferolateral": (318.0, 0.40),
    "lateral": (15.0, 0.55),
}  # fmt: skip
_SMALLEST_EDV_ML, _LARGEST_EDV_ML = 60.0, 300.0
_NO_ATRIUM = Atrium(0.0, 0.0, 0.0, 0.0, 0.5, 2.0, (), 0.0, 0.0)


@dataclass(frozen=True)
class HeartOptions:
    """What a heart is asked to have; None leaves it to chance, so that False means surely not.

    `motion_abnormality` names the wall segment that moves less, or "none". `respiration` lets the whole heart move with the
    breath; the inferior vena cava changes in any case. `effusion_mm` is the width of pericardial effusion, 0 for none.
    """

    ef_percent: float | None = None
    edv_ml: float | None = None
    heart_rate_bpm: float | None = None
    atrial_fibrillation: bool | None = None
    motion_abnormality: Segment | None = None
    respiration: bool | None = None
    effusion_mm: float | None = None
    hypertrophy: bool | None = None
    dilated_rv: bool | None = None
    dilated_atria: bool | None = None
    enlarged_root: bool | None = None


def sample_heart(seed: int, options: HeartOptions = HeartOptions()) -> Heart:
    """A heart of EF 15..75 %, EDV 60..300 mL, 45..120 beats per minute. The same arguments give the same heart."""
    rng = np.random.default_rng([seed, 0x4EA28])
    # One stream per part: an option changes what it asks for and no other draw.
    body, whole, rhythm, left, right, atria, vessels, rest = rng.spawn(8)
    height, weight, size = _body(body)
    bsa = 0.007184 * weight**0.425 * height**0.725
    fibrillates = _chance(whole, 0.10, options.atrial_fibrillation)
    ef = float(whole.uniform(0.15, 0.75))
    if options.ef_percent is not None:
        ef = options.ef_percent / 100
    index = float(whole.uniform(36, 82) if ef > 0.5 else whole.uniform(45, 145))
    edv = float(np.clip(index * bsa, _SMALLEST_EDV_ML, _LARGEST_EDV_ML)) if options.edv_ml is None else options.edv_ml
    vessel = _vessels(vessels, size, _chance(whole, 0.15, options.enlarged_root))
    lv = _left_ventricle(left, ef, edv, size, vessel, options)
    dilated_atria = _chance(whole, 0.55 if fibrillates else 0.2, options.dilated_atria)
    dilated_rv = _chance(whole, 0.18, options.dilated_rv)
    effusion = float(whole.uniform(3, 22)) if whole.uniform() < 0.10 else 0.0
    rv, width = _right_ventricle(right, size, dilated_rv)
    heart = Heart(
        seed=seed,
        height_cm=height,
        weight_kg=weight,
        rhythm=_rhythm(rhythm, seed, fibrillates, options),
        lv=lv,
        rv=rv,
        la=_NO_ATRIUM,
        ra=_NO_ATRIUM,
        vessels=vessel,
        valves=_valves(rest),
        effusion_mm=effusion if options.effusion_mm is None else options.effusion_mm,
        fat_mm=float(rest.uniform(1, 7)),
        liver_mm=float(rest.uniform(2, 14)),
    )
    # What the left side ejects, the right side does, as far as its function allows; the body is about 85 % of the whole.
    right_edv = resting_right_ml(heart, width)
    right_ef = float(np.clip(0.85 * edv * ef / right_edv, 0.22 if dilated_rv else 0.32, 0.62))
    tapse = float(np.clip(3 + 36 * right_ef + right.normal(0, 2.0), 7, 30))
    length = at_rest(heart).length_mm
    rings = 0.92 * lv.annulus_share * length / (2 * lv.long_to_short), 0.47 * width
    excursions = lv.shortening * length, tapse
    la, ra = (_atrium(atria, ring, way, bsa, fibrillates, dilated_atria) for ring, way in zip(rings, excursions, strict=True))
    rv = replace(rv, edv_ml=right_edv, esv_ml=right_edv * (1 - right_ef), tapse_mm=tapse)
    return replace(heart, rv=rv, la=la, ra=ra)


def _chance(rng: np.random.Generator, share: float, wanted: bool | None) -> bool:
    drawn = bool(rng.uniform() < share)
    return drawn if wanted is None else wanted


def _body(rng: np.random.Generator) -> tuple[float, float, float]:
    """Height in cm, weight in kg, and the linear size of the heart against a body surface of 1.85 m2."""
    height = float(np.clip(rng.normal(170, 10), 145, 200))
    weight = float(np.clip(rng.lognormal(math.log(26), 0.17), 17, 45)) * (height / 100) ** 2
    size = math.sqrt(0.007184 * weight**0.425 * height**0.725 / 1.85)
    return round(height, 1), round(weight, 1), size


def _rhythm(rng: np.random.Generator, seed: int, fibrillates: bool, options: HeartOptions) -> Rhythm:
    u = rng.uniform
    rate = float(u(60, 120) if fibrillates else u(45, 110))
    rate = rate if options.heart_rate_bpm is None else options.heart_rate_bpm
    moves = _chance(rng, 0.4, options.respiration)
    shift = float(u(0.8, 4.0))
    return Rhythm(
        seed=seed,
        heart_rate_bpm=rate,
        atrial_fibrillation=fibrillates,
        rr_variation=float(u(0.12, 0.24) if fibrillates else u(0.0, 0.04)),
        contraction_ms=float(u(40, 75)),
        # Weissler et al., Circulation 1968;37:149: ejection time in ms is about 413 - 1.7 * rate.
        ejection_ms=float((413 - 1.7 * rate) * u(0.88, 1.08)),
        relaxation_ms=float(u(55, 105)),
        early_filling_ms=float(u(160, 260)),
        early_share=float(u(0.5, 0.82)),
        atrial_ms=float(u(110, 160)),
        breath_ms=float(u(3200, 5500)),
        breath_phase=float(u(0, 1)),
        respiration_mm=shift if moves else 0.0,
    )


def _left_ventricle(
    rng: np.random.Generator, ef: float, edv: float, size: float, vessels: Vessels, options: HeartOptions
) -> LeftVentricle:
    u = rng.uniform
    thick = _chance(rng, 0.25, options.hypertrophy)
    septum, excess, asymmetric = u(6.5, 11.0), u(3.5, 8), bool(u() < 0.35)
    if thick:
        septum = max(septum, 8.5) + excess
    other = u(6.5, 11.0) if thick and asymmetric else septum + rng.normal(0, 0.9)
    other = float(np.clip(other, 5.5, 19))
    # A ventricle that moves little is rounder; a segment that stands still needs others that move.
    roundness = rng.normal(0, 0.17)
    segment = _segment(rng, ef, options.motion_abnormality)
    akinesis = float(u(0.55, 1.1)) if segment != "none" else 0.0
    angle, height = _SEGMENTS.get(segment, (0.0, 0.5))
    slender = float(np.clip(1.92 - (edv - 110) / 400 + roundness, 1.25, 2.2))
    radius = (edv * 1000 / (2 * slender * 2.0)) ** (1 / 3)
    return LeftVentricle(
        edv_ml=float(edv),
        esv_ml=float(edv * (1 - ef)),
        long_to_short=slender,
        shortening=float(np.clip(0.03 + 0.25 * ef + rng.normal(0, 0.015), 0.03, 0.24)),
        widest_u=float(u(0.26, 0.48)),
        # The mitral annulus widens far less than the ventricle; the outflow tract lies beside it.
        annulus_share=float(np.clip((u(15.5, 19.5) * size + 0.12 * (radius - 24)) / radius, 0.52, 0.88)),
        outflow_share=float(np.clip((2 * vessels.lvot_mm + u(5, 10)) / radius, 0.88, 1.36)),
        base_power=float(u(1.6, 2.6)),
        apex_power=float(u(1.7, 3.0)),
        cone=float(u(0.0, 0.30)),
        lobes=((2, float(u(0, 0.05)), float(u(0, 2 * math.pi))), (3, float(u(0, 0.02)), float(u(0, 2 * math.pi)))),
        ripples=tuple((order, float(u(0.5, 1.6)), float(u(0, 0.025)), float(u(0, 2 * math.pi))) for order in (0, 1, 1, 2)),
        bend_mm=float(u(0, 3.0)),
        bend_rad=float(u(0, 2 * math.pi)),
        twist_rad=math.radians(u(3, 14)) * min(1.0, 0.3 + ef),
        septum_mm=float(septum),
        anterior_mm=float(np.clip((septum + other) / 2 + rng.normal(0, 0.7), 5.5, 19)),
        lateral_mm=other,
        inferior_mm=float(np.clip(other + rng.normal(0, 0.7), 5.5, 19)),
        apex_mm=float(u(4, 7.5) + (0.4 * excess if thick and u() < 0.3 else 0)),
        septal_bulge_mm=float(u(1, 5) if u() < (0.5 if thick else 0.2) else 0.0),
        akinesis=akinesis,
        segment_rad=math.radians(angle + u(-15, 15)),
        segment_u=float(height + u(-0.08, 0.08)),
        trabeculae_mm=float(u(1.5, 6.0) * size),
        papillary_mm=float(u(3.6, 6.0) * size * (1.15 if thick else 1.0)),
    )


def _segment(rng: np.random.Generator, ef: float, wanted: Segment | None) -> Segment:
    drawn = list(_SEGMENTS)[int(rng.integers(len(_SEGMENTS)))] if rng.uniform() < (0.08 if ef > 0.55 else 0.35) else "none"
    return drawn if wanted is None else wanted  # type: ignore[return-value]


def _right_ventricle(rng: np.random.Generator, size: float, dilated: bool) -> tuple[RightVentricle, float]:
    """The right ventricle without its volumes, and how far it reaches from the septum in mm."""
    u = rng.uniform
    shape = RightVentricle(
        edv_ml=0.0,
        esv_ml=0.0,
        tapse_mm=0.0,
        apex_share=float(u(0.78, 0.98) if dilated else u(0.72, 0.92)),
        apex_power=float(u(1.5, 2.8)),
        angle_rad=math.radians(u(190, 200)),
        span_rad=math.radians(u(62, 76)),
        base_narrowing=float(u(0.05, 0.2)),
        wall_mm=float(u(5, 9) if dilated and u() < 0.5 else u(2.8, 5)),
        septal_offset_mm=float(u(2, 7)),
        trabeculae_mm=float(u(1.5, 4.5)),
    )
    return shape, float(u(38, 54) if dilated else u(27, 37)) * size


def _atrium(
    rng: np.random.Generator, ring_mm: float, excursion_mm: float, bsa: float, fibrillates: bool, dilated: bool
) -> Atrium:
    """An atrium behind an annulus of about this radius and excursion, for which it is never too small."""
    u = rng.uniform
    largest = min(float((u(40, 75) if dilated else u(20, 38)) * bsa), 190.0)
    emptying = float(u(0.12, 0.28) if fibrillates else u(0.35, 0.62))
    # Systole pulls the annulus away from the roof: the atrium is longest when it is full.
    length = max(float((largest * 1000) ** (1 / 3) * u(1.20, 1.48)) - excursion_mm, 29.0)
    smallest = max(largest * (1 - emptying), 0.5 * math.pi * ring_mm**2 * length / 1000)
    return Atrium(
        max_ml=max(largest, smallest / (1 - 0.6 * emptying)),
        min_ml=smallest,
        pump_share=0.0 if fibrillates else float(u(0.3, 0.55)),
        length_mm=length,
        widest_u=float(u(0.42, 0.62)),
        roof_power=float(u(1.9, 3.0)),
        lobes=((2, float(u(0.03, 0.12)), 2 * math.radians(u(30, 90))), (3, float(u(0, 0.05)), float(u(0, 6.28)))),
        lean_mm=float(u(0, 6)),
        lean_rad=float(u(0, 2 * math.pi)),
    )


def _vessels(rng: np.random.Generator, size: float, enlarged: bool) -> Vessels:
    u = rng.uniform
    annulus = float(u(9.3, 12.6) * size)
    widening = u(1.45, 2.0) if enlarged else u(1.24, 1.48)
    sinus = float(annulus * widening)
    return Vessels(
        lvot_mm=float(annulus * u(0.94, 1.04)),
        annulus_mm=annulus,
        sinus_mm=sinus,
        junction_mm=float(sinus * u(0.78, 0.92)),
        ascending_mm=float(sinus * (u(0.9, 1.2) if enlarged else u(0.84, 1.02))),
        descending_mm=float(u(9, 12.5) * size),
        aortic_wall_mm=float(u(1.6, 2.6)),
        aortic_tilt=float(u(0.18, 0.42)),
        rvot_proximal_mm=float(u(11, 16) * size),
        rvot_distal_mm=float(u(9, 13) * size),
        pulmonary_mm=float(u(8.5, 13) * size),
        ivc_mm=float(u(5, 13)),
        collapse=float(u(0.08, 0.7)),
    )


def _valves(rng: np.random.Generator) -> Valves:
    u = rng.uniform
    return Valves(float(u(0.8, 1.5)), float(u(3, 8)), float(u(-0.10, 0.14)), float(u(0.5, 1.0)))
