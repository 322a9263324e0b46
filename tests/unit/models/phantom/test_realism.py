"""The numbers of `phantom realism` are those that it names, on examples made by hand."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from models.phantom.realism import comparison, media
from models.phantom.realism.apical import four_chamber_clips
from models.phantom.realism.criteria import measured_criteria, picture_criteria, speckle_criteria
from models.phantom.realism.features import FEATURES, frame_features, log_power, sector_mask, statistics
from models.phantom.realism.reference import Statistics, real_clips

SIZE = 112


def disc() -> NDArray[np.bool_]:
    rows, columns = np.mgrid[:SIZE, :SIZE] - SIZE / 2
    return np.asarray(rows**2 + columns**2 < 45**2)


def features_of(frame: NDArray[np.float64], sector: NDArray[np.bool_]) -> dict[str, float]:
    return dict(zip(FEATURES, frame_features(frame, sector).tolist(), strict=True))


def test_the_sector_is_what_is_lit_at_any_time_without_its_rim() -> None:
    """A hole and a crack that are dark on every frame belong to it; two px of the rim do not, nor does a far speck."""
    frames = np.stack([disc() * 0.5, disc() * 0.0])
    frames[:, 50:53, 50:53] = 0.0
    frames[:, 20, 40:60] = 0.0
    sector = sector_mask(frames)
    assert sector[51, 51]
    assert sector[20, 50]
    assert np.array_equal(sector, ndimage.binary_erosion(disc(), iterations=2))


def test_features_of_stripes() -> None:
    """Columns of 0.2 and 0.6 in turn: every number can be told in advance."""
    frame = np.where(np.arange(SIZE) % 2, 0.6, 0.2) * np.ones((SIZE, 1))
    found = features_of(frame, disc())
    assert found["mean"] == pytest.approx(0.4, abs=0.01)
    assert found["std"] == pytest.approx(0.2, abs=0.001)
    assert found["frac<15/255"] == 0
    assert found["p95"] == pytest.approx(0.6)
    assert found["grad_x"] == pytest.approx(0.4)
    assert found["grad_y"] == pytest.approx(0.0)
    assert found["local_sd_tissue"] == pytest.approx(0.4 * math.sqrt(3 * 4) / 7, abs=0.001)  # 3 of 7 columns, or 4
    assert found["local_sd_dark"] == 0  # nothing is dark


def test_dark_is_below_six_hundredths() -> None:
    frame = np.full((SIZE, SIZE), 0.059)
    frame[:, ::4] = 0.061
    found = features_of(frame, disc())
    assert found["frac<15/255"] == pytest.approx(0.75, abs=0.01)
    assert found["local_sd_dark"] > 0
    assert found["local_sd_tissue"] == 0


def test_the_spectrum_tells_where_a_wave_lies() -> None:
    """A wave of a quarter of a cycle per px is in the band that holds 0.25; the first band is subtracted."""
    everywhere = np.ones((SIZE, SIZE), dtype=bool)
    wave = 0.5 + 0.2 * np.cos(2 * np.pi * 0.25 * np.arange(SIZE)) * np.ones((SIZE, 1))
    bands = log_power(wave, everywhere)
    edges = np.linspace(0.01, 0.45, 12)
    assert bands[0] == 0
    assert edges[int(bands.argmax())] <= 0.25 < edges[int(bands.argmax()) + 1]


def test_histograms_one_bin_apart_are_four_levels_apart() -> None:
    blank = np.zeros((1, 1, len(FEATURES))), np.zeros((1, 1, 11))
    first, second = np.zeros((1, 64)), np.zeros((1, 64))
    first[0, 10] = second[0, 13] = 1
    one, other = (Statistics(blank[0], bins, blank[1]) for bins in (first, second))
    assert comparison.histogram_distance(one, other) == pytest.approx(12.0)
    assert comparison.histogram_distance(one, one) == 0


def test_differences_are_counted_in_deviations_of_real_clips() -> None:
    """Real means 1, 2, 3 (deviation 1, mean 2) and ours 4 and 6: 3 deviations; spread 1.41 of theirs."""
    bins, bands = np.zeros((3, 64)), np.zeros((3, 1, 11))
    real = Statistics(np.array([1.0, 2, 3]).reshape(3, 1, 1), bins, bands)
    ours = Statistics(np.array([4.0, 6]).reshape(2, 1, 1), bins, bands + 0.3)
    assert comparison.standardised_differences(ours, real).tolist() == [3.0]
    assert comparison.spread_ratios(ours, real)[0] == pytest.approx(math.sqrt(2))
    assert comparison.spectrum_difference(ours, real) == pytest.approx(0.3)


def test_area_under_the_curve() -> None:
    assert comparison.area_under_curve(np.array([2.0, 3]), np.array([1.0, 2])) == pytest.approx(3.5 / 4)


def test_the_classifier_tells_other_clips_apart_and_alike_ones_not() -> None:
    rng = np.random.default_rng(0)

    def made(shift: float) -> Statistics:
        return Statistics(rng.normal(shift, 1, (12, 4, 9)), np.zeros((12, 64)), rng.normal(0, 1, (12, 4, 11)))

    assert comparison.two_sample_auc(made(2.0), made(0.0)) > 0.95
    assert abs(comparison.two_sample_auc(made(0.0), made(0.0)) - 0.5) < 0.2


def test_real_clips_do_not_differ_from_themselves() -> None:
    """All criteria that have a target are met by the reference itself."""
    rows = picture_criteria(real_clips())
    assert {row.name for row in rows} == {"R5", "R6", "R7", "R8"}
    assert all(row.is_met for row in rows if row.is_met is not None)
    assert [row.value for row in rows if row.name in {"R5", "R7"}] == [0.0, 0.0]


def test_statistics_of_clips_stand_by_clip_frame_and_number() -> None:
    found = statistics([np.stack([disc() * grey, disc() * grey * 0.9]) for grey in (0.4, 0.5, 0.6)])
    assert found.features.shape == (3, 2, 9)
    assert found.histograms.sum(axis=1) == pytest.approx(1.0)
    assert found.log_power.shape == (3, 2, 11)
    assert found.features[:, 0, 0] == pytest.approx([0.4, 0.5, 0.6])


def test_half_width_of_a_known_blur() -> None:
    """White noise behind a Gaussian of 3 samples: autocovariance of deviation 3 times the root of 2."""
    noise = ndimage.gaussian_filter1d(np.random.default_rng(0).normal(size=(3000, 20)), 3.0, axis=0)
    assert media.half_width(noise) == pytest.approx(2.355 * 3 * math.sqrt(2), rel=0.05)


@pytest.mark.slow
def test_speckle_is_as_theory_says() -> None:
    """R1 to R4 and R9 are met; without a target of their own stand none."""
    missed = [(row.what, row.value) for row in speckle_criteria() if not row.is_met]
    assert missed == []


@pytest.mark.slow
def test_four_chamber_pictures_are_measured_as_real_ones_are() -> None:
    """Two hearts at 112 px: every number of the reference is there, and a seed gives the same picture again."""
    clips = four_chamber_clips(2)
    found = statistics(clips)
    assert [clip.shape for clip in clips] == [(4, 112, 112)] * 2
    assert bool(np.isfinite(found.features).all() and np.isfinite(found.log_power).all())
    assert 0.03 < float(found.features[..., 0].mean()) < 0.5
    assert np.array_equal(clips[0], four_chamber_clips(1)[0])


@pytest.mark.further
def test_pictures_are_as_far_from_real_ones_as_the_page_says() -> None:
    """R5 and R6 are met. R7 is missed, by less than in the generator before (0.54). R8 is reported."""
    rows = measured_criteria()
    missed = {(row.name, row.value) for row in rows if row.is_met is False}
    assert {name for name, _ in missed} <= {"R7"}
    assert all(value < 0.5 for _, value in missed)
