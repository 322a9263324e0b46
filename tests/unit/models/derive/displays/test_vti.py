"""Masks of flow: which are believed, and how many centimetres they are."""

import numpy as np
import pytest

from models.derive.displays import vti
from models.phantom.displays import SPECTRAL, Spectrum, Wave


def probability(rows: slice, columns: slice, value: float = 0.9) -> np.ndarray:
    found = np.full((256, 256), 0.01, np.float32)
    found[rows, columns] = value
    return found


GOOD = probability(slice(120, 200), slice(100, 160))


def rejected(found: np.ndarray, baseline_row: float | None = 128, forbids_top: bool = False) -> str:
    return vti.checked_mask(found, baseline_row, forbids_top).rejected


def test_a_good_mask_is_believed() -> None:
    beat = vti.checked_mask(GOOD, 128, False)
    assert (beat.rejected, beat.area_px) == ("", 80 * 60)
    assert beat.confidence == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (probability(slice(125, 135), slice(0, 19)), "area of 190 px"),
        (probability(slice(0, 256), slice(0, 156)), "of the crop"),
        (probability(slice(120, 200), slice(100, 160), 0.6), "mean probability 0.600"),
        (probability(slice(150, 200), slice(100, 160)), "baseline"),
        (np.zeros((256, 256)), "area of 0 px"),
    ],
)
def test_each_rule_rejects_in_the_published_order(found: np.ndarray, words: str) -> None:
    assert words in rejected(found)


def test_limits_are_inclusive_where_the_original_s_are() -> None:
    assert rejected(probability(slice(120, 130), slice(0, 20))) == ""  # 200 px
    assert rejected(probability(slice(0, 256), slice(0, 153))) == ""  # 0.598
    assert rejected(probability(slice(120, 200), slice(100, 160), 0.6501)) == ""


def test_at_most_four_pieces() -> None:
    pieces = np.maximum.reduce([probability(slice(110, 140), slice(x, x + 20)) for x in (10, 60, 110, 160)])
    assert rejected(pieces) == ""
    assert "5 pieces" in rejected(np.maximum(pieces, probability(slice(110, 140), slice(210, 230))))


def test_only_mitral_inflow_must_not_touch_the_top() -> None:
    touching = np.maximum(GOOD, probability(slice(8, 130), slice(120, 123)))  # 2 rows x 3 columns in the top ten
    assert rejected(touching, forbids_top=True) == "touches the top"
    assert rejected(touching) == ""
    assert rejected(np.maximum(GOOD, probability(slice(9, 130), slice(120, 125))), forbids_top=True) == ""  # 5 px are allowed


def test_the_baseline_is_looked_for_just_above_and_not_below_it() -> None:
    """Rows from 20 above to 5 below, more than 10 px of flow."""
    assert rejected(probability(slice(132, 200), slice(100, 111))) == ""  # 11 px in row 132
    assert rejected(probability(slice(132, 200), slice(100, 110))) == "does not touch the baseline"
    assert rejected(probability(slice(60, 109), slice(100, 160))) == ""
    assert rejected(probability(slice(60, 108), slice(100, 160))) == "does not touch the baseline"
    assert rejected(probability(slice(10, 60), slice(100, 160)), baseline_row=None) == ""


def test_published_consistency_is_to_the_most_confident_and_drops_an_arrhythmia_s_beats() -> None:
    masks = [vti.checked_mask(probability(slice(120, 120 + h), slice(0, 100), p), 128, False) for h, p in
             [(50, 0.9), (60, 0.8), (61, 0.8), (40, 0.8), (39, 0.8)]]  # fmt: skip
    assert vti.published_inconsistent(masks) == (2, 4)
    assert vti.most_confident(masks) == 0
    assert vti.inconsistent([float(mask.area_px) for mask in masks]) == ()


def test_nothing_believed_has_no_best() -> None:
    masks = [vti.checked_mask(np.zeros((256, 256)), 128, False)]
    assert vti.published_inconsistent(masks) == ()
    assert vti.most_confident(masks) is None
    assert vti.inconsistent([]) == ()


