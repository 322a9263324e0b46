"""Clips that show part of a beat, or were given a clock that no heart keeps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.derive.beats.beat_coverage import why_no_beat_shown
from models.derive.beats.cardiac_cycle import search_beats
from models.derive.beats.rhythm import systole_range_ms
from tests.unit.models.derive.beats.test_cardiac_cycle import Curve, area_curve, clock

LARGEST, SMALLEST = 30.0, 15.0  # cm2, of `area_curve`
BEAT_MS = 1132.0  # 53 beats a minute


def shown(first_ms: float, duration_ms: float, beat_ms: float = BEAT_MS, frame_rate_hz: float = 25) -> tuple[Curve, Curve]:
    """Frame times from the first frame on, and areas; an end-diastole lies at 0, `first_ms` before or after the first frame."""
    times = clock(duration_ms, frame_rate_hz)
    return times, area_curve(times, beat_ms, start=first_ms / beat_ms)


@pytest.mark.parametrize("heart_rate_bpm", [53.0, None])
@pytest.mark.parametrize("frames", range(8, 22))
@pytest.mark.parametrize("first", range(2, 12))
def test_part_of_a_beat_has_no_beat(first: int, frames: int, heart_rate_bpm: float | None) -> None:
    """Bug prevented: an EF of 46 % for 65 %, from the first frame taken for end-diastole because there was no other."""
    times, areas = shown(40.0 * first, 40.0 * (frames - 1))
    assert search_beats(areas.tolist(), times.tolist(), (), heart_rate_bpm).beats == ()


@pytest.mark.parametrize("r_waves", [(0.0,), (0.0, 0.0)])
def test_an_r_wave_that_is_only_a_placeholder_makes_no_end_diastole_of_the_first_frame(r_waves: tuple[float, ...]) -> None:
    times, areas = shown(160.0, 840.0)
    assert search_beats(areas.tolist(), times.tolist(), r_waves, 53.0).beats == ()


@pytest.mark.parametrize(("r_waves", "beats"), [((), 0), ((BEAT_MS - 520,), 1)])
def test_an_r_wave_says_where_a_beat_ends(r_waves: tuple[float, ...], beats: int) -> None:
    """From 520 ms before an end-diastole on, and over it; the fall after the next one is not shown."""
    times, areas = shown(-520.0, 520.0 + BEAT_MS - 240)
    whole = search_beats(areas.tolist(), times.tolist(), (520.0, 520.0 + BEAT_MS - 250) if r_waves else ()).beats
    assert len(whole) == beats


@pytest.mark.parametrize("of_true", [0.001, 0.01, 0.1, 0.3, 10, 100, 1000])
@pytest.mark.parametrize("heart_rate_bpm", [53.0, None])
@pytest.mark.parametrize("beats", [1, 3])
def test_a_clock_in_another_unit_has_no_beat(of_true: float, heart_rate_bpm: float | None, beats: int) -> None:
    """Bug prevented: an EF of 17 to 22 % where the smoothing reached over whole beats."""
    times, areas = shown(-200.0, 400 + beats * BEAT_MS)
    found = search_beats(areas.tolist(), (of_true * times).tolist(), (), heart_rate_bpm)
    if heart_rate_bpm or of_true != 0.3:  # 177 beats a minute are a heart's, too, if nothing speaks against them
        assert found.beats == ()
        assert found.why_none


def test_the_reason_states_both_figures() -> None:
    times, areas = shown(-200.0, 400 + 2 * BEAT_MS)
    found = search_beats(areas.tolist(), (2 * times).tolist(), (), 53.0)
    assert "2240 ms, where the stated heart rate of 53 says 1132 ms" in found.why_none
    short = search_beats(areas[:12].tolist(), times[:12].tolist(), (), 53.0)
    assert short.why_none == "the outlined frames span 440 ms, a beat at the stated rate of 53 takes 1132 ms"


@pytest.mark.slow
@settings(max_examples=300)
@given(st.floats(0, 1), st.floats(0.2, 2.4), st.floats(45, 110), st.sampled_from([25, 30, 50, 80]))
def test_whatever_part_is_shown_the_stroke_is_the_heart_s_or_none(
    start: float, beats: float, heart_rate_bpm: float, frame_rate_hz: float
) -> None:
    """Areas within an eighth of the swing: less than ten points of EF. Nothing but the curve says where a beat begins."""
    beat_ms = 60_000 / heart_rate_bpm
    times = clock(beats * beat_ms, frame_rate_hz)
    areas = area_curve(times, beat_ms, start=start)
    swing = LARGEST - SMALLEST
    for beat in search_beats(areas.tolist(), times.tolist()).beats:
        assert areas[beat.ed_frame_index] >= LARGEST - swing / 8
        assert areas[beat.es_frame_index] <= SMALLEST + swing / 8


@pytest.mark.parametrize("heart_rate_bpm", [25, 40, 60, 90, 130, 180, 220])
@pytest.mark.parametrize("stated", [True, False])
def test_two_whole_beats_of_any_rate_are_found(heart_rate_bpm: float, stated: bool) -> None:
    beat_ms = 60_000 / heart_rate_bpm
    times = clock(2.5 * beat_ms, 100)
    systole_ms = min(0.35 * beat_ms, 500.0)
    phase = ((times / beat_ms + 0.6) % 1) * beat_ms
    falls, rises = 0.5 + 0.5 * np.cos(np.pi * phase / systole_ms), (phase - systole_ms) / (beat_ms - systole_ms)
    areas = SMALLEST + (LARGEST - SMALLEST) * np.where(phase < systole_ms, falls, rises)
    found = search_beats(areas.tolist(), times.tolist(), (), heart_rate_bpm if stated else None)
    assert len(found.beats) == 2, found.why_none


@pytest.mark.parametrize("beat_ms", [273, 333, 500, 750, 1000, 1500, 2400])
def test_systole_is_shorter_than_its_beat(beat_ms: float) -> None:
    least_ms, most_ms = systole_range_ms(beat_ms)
    assert 0 < least_ms < most_ms < beat_ms


@pytest.mark.parametrize(
    ("duration_ms", "r_waves", "heart_rate_bpm", "why"),
    [
        (0, (), 60.0, "a single frame does not move"),
        (960, (), 60.0, ""),
        (600, (), 60.0, "the clip shows 640 ms, a beat takes 1000 ms"),
        (600, (0.0, 700.0), None, ""),
        (600, (0.0, 1100.0), None, "the clip shows 640 ms, a beat takes 1100 ms"),
        (600, (), None, "the clip shows 640 ms and no heart rate: whether that is a whole beat is not known"),
        (1200, (), None, ""),
    ],
)
def test_whether_a_whole_beat_goes_into_a_clip(
    duration_ms: float, r_waves: tuple[float, ...], heart_rate_bpm: float | None, why: str
) -> None:
    assert why_no_beat_shown(clock(duration_ms, 25).tolist(), r_waves, heart_rate_bpm) == why
