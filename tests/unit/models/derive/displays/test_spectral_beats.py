"""Our own beat detector on drawn spectra with known onsets and rates."""

from collections.abc import Callable
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest

from models.derive.displays.spectral_beats import SpectralBeats, find_spectral_beats
from models.derive.displays.spectral_image import grey, without_green_trace
from models.phantom.displays import SPECTRAL, Spectrum, Wave, inflow, outflow

STEP_S = abs(SPECTRAL.physical_delta_x)
WIDTH_S = 1024 * STEP_S


def beats_of(spectrum: Spectrum, **given: object) -> SpectralBeats:
    region = spectrum.region
    display = grey(without_green_trace(spectrum.frame()))[region.y0_px : region.y1_px + 1]
    return find_spectral_beats(display, region.zero_row_px - region.y0_px, STEP_S, **given)  # type: ignore[arg-type]


def assert_at(found: SpectralBeats, expected_s: list[tuple[float, float]], within_s: float = 0.02) -> None:
    assert len(found.beats) == len(expected_s)
    for beat, (onset_s, end_s) in zip(found.beats, expected_s, strict=True):
        assert beat.first_column * STEP_S == pytest.approx(onset_s, abs=within_s)
        assert beat.last_column * STEP_S == pytest.approx(end_s, abs=within_s)


def ends(waves: tuple[Wave, ...]) -> list[tuple[float, float]]:
    return [(wave.onset_s, wave.onset_s + wave.duration_s) for wave in waves]


@pytest.mark.parametrize("rate_bpm", [40, 60, 80, 110, 150])
@pytest.mark.parametrize("peak_cm_s", [-100.0, 90.0])
def test_outflow_beats_stand_where_they_were_drawn(rate_bpm: int, peak_cm_s: float) -> None:
    waves = outflow(rate_bpm, int((WIDTH_S - 0.7) / (60 / rate_bpm)), peak_cm_s)
    found = beats_of(Spectrum(waves))
    assert_at(found, ends(waves))
    assert found.period_s is not None
    assert 60 / found.period_s == pytest.approx(rate_bpm, rel=0.02)
    assert found.upwards is (peak_cm_s > 0)


def test_the_delta_s_sign_says_nothing_about_where_flow_is_drawn() -> None:
    inverted = replace(SPECTRAL, physical_delta_y=0.8)
    assert beats_of(Spectrum(outflow(60, 3, -100.0), inverted)).upwards


@pytest.mark.parametrize("rate_bpm", [45, 60, 80, 110])
def test_early_and_atrial_filling_are_one_beat(rate_bpm: int) -> None:
    """At 45 bpm the pause between E and A is longer than systole."""
    pairs = inflow(rate_bpm, int((WIDTH_S - 0.7) / (60 / rate_bpm)))
    found = beats_of(Spectrum(tuple(chain(*pairs))), two_humps=True)
    assert_at(found, [(e.onset_s, a.onset_s + a.duration_s) for e, a in pairs])


def test_without_being_told_they_are_two() -> None:
    waves = tuple(chain(*inflow(60, 3)))
    assert_at(beats_of(Spectrum(waves)), ends(waves))


def test_irregular_outflow() -> None:
    """Atrial fibrillation: no rhythm to go by, and every beat its own size."""
    onsets = [0.2, 1.25, 1.75, 2.65, 3.3]
    waves = tuple(Wave(onset, 0.28, peak) for onset, peak in zip(onsets, [-110, -70, -55, -95, -80], strict=True))
    assert_at(beats_of(Spectrum(waves)), ends(waves))


def test_irregular_filling_without_atrial_waves() -> None:
    waves = tuple(Wave(onset, 0.25, 80) for onset in [0.5, 1.2, 2.1, 2.7, 3.5])
    assert_at(beats_of(Spectrum(waves), two_humps=True), ends(waves))


def test_cut_beats_at_the_sides_are_left_out() -> None:
    whole = Wave(1.0, 0.3, -100)
    waves = (Wave(-0.15, 0.3, -100), whole, Wave(2.0, 0.3, -100), Wave(WIDTH_S - 0.1, 0.3, -100))
    assert_at(beats_of(Spectrum(waves)), ends(waves[1:3]))


def test_an_atrial_wave_whose_early_wave_is_off_the_display_is_left_out() -> None:
    pairs = inflow(60, 4, first_s=-0.25)
    assert beats_of(Spectrum(pairs[0])).beats[0].first_column * STEP_S == pytest.approx(pairs[0][1].onset_s, abs=0.02)
    found = beats_of(Spectrum(tuple(chain(*pairs))), two_humps=True)
    assert_at(found, [(e.onset_s, a.onset_s + a.duration_s) for e, a in pairs[1:]])


