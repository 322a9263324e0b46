"""Diameters obey the rule of areas: no end-diastole and no end-systole without a whole beat."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.derive.beats.beat_coverage import waves_of_beats
from models.derive.calipers.diameter_curve import Motion, PhaseFrames, phase_frames

Curve = NDArray[np.float64]
BEAT_MS = 1000.0


def beating(first_ms: float, last_ms: float, step_ms: float = 40.0) -> tuple[Curve, Curve]:
    """Frame times from 0 on, and diameters of 5 cm at end-diastole (every 1000 ms from 0 on), 3 cm at end-systole (350 ms)."""
    at = np.arange(first_ms, last_ms + 1, step_ms)
    phase = at % BEAT_MS
    systole = np.where(phase < 350, phase / 350, 1 - (phase - 350) / 650)
    return at - first_ms, 4 + np.cos(np.pi * systole)


def found(first_ms: float, last_ms: float, r_waves: tuple[float, ...], rate: float | None, motion: Motion) -> PhaseFrames:
    times, diameters = beating(first_ms, last_ms)
    return phase_frames(diameters, times, tuple(wave - first_ms for wave in r_waves), rate, motion)


@pytest.mark.parametrize("motion", [Motion.CAVITY, Motion.NONE])
@pytest.mark.parametrize("rate", [60.0, None])
@pytest.mark.parametrize(("first_ms", "last_ms"), [(-200, 400), (0, 480), (-400, 200), (-120, 600)])
def test_one_r_wave_makes_no_end_diastole_in_part_of_a_beat(
    first_ms: float, last_ms: float, rate: float | None, motion: Motion
) -> None:
    phases = found(first_ms, last_ms, (0.0,), rate, motion)
    assert (phases.ed, phases.es) == ((), ())
    assert phases.rule == f"no phases: {phases.why_none}"


@pytest.mark.parametrize("motion", [Motion.CAVITY, Motion.NONE])
def test_r_waves_around_a_whole_beat_have_phases(motion: Motion) -> None:
    phases = found(-200, 1300, (0.0, 1000.0), None, motion)
    assert 5 in phases.ed
    assert phases.why_none == ""
    assert len(phases.es) == (1 if motion is Motion.CAVITY else 0)


def test_r_waves_make_no_phases_of_a_cavity_that_shows_no_beat() -> None:
    times = np.arange(0, 2000, 40.0)
    noise = 4 + 0.3 * np.random.default_rng(1).standard_normal(len(times))
    phases = phase_frames(noise, times, (0.0, 1000.0), 60.0, Motion.CAVITY)
    assert (phases.ed, phases.es) == ((), ())
    assert phases.why_none


@pytest.mark.parametrize("motion", list(Motion))
@pytest.mark.parametrize("of_true", [0.01, 0.1, 10.0])
def test_a_clock_in_another_unit_has_no_phases(of_true: float, motion: Motion) -> None:
    times, diameters = beating(-200, 3300)
    waves = tuple((200 + 1000 * beat) * of_true for beat in range(4))
    phases = phase_frames(diameters, times * of_true, waves, 60.0, motion)
    assert (phases.ed, phases.es) == ((), ())


def test_what_is_said_of_the_clock_is_the_reason() -> None:
    objection = "the frame times say 0.04 ms a frame, Cine Rate says 25 frames/s"
    phases = phase_frames(np.ones(30), None, (0.0,), 60.0, Motion.CAVITY, objection)
    assert phases.why_none == objection


@pytest.mark.parametrize(
    ("last_ms", "waves", "rate", "kept"),
    [
        (1960, (0.0,), 60.0, ()),  # on the first frame alone: a placeholder?
        (1960, (0.0, 0.0), 60.0, ()),
        (960, (0.0, 960.0), None, (0.0, 960.0)),
        (1960, (900.0,), 60.0, (900.0,)),  # ends the beat before it
        (1960, (200.0,), 60.0, (200.0,)),
        (1960, (200.0,), None, ()),  # how long the beat is nobody knows
        (3960, (200.0, 1200.0, 2200.0, 9000.0), 60.0, (200.0, 1200.0, 2200.0)),
        (3960, (200.0, 1200.0, 2200.0), 120.0, ()),  # contradicts the heart rate
        (1960, (0.2, 1.2, 1.9), None, ()),  # in seconds
        (1960, (), 60.0, ()),
    ],
)
def test_r_waves_of_walls_bound_whole_beats(
    last_ms: float, waves: tuple[float, ...], rate: float | None, kept: tuple[float, ...]
) -> None:
    times = np.arange(0, last_ms + 1, 40.0)
    assert waves_of_beats(times.tolist(), waves, rate)[0] == kept
    assert bool(waves_of_beats(times.tolist(), waves, rate)[1]) == (not kept)
