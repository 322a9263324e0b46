"""Points out of drawn heat maps: one pixel or parts of one, the nearest two blobs or the two of one beat."""

import numpy as np
import pytest

from models.derive.displays.spectral_peaks import (
    Candidate,
    best_pair,
    candidates,
    follows,
    published_pair,
    published_peak,
    soft_peak,
)
from models.errors import NoPointPair
from tests.spectra import heat_map

SIZE = (426, 1024)


def maps(zero: list[tuple[float, float, float]], one: list[tuple[float, float, float]]) -> np.ndarray:
    """Two channels of (x, y, height)."""
    channels = [heat_map([(x, y) for x, y, _ in points], [h for *_, h in points], size=SIZE) for points in (zero, one)]
    return np.stack(channels)


def test_the_brightest_pixel_is_whole_and_the_soft_peak_is_not() -> None:
    probability = heat_map([(300.4, 120.6)], size=SIZE)
    assert published_peak(probability) == (300, 121)
    assert soft_peak(probability) == pytest.approx((300.4, 120.6), abs=0.05)


def test_one_pixel_of_noise_moves_the_brightest_pixel_not_the_soft_peak() -> None:
    """On the flat top of a broad peak a single pixel decides; at 0.8 cm/s a row that is 3 cm/s."""
    probability = heat_map([(300.0, 120.0)], sigma_px=12.0, size=SIZE)
    probability[124, 301] = 0.96
    assert published_peak(probability) == (301, 124)
    assert soft_peak(probability) == pytest.approx((300.0, 120.0), abs=0.3)


def test_a_saturated_peak_is_taken_in_its_middle() -> None:
    """The first of equal pixels is the upper border of the plateau."""
    probability = np.clip(heat_map([(300.0, 120.0)], [2.0], size=SIZE), 0, 1)
    assert published_peak(probability)[1] == 115
    assert soft_peak(probability) == pytest.approx((300.0, 120.0), abs=0.2)


def test_background_and_other_beats_do_not_pull_the_soft_peak() -> None:
    probability = heat_map([(300.0, 120.0), (600.0, 300.0)], [0.9, 0.8], size=SIZE) + 0.05
    assert soft_peak(probability) == pytest.approx((300.0, 120.0), abs=0.05)


def test_a_peak_at_the_border_of_the_map() -> None:
    assert soft_peak(heat_map([(1022.0, 2.0)], size=SIZE)) == pytest.approx((1020.0, 3.5), abs=2.5)
    assert soft_peak(np.zeros((10, 10))) == (0.0, 0.0)


def test_published_pair_is_ordered_from_left_to_right_whatever_the_maps_are_for() -> None:
    """Map 1 is E, map 0 is A; their order on the screen decides all the same."""
    e, a = published_pair(maps(zero=[(400, 200, 0.9)], one=[(320, 150, 0.9)]))
    assert [e, a] == [pytest.approx((320, 150), abs=1), pytest.approx((400, 200), abs=1)]  # cut to whole pixels
    e, a = published_pair(maps(zero=[(320, 150, 0.9)], one=[(400, 200, 0.9)]))
    assert [e, a] == [pytest.approx((320, 150), abs=1), pytest.approx((400, 200), abs=1)]  # cut to whole pixels


def test_published_pair_takes_the_nearest_blob_even_of_another_beat() -> None:
    """A of one beat and E of the next lie nearer together than E and A of one beat in a slow heart."""
    drawn = maps(zero=[(400, 200, 0.95)], one=[(200, 150, 0.8), (500, 150, 0.9)])
    assert list(published_pair(drawn)) == [pytest.approx((400, 200), abs=1), pytest.approx((500, 150), abs=1)]


def test_published_pair_needs_two_blobs_more_than_15_px_apart() -> None:
    with pytest.raises(NoPointPair, match="one peak only"):
        published_pair(maps(zero=[(400, 200, 0.9)], one=[(408, 204, 0.9)]))
    with pytest.raises(NoPointPair, match="no peak"):
        published_pair(np.zeros((2, 20, 20)))


@pytest.mark.parametrize(("apart_px", "found"), [(13, False), (14, False), (17, True), (18, True)])
def test_published_blobs_are_two_from_15_px_on(apart_px: int, found: bool) -> None:
    """Narrow ones, which stay apart in the picture."""
    drawn = np.stack([heat_map([(x, 200)], [0.9], sigma_px=2, size=SIZE) for x in (400 + apart_px, 400)])
    if found:
        assert list(published_pair(drawn)) == [pytest.approx((400, 200), abs=1), pytest.approx((400 + apart_px, 200), abs=1)]
    else:
        with pytest.raises(NoPointPair, match="one peak only"):
            published_pair(drawn)