def test_a_click_and_a_dropout_are_no_beats() -> None:
    """A valve click is short; a column without signal does not part the flow."""
    waves = outflow(60, 3)
    spectrum = Spectrum(waves)
    frame = spectrum.frame()
    region = spectrum.region
    click = round(waves[0].onset_s / STEP_S) - 30
    frame[region.y0_px : region.y1_px + 1, click : click + 5] = 180
    dropout = round(waves[1].peak_s / STEP_S)
    frame[region.y0_px : region.y1_px + 1, dropout : dropout + 2] = 0
    display = grey(without_green_trace(frame))[region.y0_px : region.y1_px + 1]
    assert_at(find_spectral_beats(display, 175.0, STEP_S), ends(waves), within_s=0.04)


def test_a_hollow_spectrum_of_pulsed_wave() -> None:
    """Laminar flow is a bright band along the envelope, dark below it."""
    waves = outflow(60, 3)
    spectrum = Spectrum(waves)
    inner = Spectrum(tuple(replace(wave, peak_cm_s=wave.peak_cm_s * 0.7) for wave in waves)).mask()
    frame = spectrum.frame()
    frame[inner] = 15
    region = spectrum.region
    display = grey(without_green_trace(frame))[region.y0_px : region.y1_px + 1]
    assert_at(find_spectral_beats(display, 175.0, STEP_S), ends(waves), within_s=0.03)


@pytest.mark.parametrize("seed", range(4))
def test_noise_alone_and_darkness_have_no_beats(seed: int) -> None:
    assert beats_of(Spectrum((), seed=seed)).beats == ()
    assert find_spectral_beats(np.zeros((350, 1024)), 175.0, STEP_S) == SpectralBeats((), None, False)


def test_a_display_without_clock_is_read_all_the_same() -> None:
    waves = outflow(75, 3)
    region = SPECTRAL
    display = grey(without_green_trace(Spectrum(waves).frame()))[region.y0_px : region.y1_px + 1]
    assert_at(find_spectral_beats(display, 175.0, None), ends(waves))


def weak(frame: np.ndarray) -> None:
    box = frame[SPECTRAL.y0_px : SPECTRAL.y1_px + 1]
    noise = np.random.default_rng(1).gamma(2, 8, box.shape[:2])
    box[:] = np.clip(box * 0.2 + noise[..., None], 0, 255)


def bright_walls(frame: np.ndarray) -> None:
    zero = round(SPECTRAL.zero_row_px)
    frame[zero - 8 : zero + 9] = np.clip(np.random.default_rng(1).normal(150, 30, (17, 1024, 1)), 0, 255)


def text_and_ticks(frame: np.ndarray) -> None:
    frame[SPECTRAL.y0_px : SPECTRAL.y1_px : 35, 1000:] = 255
    frame[SPECTRAL.y1_px - 6 : SPECTRAL.y1_px, ::50] = 255
    frame[SPECTRAL.y0_px + 5 : SPECTRAL.y0_px + 18, 10:120] = np.random.default_rng(1).choice([0, 255], (13, 110, 1))


def flow_on_the_other_side(frame: np.ndarray) -> None:
    waves = tuple(Wave(wave.onset_s + wave.duration_s + 0.05, 0.25, 45) for wave in outflow(70, 4))
    frame[Spectrum(waves).mask()] = 140


@pytest.mark.parametrize("disturb", [weak, bright_walls, text_and_ticks, flow_on_the_other_side])
def test_what_else_is_on_the_display_makes_no_beats(disturb: Callable[[np.ndarray], None]) -> None:
    waves = outflow(70, 4)
    frame = Spectrum(waves).frame()
    disturb(frame)
    display = grey(without_green_trace(frame))[SPECTRAL.y0_px : SPECTRAL.y1_px + 1]
    assert_at(find_spectral_beats(display, 175.0, STEP_S), ends(waves), within_s=0.04)


@pytest.mark.parametrize("step_s", [0.002, 0.006, 0.008])
def test_sweep_speeds(step_s: float) -> None:
    region = replace(SPECTRAL, physical_delta_x=step_s)
    pairs = inflow(70, int((1024 * step_s - 0.7) / (60 / 70)))
    display = grey(Spectrum(tuple(chain(*pairs)), region).frame())[region.y0_px : region.y1_px + 1]
    found = find_spectral_beats(display, 175.0, step_s, two_humps=True)
    onsets_s = [beat.first_column * step_s for beat in found.beats]
    assert onsets_s == pytest.approx([e.onset_s for e, _ in pairs], abs=0.03)


@pytest.mark.parametrize(("rate_bpm", "duration_s"), [(150, 0.2), (180, 0.17)])
def test_filling_that_has_grown_together_is_one_beat_each(rate_bpm: int, duration_s: float) -> None:
    waves = tuple(Wave(0.3 + number * 60 / rate_bpm, duration_s, 80.0) for number in range(8))
    assert_at(beats_of(Spectrum(waves), two_humps=True), ends(waves))


def test_slow_filling_between_e_and_a_stays_in_the_beat() -> None:
    pairs = inflow(60, 3)
    between = [Wave(e.onset_s + e.duration_s - 0.03, a.onset_s - e.onset_s - e.duration_s + 0.06, 18) for e, a in pairs]
    found = beats_of(Spectrum((*chain(*pairs), *between)), two_humps=True)
    assert_at(found, [(e.onset_s, a.onset_s + a.duration_s) for e, a in pairs])
