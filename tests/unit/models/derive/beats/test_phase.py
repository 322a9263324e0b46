"""Windows over a clip, and the frames of end-diastole and end-systole on curves whose turns are known."""

from itertools import pairwise

import numpy as np
import pytest

from models.derive.beats.phase_score import PhaseEvents, merge_windows, phase_events, window_starts


def beats(frames: int, beat: float, first_ed: float) -> np.ndarray:
    """A cosine with its tops at first_ed + k * beat."""
    return np.cos(2 * np.pi * (np.arange(frames) - first_ed) / beat)


@pytest.mark.parametrize(
    ("frames", "starts"), [(30, (0,)), (31, (0, 1)), (45, (0, 15)), (60, (0, 15, 30)), (70, (0, 15, 30, 40))]
)
def test_windows_cover_the_clip_and_end_with_it(frames: int, starts: tuple[int, ...]) -> None:
    assert window_starts(frames, 30, 15) == starts
    covered = {frame for start in starts for frame in range(start, start + 30)}
    assert covered == set(range(frames))


def test_a_clip_shorter_than_a_window_has_none() -> None:
    with pytest.raises(ValueError, match="29 frames have no window of 30"):
        window_starts(29, 30, 15)


def test_windows_that_agree_merge_to_what_they_say() -> None:
    curve = beats(100, 25, 5)
    starts = window_starts(100, 30, 15)
    scores = np.stack([curve[start : start + 30] for start in starts])
    np.testing.assert_allclose(merge_windows(scores, starts, 100), curve)


def test_windows_that_disagree_fade_into_each_other() -> None:
    """At the end of the first window the second counts more; a plain mean would jump there."""
    merged = merge_windows(np.array([[0.0] * 4, [1.0] * 4]), (0, 2), 6)
    np.testing.assert_allclose(merged, [0, 0, 1 / 3, 2 / 3, 1, 1])


def test_a_frame_of_no_window_has_no_score() -> None:
    assert np.isnan(merge_windows(np.ones((1, 3)), (0,), 5)).tolist() == [False, False, False, True, True]


@pytest.mark.parametrize(("beat", "first_ed"), [(20, 7), (34, 12), (62, 30)])
def test_tops_and_bottoms_of_a_known_curve(beat: int, first_ed: int) -> None:
    """Every turn a quarter of a beat from the ends of the clip, at its very frame; nearer ones may not stand out."""
    found = phase_events(beats(130, beat, first_ed))
    for first, events in ((first_ed, found.ed_frame_indices), (first_ed + beat // 2, found.es_frame_indices)):
        turns = [frame for frame in range(first - beat, 129, beat) if frame > 0]
        assert set(events) <= set(turns)
        assert set(events) >= {frame for frame in turns if beat / 4 <= frame <= 129 - beat / 4}


def test_noise_of_a_tenth_of_the_range_adds_no_beat() -> None:
    noisy = beats(120, 30, 10) + np.random.default_rng(0).uniform(-0.1, 0.1, 120)
    found = phase_events(noisy, np.arange(120) * 33.3)
    np.testing.assert_allclose(found.ed_frame_indices, [10, 40, 70, 100], atol=3)
    np.testing.assert_allclose(found.es_frame_indices, [25, 55, 85], atol=3)


def test_the_same_curve_holds_fewer_beats_where_its_frames_are_nearer() -> None:
    """Tops 10 frames apart are two beats at 30 frames a second; at 100 a second no heart is that fast."""
    curve = beats(100, 10, 5)
    assert len(phase_events(curve, np.arange(100) * 33.3).ed_frame_indices) == 10
    assert len(phase_events(curve, np.arange(100) * 10.0).ed_frame_indices) <= 4


def test_phases_take_turns() -> None:
    curve = np.array([0, 1, 0.5, 0.9, 0.4, 0.95, 0, 1, 0], dtype=float)
    found = phase_events(curve)
    merged = sorted(found.ed_frame_indices + found.es_frame_indices)
    kinds = [frame in found.ed_frame_indices for frame in merged]
    assert all(first != second for first, second in pairwise(kinds))
    assert {1, 7} <= set(found.ed_frame_indices)
    assert 6 in found.es_frame_indices


@pytest.mark.parametrize("curve", [np.zeros(30), np.arange(30.0), np.full(30, np.nan), np.array([0.0, 1.0])])
def test_a_curve_that_does_not_turn_has_no_phases(curve: np.ndarray) -> None:
    assert phase_events(curve) == PhaseEvents((), ())


def test_times_that_run_backwards_are_not_used() -> None:
    curve = beats(60, 20, 5)
    assert phase_events(curve, np.arange(60.0)[::-1]) == phase_events(curve)
