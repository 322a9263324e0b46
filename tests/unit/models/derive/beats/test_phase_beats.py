"""Beats of a finder of phases: from the frames it names to those that are measured."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from models.derive.beats.cardiac_cycle import find_beats
from models.derive.beats.phase_beats import beats_at_r_waves, beats_of_phases, frames_needed, settled_beats
from models.derive.beats.phase_score import PhaseEvents
from models.results import Beat

INTERVAL_MS = 40.0
PERIOD = 20  # frames, 800 ms: 75 beats a minute


def times(frames: int) -> list[float]:
    return [INTERVAL_MS * index for index in range(frames)]


def areas(frames: int, *, first_ed: int = 5) -> list[float | None]:
    """30 cm2 at end-diastole, 18 cm2 half a period later."""
    return [24 + 6 * math.cos(2 * math.pi * (index - first_ed) / PERIOD) for index in range(frames)]


def pairs(beats: Sequence[Beat]) -> list[tuple[int, int]]:
    return [(beat.ed_frame_index, beat.es_frame_index) for beat in beats]


def settled(beats: Sequence[Beat], curve: Sequence[float | None]) -> tuple[Beat, ...]:
    return settled_beats(beats, curve, times(len(curve)))


def only(curve: Sequence[float | None], frames: Sequence[int]) -> list[float | None]:
    return [area if index in frames else None for index, area in enumerate(curve)]


def test_an_end_diastole_and_the_end_systole_after_it_are_a_beat() -> None:
    events = PhaseEvents((5, 25, 45), (3, 15, 35))
    assert pairs(beats_of_phases(events, times(60))) == [(5, 15), (25, 35)]


def test_an_end_systole_too_late_for_any_heart_is_no_beat() -> None:
    assert pairs(beats_of_phases(PhaseEvents((5, 40), (20,)), times(80))) == [(5, 20)]
    assert beats_of_phases(PhaseEvents((5, 40), (21,)), times(80)) == ()


def test_no_beat_reaches_across_an_end_diastole_that_was_missed() -> None:
    """Bug prevented: a stroke measured from one beat's end-diastole to the next one's end-systole. 33 ms a frame, 60 bpm."""
    events = PhaseEvents((5, 65), (50, 80))
    assert pairs(beats_of_phases(events, [33.0 * index for index in range(95)])) == [(65, 80)]


@pytest.mark.parametrize(("heart_rate_bpm", "beats"), [(75.0, 2), (60.0, 2), (150.0, 0), (10.0, 2), (None, 2)])
def test_a_contradicted_clock_gives_no_beat(heart_rate_bpm: float | None, beats: int) -> None:
    events = PhaseEvents((5, 25), (15, 35))
    assert len(beats_of_phases(events, times(45), heart_rate_bpm)) == beats


@pytest.mark.parametrize(("frames", "beats"), [(38, 1), (41, 2)])
def test_the_last_beat_counts_where_nearly_all_of_it_is_shown(frames: int, beats: int) -> None:
    assert len(beats_of_phases(PhaseEvents((5, 25), (15, 35)), times(frames))) == beats


def test_one_end_diastole_and_nothing_else_known_is_no_beat() -> None:
    assert beats_of_phases(PhaseEvents((5,), (15,)), times(60)) == ()
    assert len(beats_of_phases(PhaseEvents((5,), (15,)), times(60), 75.0)) == 1


def test_the_first_and_the_last_frame_are_no_ends() -> None:
    """Bug prevented: the first frame of a clip that starts in systole, to which an end-diastole two frames on was moved."""
    falling: list[float | None] = [30.0 - 1.2 * index for index in range(10)] + [18.5, 19.0, 20.0, 21.0]
    assert settled([Beat(2, 9)], falling) == ()


def test_a_clock_that_stands_still_gives_no_beat() -> None:
    assert beats_of_phases(PhaseEvents((1,), (3,)), [0.0, 40.0, 40.0, 80.0, 120.0]) == ()


def test_an_ectopic_beat_and_the_one_after_its_pause_are_left_out() -> None:
    events = PhaseEvents((5, 25, 45, 57, 85, 105), (15, 35, 51, 67, 95, 115))
    assert pairs(beats_of_phases(events, times(125))) == [(5, 15), (25, 35), (105, 115)]


def test_needed_are_the_ends_and_three_frames_around_each() -> None:
    assert frames_needed([Beat(5, 15), Beat(25, 35)], 60) == (*range(2, 9), *range(12, 19), *range(22, 29), *range(32, 39))
    assert frames_needed([Beat(0, 3)], 4) == (0, 1, 2, 3)
    assert frames_needed([], 60) == ()


@pytest.mark.parametrize("off", [-2, -1, 0, 1, 2])
def test_ends_that_are_off_by_two_frames_are_found_all_the_same(off: int) -> None:
    beats = [Beat(25 + off, 35 + off)]
    curve = only(areas(60), frames_needed(beats, 60))
    assert pairs(settled(beats, curve)) == [(25, 35)]


def test_they_are_those_of_the_whole_curve() -> None:
    curve = areas(66)
    assert pairs(find_beats(curve, times(66))) == [(5, 15), (25, 35), (45, 55)]
    beats = [Beat(6, 14), Beat(24, 36), Beat(45, 55)]
    assert pairs(settled(beats, only(curve, frames_needed(beats, 66)))) == [(5, 15), (25, 35), (45, 55)]


@pytest.mark.parametrize("frame", [23, 24, 26, 27])
@pytest.mark.parametrize("wrong_cm2", [45.0, 5.0, None])
def test_a_failed_outline_is_no_extreme(frame: int, wrong_cm2: float | None) -> None:
    beats = [Beat(25, 35)]
    curve = only(areas(60), frames_needed(beats, 60))
    curve[frame] = wrong_cm2
    (beat,) = settled(beats, curve)
    assert abs(beat.ed_frame_index - 25) <= 1
    assert beat.es_frame_index == 35


def test_a_beat_without_an_area_at_one_end_is_left_out() -> None:
    beats = [Beat(5, 15), Beat(25, 35)]
    curve = only(areas(60), [*range(2, 9), *range(12, 19), *range(22, 29)])
    assert pairs(settled(beats, curve)) == [(5, 15)]
    assert settled(beats, [None] * 60) == ()


def test_phases_that_the_areas_contradict_are_no_beats() -> None:
    beats = [Beat(15, 25)]  # end-systole taken for end-diastole
    assert settled(beats, only(areas(60), frames_needed(beats, 60))) == ()
    assert settled(beats, [24.0] * 60) == ()


@pytest.mark.parametrize("off", [-6, -5, -4, 4, 5, 6])
def test_an_end_further_off_is_refused_and_never_measured_at_the_wrong_frame(off: int) -> None:
    for beats in ([Beat(25 + off, 35)], [Beat(25, 35 + off)]):
        assert settled(beats, only(areas(60), frames_needed(beats, 60))) == ()


def test_a_systole_that_grows_too_long_as_its_ends_settle_is_no_beat() -> None:
    """Found are 15 frames, 600 ms; by the areas it is 16, 640 ms, or 592 ms of a quicker clip."""
    long = [30.0] * 10 + [30 - 12 * index / 16 for index in range(17)] + [20.0] * 10
    beats = [Beat(11, 26)]
    assert settled(beats, long) == ()
    assert pairs(settled_beats(beats, long, [37.0 * index for index in range(len(long))])) == [(9, 25)]


def test_an_end_diastole_far_from_every_r_wave_is_refused() -> None:
    beats = (Beat(5, 15), Beat(25, 35))
    assert beats_at_r_waves(beats, times(60), [1000.0]) == (Beat(25, 35),)
    assert beats_at_r_waves(beats, times(60), [600.0]) == ()
    assert beats_at_r_waves(beats, times(60), []) == beats_at_r_waves(beats, times(60), [9000.0]) == beats


def test_noise_does_not_move_the_ends_far() -> None:
    noise = np.random.default_rng(0).normal(0, 0.3, 60)
    curve = [area + float(extra) for area, extra in zip(areas(60), noise, strict=True) if area is not None]
    (beat,) = settled([Beat(25, 35)], curve)
    assert abs(beat.ed_frame_index - 25) <= 1
    assert abs(beat.es_frame_index - 35) <= 1
