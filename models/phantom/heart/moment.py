"""Volumes, valve openings and breath at a moment: all that time decides, without geometry."""

import math
from dataclasses import dataclass

from models.phantom.heart.heart import Atrium, Heart
from models.phantom.heart.rhythm import Beat, Filling, aortic_opening, beat_at, beats, filling_at, mitral_opening

# Breathing in moves the heart down: towards the feet, in the heart frame.
DOWN = (-0.44, -0.68, 0.58)


@dataclass(frozen=True)
class Moment:
    """What time decides. Contractions are 0 at end-diastole and 1 at end-systole of a mean beat; `breath` is 1 breathed in.

    `shift_mm` is how far breathing has moved the whole heart from where it is at end-expiration.
    """

    beat: Beat
    contraction: float
    rv_contraction: float
    lv_ml: float
    rv_ml: float
    la_ml: float
    ra_ml: float
    mitral_opening: float
    tricuspid_opening: float
    aortic_opening: float
    pulmonary_opening: float
    breath: float
    shift_mm: tuple[float, float, float]


def moment_at(heart: Heart, time_ms: float) -> Moment:
    """Raises ValueError for a time before the first R wave."""
    beat = beat_at(heart.rhythm, time_ms)
    filling = filling_at(beat, time_ms)
    phase = time_ms / heart.rhythm.breath_ms + heart.rhythm.breath_phase
    # Expiration lasts longer than inspiration.
    breath = (0.5 - 0.5 * math.cos(2 * math.pi * phase)) ** 2
    moved = 2 * heart.rhythm.respiration_mm * breath
    shift = (DOWN[0] * moved, DOWN[1] * moved, DOWN[2] * moved)
    lv = _ventricular_ml(heart.lv.edv_ml, heart.lv.esv_ml, beat, filling)
    rv = _ventricular_ml(heart.rv.edv_ml, heart.rv.esv_ml, beat, filling)
    mitral, aortic = mitral_opening(beat, time_ms), aortic_opening(beat, time_ms)
    return Moment(
        beat=beat,
        contraction=(heart.lv.edv_ml - lv) / (heart.lv.edv_ml - heart.lv.esv_ml),
        rv_contraction=(heart.rv.edv_ml - rv) / (heart.rv.edv_ml - heart.rv.esv_ml),
        lv_ml=lv,
        rv_ml=rv,
        la_ml=_atrial_ml(heart.la, filling),
        ra_ml=_atrial_ml(heart.ra, filling),
        mitral_opening=mitral,
        tricuspid_opening=0.9 * mitral,
        aortic_opening=aortic,
        pulmonary_opening=aortic,
        breath=breath,
        shift_mm=shift,
    )


def resting_moment(heart: Heart) -> Moment:
    """End-diastole of a beat of mean fullness at end-expiration, all valves closed."""
    first = beats(heart.rhythm)[0]
    return Moment(
        first, 0.0, 0.0, heart.lv.edv_ml, heart.rv.edv_ml, heart.la.min_ml, heart.ra.min_ml, 0.0, 0.0, 0.0, 0.0, 0.0,
        (0.0, 0.0, 0.0),
    )  # fmt: skip


def _ventricular_ml(edv: float, esv: float, beat: Beat, filling: Filling) -> float:
    start, end, following = edv * beat.fullness, esv * beat.emptying, edv * beat.next_fullness
    filled = beat.early_share * filling.early + (1 - beat.early_share) * filling.kick
    return start - (start - end) * filling.ejected + (following - end) * filled


def _atrial_ml(atrium: Atrium, filling: Filling) -> float:
    """The reservoir fills until the valve opens; the conduit and the pump empty it again."""
    emptied = (1 - atrium.pump_share) * filling.early + atrium.pump_share * filling.kick
    return atrium.min_ml + (atrium.max_ml - atrium.min_ml) * (filling.reservoir - emptied)