@pytest.mark.parametrize(("away_px", "second_x"), [(14, 345), (17, 317)])
def test_published_the_other_map_alone_is_searched_from_15_px_on(away_px: int, second_x: int) -> None:
    """Map 1 peaks highest; up to 15 px further away the peak of map 0 is the same one, and both maps are searched."""
    zero = heat_map([(300 + away_px, 150), (400, 150)], [0.9, 0.7], sigma_px=2, size=SIZE)
    one = heat_map([(300, 150), (345, 150)], [0.9, 0.8], sigma_px=2, size=SIZE)
    one[150, 300] = 0.95
    _, second = published_pair(np.stack([zero, one]))
    assert second == pytest.approx((second_x, 150), abs=1)


def test_published_pair_searches_the_map_whose_peak_lies_further_away() -> None:
    """The added maps peak where map 1 does; map 0 peaks elsewhere and so gives the second point."""
    drawn = maps(zero=[(300, 150, 0.7), (600, 220, 0.9)], one=[(300, 150, 0.9)])
    assert list(published_pair(drawn)) == [pytest.approx((300, 150), abs=1), pytest.approx((600, 220), abs=1)]


def test_candidates_are_all_peaks_with_each_map_s_probability() -> None:
    found = candidates(maps(zero=[(400.3, 200, 0.9)], one=[(320.6, 150, 0.8), (700, 150, 0.1)]))
    assert [point.point for point in found] == [pytest.approx((320.6, 150), abs=0.1), pytest.approx((400.3, 200), abs=0.1)]
    assert [round(p, 1) for p in found[0].probabilities] == [0.0, 0.8]
    assert [round(p, 1) for p in found[1].probabilities] == [0.9, 0.0]


def test_candidates_nearer_than_15_px_are_one() -> None:
    (found,) = candidates(maps(zero=[(400, 200, 0.9)], one=[(407, 205, 0.7)]))
    assert found.point == pytest.approx((400, 200), abs=5)
    assert candidates(np.zeros((2, 50, 50), np.float32)) == ()


@pytest.mark.parametrize(("apart_px", "count"), [(13, 1), (14, 1), (17, 2), (18, 2)])
def test_candidates_are_two_from_15_px_on(apart_px: int, count: int) -> None:
    drawn = [heat_map([(x, 200)], [height], sigma_px=2, size=SIZE) for x, height in ((400 + apart_px, 0.7), (400, 0.9))]
    assert len(candidates(np.stack(drawn))) == count


def test_the_best_pair_is_allowed_then_likely_then_close() -> None:
    points = tuple(
        Candidate(x, 0.0, p) for x, p in [(0.0, (0.0, 0.9)), (100.0, (0.8, 0.0)), (400.0, (0.0, 0.9)), (520.0, (0.85, 0.0))]
    )

    def score(e: Candidate, a: Candidate) -> float:
        return e.probabilities[1] + a.probabilities[0]

    first, second = best_pair(points, lambda e, a: 10 <= a.x - e.x <= 300, score)
    assert (first.x, second.x) == (0.0, 100.0)
    first, second = best_pair(points, lambda e, a: 110 <= a.x - e.x <= 300, score)
    assert (first.x, second.x) == (400.0, 520.0)
    with pytest.raises(NoPointPair, match="one beat"):
        best_pair(points, lambda e, a: a.x - e.x > 1000, score)


def test_candidates_of_which_no_map_is_sure_are_left_out() -> None:
    drawn = maps(zero=[(400, 200, 0.9)], one=[(700, 150, 0.5)])
    assert [round(point.x) for point in candidates(drawn, 0.4)] == [400, 700]
    assert [round(point.x) for point in candidates(drawn, 0.6)] == [400]


@pytest.mark.parametrize(
    ("step_s", "near_px", "far_px", "direction"),
    [(0.004, 15, 275, 1), (-0.004, 15, 275, -1), (0.002, 30, 550, 1), (None, 1, 300, 1)],
)
def test_what_follows_by_the_display_s_clock(step_s: float | None, near_px: int, far_px: int, direction: int) -> None:
    """0.06 to 1.1 s later; where nothing is known of time, up to 300 px to the right."""
    belongs = follows(step_s, 0.06, 1.1)
    start = Candidate(600.0, 0.0, (0.0, 0.0))
    for away_px, expected in (
        (near_px - 1, False),
        (near_px, True),
        (far_px, True),
        (far_px + 1, False),
        (-near_px - 5, False),
    ):
        other = Candidate(600.0 + direction * away_px, 0.0, (0.0, 0.0))
        assert belongs(start, other) is expected, away_px
