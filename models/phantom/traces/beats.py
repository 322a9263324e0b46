"""When in each beat the valves open and close, and how much blood the beat moves, as the volumes of the heart say."""

from dataclasses import dataclass

import numpy as np

from models.phantom.heart import Heart

_SPREAD = 0.015  # of the velocities from beat to beat: the heart moves past the sample volume


@dataclass(frozen=True)
class Beat:
    """The events of one beat, in s from the first R wave that the heart knows.

    `ejected` and `filled` are the blood that leaves the left ventricle and that refills it, by the stroke volume of the mean
    beat. `breath` is the state of respiration: -1 expired, 1 inspired. `atrial_s` is None where the atria do not contract.
    """

    r_s: float
    next_r_s: float
    aortic_opening_s: float
    aortic_closure_s: float
    mitral_opening_s: float
    early_end_s: float
    atrial_s: float | None
    ejected: float = 1.0
    filled: float = 1.0
    breath: float = 0.0

    @property
    def ejection_s(self) -> float:
        return self.aortic_closure_s - self.aortic_opening_s

    @property
    def next_opening_s(self) -> float:
        """When the aortic valve opens again, if the next beat is like this one."""
        return self.next_r_s + self.aortic_opening_s - self.r_s


def beats_of(heart: Heart, until_s: float, rng: np.random.Generator | None = None) -> tuple[Beat, ...]:
    """The beats that begin before `until_s`. Without `rng`, velocities vary with volumes and breathing alone."""
    rhythm, stroke_ml = heart.rhythm, heart.edv_ml - heart.esv_ml
    found = []
    for beat in heart.beats(1000 * until_s):
        start_s = beat.start_ms / 1000
        full_ml, empty_ml = heart.beat_volumes_ml(beat)
        spread = float(rng.normal(1, _SPREAD)) if rng is not None else 1.0
        found.append(
            Beat(
                r_s=start_s,
                next_r_s=start_s + beat.rr_ms / 1000,
                aortic_opening_s=start_s + beat.ejection_start_ms / 1000,
                aortic_closure_s=start_s + beat.end_systole_ms / 1000,
                mitral_opening_s=start_s + beat.mitral_opening_ms / 1000,
                early_end_s=start_s + beat.early_end_ms / 1000,
                atrial_s=None if beat.early_share >= 1 else start_s + beat.atrial_start_ms / 1000,
                ejected=spread * (full_ml - empty_ml) / stroke_ml,
                filled=spread * (heart.edv_ml * beat.next_fullness - empty_ml) / stroke_ml,
                breath=float(np.sin(2 * np.pi * (beat.start_ms / rhythm.breath_ms + rhythm.breath_phase))),
            )
        )
    return tuple(found)


def mean_beat(heart: Heart) -> Beat:
    """A beat of the mean length and stroke, at half a breath."""
    middle = min(heart.beats(30_000.0), key=lambda beat: abs(beat.rr_ms - heart.rr_interval_ms))
    return Beat(
        0.0,
        middle.rr_ms / 1000,
        middle.ejection_start_ms / 1000,
        middle.end_systole_ms / 1000,
        middle.mitral_opening_ms / 1000,
        middle.early_end_ms / 1000,
        None if middle.early_share >= 1 else middle.atrial_start_ms / 1000,
    )
