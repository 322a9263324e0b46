"""Timing: valves in phase with volumes, rhythm, breathing, and the same heart for the same seed."""

import itertools

import numpy as np
import pytest

from models.phantom.heart import HeartOptions, sample_heart
from models.phantom.heart.moment import moment_at

SEEDS = range(40)


@pytest.mark.parametrize("seed", SEEDS)
def test_volumes_change_only_through_open_valves(seed: int) -> None:
    heart = sample_heart(seed)
    times = np.arange(0.0, 3.2 * heart.rr_interval_ms, 4.0)
    moments = [moment_at(heart, float(t)) for t in times]
    for before, after in itertools.pairwise(moments):
        change = after.lv_ml - before.lv_ml
        if change < -1e-3:
            assert max(before.aortic_opening, after.aortic_opening) > 0
        if change > 1e-3:
            assert max(before.mitral_opening, after.mitral_opening) > 0
        assert min(after.mitral_opening, after.aortic_opening) == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_a_beat_runs_from_the_largest_volume_to_the_smallest_and_back(seed: int) -> None:
    heart = sample_heart(seed)
    for beat in heart.beats(4000.0):
        edv, esv = heart.beat_volumes_ml(beat)
        assert moment_at(heart, beat.start_ms).lv_ml == pytest.approx(edv)
        assert moment_at(heart, beat.start_ms + beat.end_systole_ms).lv_ml == pytest.approx(esv)
        assert 0 < beat.ejection_start_ms < beat.end_systole_ms < beat.mitral_opening_ms < beat.early_end_ms < beat.rr_ms
        inside = [moment_at(heart, beat.start_ms + share * beat.rr_ms).lv_ml for share in np.linspace(0, 0.99, 25)]
        assert esv - 1e-6 <= min(inside) <= max(inside) <= max(edv, heart.edv_ml * beat.next_fullness) + 1e-6


@pytest.mark.parametrize("seed", SEEDS)
def test_atria_fill_while_their_valves_are_shut(seed: int) -> None:
    heart = sample_heart(seed)
    beat = heart.beats(0.0)[0]
    assert moment_at(heart, beat.mitral_opening_ms).la_ml == pytest.approx(heart.la.max_ml)
    assert moment_at(heart, 0.0).la_ml == pytest.approx(heart.la.min_ml)
    assert moment_at(heart, beat.mitral_opening_ms).ra_ml == pytest.approx(heart.ra.max_ml)


def test_atrial_fibrillation_is_irregular_and_has_no_kick() -> None:
    heart = sample_heart(3, HeartOptions(atrial_fibrillation=True, heart_rate_bpm=80))
    beats = heart.beats(60_000.0)
    rr = np.array([beat.rr_ms for beat in beats])
    assert 60000 / rr.mean() == pytest.approx(80, rel=0.1)
    assert rr.std() / rr.mean() > 0.08
    assert all(beat.early_share == 1 for beat in beats)
    assert np.ptp([heart.beat_volumes_ml(beat)[0] for beat in beats]) > 0.05 * heart.edv_ml
    regular = sample_heart(3, HeartOptions(atrial_fibrillation=False, heart_rate_bpm=80))
    assert np.std([beat.rr_ms for beat in regular.beats(20_000.0)]) < 0.05 * regular.rr_interval_ms


def test_r_waves_are_the_beats_starts() -> None:
    heart = sample_heart(0)
    waves = heart.r_wave_times_ms(5000.0)
    assert waves[0] == 0.0
    assert waves == tuple(beat.start_ms for beat in heart.beats(5000.0))
    assert waves[-1] <= 5000.0


def test_no_moment_before_the_first_r_wave() -> None:
    with pytest.raises(ValueError, match="ms"):
        moment_at(sample_heart(0), -1.0)


def test_breathing_moves_the_heart_only_where_asked_for() -> None:
    times = np.arange(0.0, 6000.0, 100.0)
    still, moving = (sample_heart(4, HeartOptions(respiration=wanted)) for wanted in (False, True))
    assert max(abs(moment_at(still, float(t)).shift_mm[2]) for t in times) == 0
    assert max(abs(moment_at(moving, float(t)).shift_mm[2]) for t in times) > 0.5