@pytest.mark.parametrize("peak_cm_s", [-100.0, 95.0])
@pytest.mark.parametrize("duration_s", [0.2, 0.35])
def test_the_integral_is_that_of_the_drawn_wave(peak_cm_s: float, duration_s: float) -> None:
    wave = Wave(1.0, duration_s, peak_cm_s)
    assert vti.vti_cm(Spectrum((wave,)).mask(), SPECTRAL) == pytest.approx(wave.vti_cm, rel=0.01)


def test_what_lies_outside_the_region_or_across_the_baseline_does_not_count() -> None:
    """The published crop ends at the bottom of the image, so a mask may run on below the region."""
    wave = Wave(1.0, 0.3, -100.0)
    mask = Spectrum((wave,)).mask()
    mask[SPECTRAL.y1_px + 1 :, 250:325] = True
    mask[500:517, 260:280] = True  # a little above the baseline
    assert vti.vti_cm(mask, SPECTRAL) == pytest.approx(wave.vti_cm, rel=0.01)
    assert vti.vti_cm(np.zeros_like(mask), SPECTRAL) == 0


def test_a_piece_apart_from_the_flow_does_not_count() -> None:
    """Beyond a gap in its own columns, where the outermost pixel would add a quarter, or beside it."""
    wave = Wave(1.0, 0.3, -92.0)
    mask = Spectrum((wave,)).mask()
    last_row = round(Spectrum((wave,)).row_of(wave.peak_cm_s))
    mask[last_row + 10 : last_row + 40, 260:315] = True
    mask[600:620, 340:360] = True
    assert vti.vti_cm(mask, SPECTRAL) == pytest.approx(wave.vti_cm, rel=0.01)


def test_a_large_piece_apart_on_the_other_side_does_not_turn_the_flow_round() -> None:
    wave = Wave(1.0, 0.3, -60.0)
    mask = Spectrum((wave,)).mask()
    mask[360:430, 240:340] = True
    assert vti.vti_cm(mask, SPECTRAL) == pytest.approx(wave.vti_cm, rel=0.01)


@pytest.mark.parametrize("peak_cm_s", [-92.0, 92.0])
def test_early_and_atrial_filling_are_two_pieces_and_a_dark_band_at_the_baseline_parts_neither(peak_cm_s: float) -> None:
    """The wall filter takes the slowest flow out of the picture: the pieces begin as near to the baseline as is believed."""
    waves = (Wave(1.0, 0.2, peak_cm_s), Wave(1.4, 0.14, peak_cm_s / 2))
    mask = Spectrum(waves).mask()
    mask[517 - 6 : 517 + 7] = False
    assert vti.vti_cm(mask, SPECTRAL) == pytest.approx(sum(wave.vti_cm for wave in waves), rel=0.03)


def test_flow_hollow_inside_counts_whole() -> None:
    wave = Wave(1.0, 0.3, -92.0)
    mask = Spectrum((wave,)).mask()
    mask[530:580, 270:305] = False
    assert vti.vti_cm(mask, SPECTRAL) == pytest.approx(wave.vti_cm, rel=0.01)


def test_flow_at_the_region_s_edge_runs_off() -> None:
    assert not vti.runs_off(Spectrum((Wave(1.0, 0.3, -130.0),)).mask(), SPECTRAL)
    assert vti.runs_off(Spectrum((Wave(1.0, 0.3, -145.0),)).mask(), SPECTRAL)
    assert vti.runs_off(Spectrum((Wave(1.0, 0.3, 145.0),)).mask(), SPECTRAL)


def test_masks_go_back_to_their_columns_as_blocks_or_interpolated() -> None:
    found = probability(slice(100, 150), slice(0, 256))
    block = vti.published_in_columns(found >= 0.5, slice(10, 40), (512, 100))
    assert np.flatnonzero(block.any(axis=0)).tolist() == list(range(10, 40))
    assert np.flatnonzero(block.any(axis=1)).tolist() == list(range(200, 300))
    ramp = np.repeat(np.linspace(0, 1, 256, dtype=np.float32)[:, None], 256, axis=1)
    fine = vti.in_columns(ramp, slice(10, 40), (1000, 100))
    assert np.flatnonzero(fine.any(axis=1))[0] == pytest.approx(500, abs=1)
