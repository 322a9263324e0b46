"""Beats in area curves with known end-diastoles and end-systoles."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.derive.beats.cardiac_cycle import find_beats
from models.results import Beat

Curve = NDArray[np.float64]


def area_curve(times_ms: Curve, beat_ms: float, start: float = 0.0, largest: float = 30.0, smallest: float = 15.0) -> Curve:
    """Emptying over 35 % of the beat, early filling to three quarters, diastasis, atrial kick. `start` in beats."""
    phase = (times_ms / beat_ms + start) % 1
    emptying = 0.5 + 0.5 * np.cos(np.pi * phase / 0.35)
    early = 0.75 * (0.5 - 0.5 * np.cos(np.pi * (phase - 0.35) / 0.25))
    kick = 0.75 + 0.25 * (0.5 - 0.5 * np.cos(np.pi * (phase - 0.8) / 0.2))
    filled = np.select([phase < 0.35, phase < 0.6, phase < 0.8], [emptying, early, np.full_like(phase, 0.75)], kick)
    return smallest + (largest - smallest) * filled


def clock(duration_ms: float, frame_rate_hz: float) -> Curve:
    return np.arange(0, duration_ms + 0.1, 1000 / frame_rate_hz)


def off_by_ms(beats: tuple[Beat, ...], times: Curve, beat_ms: float, start: float = 0.0) -> float:
    """Largest distance of any found frame from the true end-diastole (0) or end-systole (0.35 of a beat)."""
    phases = [(times[b.ed_frame_index] / beat_ms + start, 0.0) for b in beats]
    phases += [(times[b.es_frame_index] / beat_ms + start, 0.35) for b in beats]
    return max(abs((phase - true + 0.5) % 1 - 0.5) * beat_ms for phase, true in phases)


@pytest.mark.parametrize("frame_rate_hz", [25, 30, 50, 80])
@pytest.mark.parametrize("heart_rate_bpm", [40, 60, 100, 150])
def test_every_beat_at_every_rate(frame_rate_hz: float, heart_rate_bpm: float) -> None:
    beat_ms = 60_000 / heart_rate_bpm
    times = clock(3 * beat_ms, frame_rate_hz)
    beats = find_beats(area_curve(times, beat_ms, start=0.85).tolist(), times.tolist())
    assert len(beats) == 3
    assert off_by_ms(beats, times, beat_ms, start=0.85) <= max(40, 1500 / frame_rate_hz)


@pytest.mark.parametrize("frame_rate_hz", [25, 30, 50, 80])
@pytest.mark.parametrize("heart_rate_bpm", [40, 60, 100, 150])
def test_every_beat_from_r_wave_to_r_wave(frame_rate_hz: float, heart_rate_bpm: float) -> None:
    beat_ms = 60_000 / heart_rate_bpm
    times = clock(3 * beat_ms, frame_rate_hz)
    r_waves = [0.0, beat_ms, 2 * beat_ms]
    beats = find_beats(area_curve(times, beat_ms).tolist(), times.tolist(), r_waves, heart_rate_bpm)
    assert len(beats) == 3
    assert off_by_ms(beats, times, beat_ms) <= max(40, 1500 / frame_rate_hz)


@pytest.mark.parametrize(("end", "beats"), [(0.6, 2), (0.7, 2), (0.8, 3), (0.9, 3)])
def test_a_rise_cut_by_the_end_of_the_clip_is_no_end_diastole(end: float, beats: int) -> None:
    """And the beat it belongs to counts only where nearly all of it is shown."""
    times = clock(2750 + 1000 * end, 50)
    found = find_beats(area_curve(times, 1000, start=0.25).tolist(), times.tolist())
    assert [times[beat.ed_frame_index] for beat in found] == pytest.approx([750, 1750, 2750][:beats], abs=40)


@pytest.mark.parametrize("frame_rate_hz", [25, 50])
def test_a_clip_of_one_beat_has_one_beat(frame_rate_hz: float) -> None:
    """From the first frame to the last: part of a beat may look so, too, unless a heart rate says how long it is."""
    times = clock(1000, frame_rate_hz)
    areas = area_curve(times, 1000).tolist()
    assert find_beats(areas, times.tolist()) == ()
    beats = find_beats(areas, times.tolist(), heart_rate_bpm=60)
    assert len(beats) == 1
    assert beats[0].ed_frame_index == 0
    assert off_by_ms(beats, times, 1000) <= 40


def test_a_clip_that_starts_after_end_diastole() -> None:
    """From mid-systole on, over the next end-diastole: the emptying seen in part is no beat, the whole one is."""
    times = clock(1900, 50)
    beats = find_beats(area_curve(times, 1000, start=0.2).tolist(), times.tolist())
    assert len(beats) == 1
    assert times[beats[0].ed_frame_index] == pytest.approx(800, abs=40)


def test_the_last_emptying_without_filling_is_no_beat() -> None:
    times = clock(1340, 50)
    assert len(find_beats(area_curve(times, 1000).tolist(), times.tolist())) == 1


def test_noise_of_an_outline_moves_the_frames_little() -> None:
    times = clock(3000, 50)
    areas = area_curve(times, 1000, start=0.9) + np.random.default_rng(3).normal(0, 0.5, times.size)
    beats = find_beats(areas.tolist(), times.tolist())
    assert len(beats) == 3
    assert off_by_ms(beats, times, 1000, start=0.9) <= 80


def test_a_failing_heart_still_beats() -> None:
    times = clock(3000, 50)
    areas = area_curve(times, 1000, start=0.9, largest=50, smallest=47) + np.random.default_rng(4).normal(0, 0.15, times.size)
    assert len(find_beats(areas.tolist(), times.tolist())) == 3


@pytest.mark.parametrize("area", [20.0, 0.0])
def test_a_single_frame_has_no_beat(area: float) -> None:
    times = clock(2000, 30)
    assert find_beats([area] * times.size, times.tolist()) == ()


@pytest.mark.parametrize("seed", range(40))
def test_noise_alone_has_no_beat(seed: int) -> None:
    random = np.random.default_rng(seed)
    times = clock(float(random.uniform(500, 3000)), 50)
    areas = 20 + random.normal(0, float(random.choice([0.1, 1.0, 3.0])), times.size)
    assert find_beats(areas.tolist(), times.tolist()) == ()


def test_a_probe_that_slides_away_has_no_beat() -> None:
    times = clock(2000, 50)
    assert find_beats(np.linspace(30, 10, times.size).tolist(), times.tolist()) == ()


def test_r_waves_decide_where_end_diastole_is_sought() -> None:
    times = clock(3000, 50)
    areas = area_curve(times, 1000)
    areas[58:64] += 4  # an outline that swells by mistake between two R waves
    beats = find_beats(areas.tolist(), times.tolist(), r_wave_times_ms=(0.0, 1000.0, 2000.0))
    assert [times[beat.ed_frame_index] for beat in beats] == pytest.approx([0, 1000, 2000], abs=60)


def test_r_waves_of_another_clock_are_passed_over() -> None:
    times = clock(2000, 50)
    areas = area_curve(times, 1000)
    elsewhere = find_beats(areas.tolist(), times.tolist(), r_wave_times_ms=(50_000.0, 51_000.0))
    assert elsewhere == find_beats(areas.tolist(), times.tolist())
    assert len(elsewhere) == 1


def test_frames_without_area_are_never_chosen() -> None:
    times = clock(3000, 50)
    areas: list[float | None] = list(area_curve(times, 1000))
    missing = [0, 1, 17, 18, 50, 51, 100, 101]
    for index in missing:
        areas[index] = None
    beats = find_beats(areas, times.tolist())
    assert len(beats) == 2
    assert not {frame for b in beats for frame in (b.ed_frame_index, b.es_frame_index)} & set(missing)


def test_no_beat_reaches_across_a_long_gap() -> None:
    times = clock(4100, 50)
    areas: list[float | None] = list(area_curve(times, 1000, start=0.9))
    gap = range(115, 140)
    areas[gap.start : gap.stop] = [None] * len(gap)
    beats = find_beats(areas, times.tolist())
    assert [b for b in beats if b.ed_frame_index < gap.start] == list(beats[:2])
    assert all(b.es_frame_index < gap.start or b.ed_frame_index >= gap.stop for b in beats)
    assert len(beats) == 3


@pytest.mark.parametrize("r_waves", [(), (100.0, 1100.0, 2100.0, 3100.0)])
@pytest.mark.parametrize("filling", [0.2, 0.39])
def test_no_beat_reaches_across_a_filling_too_weak_to_be_an_end_diastole(r_waves: tuple[float, ...], filling: float) -> None:
    """Bug prevented: a systole of 1.3 s, from one beat's end-diastole to the next one's end-systole."""
    times = clock(4000, 30)
    areas = area_curve(times, 1000, start=0.9)
    weak = (times > 450) & (times < 1450)
    areas[weak] = 15 + filling * (areas[weak] - 15)
    beats = find_beats(areas.tolist(), times.tolist(), r_waves)
    assert [times[beat.ed_frame_index] for beat in beats] == pytest.approx([2100, 3100], abs=40)
    assert all(times[beat.es_frame_index] - times[beat.ed_frame_index] == pytest.approx(350, abs=60) for beat in beats)


def test_what_empties_in_diastole_may_take_longer() -> None:
    """An atrium is largest at the ventricle's end-systole."""
    times = clock(4500, 50)
    areas = 20 + 5 * np.cos(2 * np.pi * times / 1500)
    assert find_beats(areas.tolist(), times.tolist()) == ()
    assert len(find_beats(areas.tolist(), times.tolist(), of_atrium=True)) >= 2


def test_one_failed_outline_is_neither_end_systole_nor_a_beat() -> None:
    times = clock(2000, 50)
    areas = area_curve(times, 1000, start=0.9)
    areas[45] = 2.0
    areas[75] = 90.0
    beats = find_beats(areas.tolist(), times.tolist())
    assert len(beats) == 2
    assert off_by_ms(beats, times, 1000, start=0.9) <= 60


def test_a_known_heart_rate_tells_two_tops_of_one_beat() -> None:
    """Early filling higher than the kick after it, with a deep dip between: two tops, one beat of 1000 ms."""
    times = clock(3000, 50)
    dip = 6.5 * np.exp(-((((times % 1000) - 720) / 60) ** 2))
    areas = area_curve(times, 1000) - dip
    plain = find_beats(areas.tolist(), times.tolist())
    told = find_beats(areas.tolist(), times.tolist(), heart_rate_bpm=60)
    assert len(told) == 2
    assert off_by_ms(told, times, 1000) <= 40
    assert len(plain) >= len(told)


def beats_on_clock(heart_rate_bpm: float, stretch: float) -> tuple[Beat, ...]:
    """Three beats of 800 ms whose stated frame times are `stretch` times the true ones."""
    times = clock(2400, 50)
    return find_beats(area_curve(times, 800, start=0.9).tolist(), (stretch * times).tolist(), heart_rate_bpm=heart_rate_bpm)


@pytest.mark.parametrize(("stretch", "beats"), [(0.5, 0), (0.55, 0), (0.7, 3), (1.0, 3), (1.35, 3), (1.5, 0), (2.0, 0)])
def test_a_clock_that_contradicts_the_heart_rate_has_no_beats(stretch: float, beats: int) -> None:
    assert len(beats_on_clock(75, stretch)) == beats


@pytest.mark.parametrize("heart_rate_bpm", [20, 230])
def test_an_implausible_heart_rate_contradicts_nothing(heart_rate_bpm: float) -> None:
    assert len(beats_on_clock(heart_rate_bpm, 1.0)) == 3


@pytest.mark.parametrize("shift_ms", [-300, -200, -150, -100, 0, 100, 150, 200, 300])
@pytest.mark.parametrize("heart_rate_bpm", [50, 60, 80])
def test_r_waves_on_a_shifted_clock_never_move_end_diastole_into_systole(shift_ms: float, heart_rate_bpm: float) -> None:
    beat_ms = 60_000 / heart_rate_bpm
    times = clock(4 * beat_ms, 50)
    areas = area_curve(times, beat_ms, start=0.7)
    r_waves = [(number + 0.3) * beat_ms + shift_ms for number in range(4)]
    beats = find_beats(areas.tolist(), times.tolist(), r_waves)
    assert len(beats) >= 3
    assert all(areas[beat.ed_frame_index] >= 30 - 0.12 * 15 for beat in beats)
    assert all(areas[beat.es_frame_index] <= 15.3 for beat in beats)


@pytest.mark.parametrize("r_waves", [(0.0,), (0.0, 0.0, 0.0), (0.0, 1000.0, 0.0), (0.0, 2000.0), (1000.0,)])
def test_missing_or_padded_r_waves_mix_no_beats(r_waves: tuple[float, ...]) -> None:
    """The third beat is the smallest of all: the end-systole of a beat that had no end would lie there."""
    times = clock(3000, 50)
    areas = area_curve(times, 1000) - np.where((times > 2000) & (times < 2700), 3.0 * np.sin(np.pi * (times - 2000) / 700), 0)
    beats = find_beats(areas.tolist(), times.tolist(), r_waves)
    assert [times[beat.ed_frame_index] for beat in beats] == pytest.approx(sorted(set(r_waves)), abs=40)
    assert all(times[beat.es_frame_index] - times[beat.ed_frame_index] == pytest.approx(350, abs=60) for beat in beats)


@pytest.mark.parametrize("into_the_beat", [0.02, 0.05, 0.08, 0.12])
@pytest.mark.parametrize("r_waves", [(), (0.0,), (0.0, 0.0)])
def test_a_clip_that_starts_in_systole_counts_only_whole_beats(into_the_beat: float, r_waves: tuple[float, ...]) -> None:
    times = clock(2500, 50)
    areas = area_curve(times, 1000, start=into_the_beat)
    beats = find_beats(areas.tolist(), times.tolist(), r_waves)
    assert beats
    assert all(areas[beat.ed_frame_index] >= 30 - 0.1 * 15 for beat in beats)
    if not r_waves:
        assert all(beat.ed_frame_index > 0 for beat in beats)


@pytest.mark.parametrize(("into_the_beat", "count"), [(0.0, 1), (0.04, 1), (0.11, 0), (0.2, 0)])
def test_the_border_is_the_end_diastole_of_a_single_beat_only_near_the_top(into_the_beat: float, count: int) -> None:
    times = clock(1300 - 1000 * into_the_beat, 50)
    beats = find_beats(area_curve(times, 1000, start=into_the_beat).tolist(), times.tolist())
    assert len(beats) == count


def irregular_curve(lengths_ms: list[float]) -> tuple[Curve, Curve, list[float]]:
    """Frame times, areas and R waves of beats of different lengths."""
    r_waves = np.concatenate([[0.0], np.cumsum(lengths_ms)])
    times = clock(float(r_waves[-1]), 50)
    beat = np.minimum(np.searchsorted(r_waves, times, side="right") - 1, len(lengths_ms) - 1)
    phase = (times - r_waves[beat]) / np.array(lengths_ms)[beat]
    return times, area_curve(phase, 1.0), r_waves.tolist()


@pytest.mark.parametrize(
    ("lengths_ms", "kept"),
    [
        ([900, 1000, 1100, 950], [0, 1, 2, 3]),
        ([1000, 1000, 600, 1400, 1000, 1000], [0, 1, 5]),  # a premature beat, its pause, and the strong beat after it
        ([1000, 1000, 1000, 700], [0, 1, 2]),
        ([1000, 700], [0, 1]),  # of two, nobody knows which one is the rule
    ],
)
@pytest.mark.parametrize("by_r_waves", [True, False])
def test_an_ectopic_beat_and_the_one_after_its_pause_do_not_count(
    lengths_ms: list[float], kept: list[int], by_r_waves: bool
) -> None:
    times, areas, r_waves = irregular_curve(lengths_ms)
    beats = find_beats(areas.tolist(), times.tolist(), r_waves if by_r_waves else ())
    expected = [r_waves[number] for number in kept if by_r_waves or number > 0]
    assert [times[beat.ed_frame_index] for beat in beats] == pytest.approx(expected, abs=60)


@pytest.mark.parametrize("heart_rate_bpm", [0.0, 600.0, -5.0, None])
def test_an_impossible_heart_rate_is_not_believed(heart_rate_bpm: float | None) -> None:
    times = clock(2000, 50)
    areas = area_curve(times, 1000).tolist()
    assert find_beats(areas, times.tolist(), heart_rate_bpm=heart_rate_bpm) == find_beats(areas, times.tolist())


@pytest.mark.parametrize("count", [0, 1, 4])
def test_too_few_frames(count: int) -> None:
    assert find_beats([10.0, 20.0, 10.0, 20.0][:count], [0.0, 40.0, 80.0, 120.0][:count]) == ()


def test_a_clip_shorter_than_the_smoothing() -> None:
    assert find_beats([30.0, 25, 20, 25, 30, 31], [0.0, 1, 2, 3, 4, 5]) == ()


def test_all_frames_without_area() -> None:
    assert find_beats([None] * 20, [40.0 * n for n in range(20)]) == ()


def test_a_clock_that_stands_still_gives_no_beats() -> None:
    areas = area_curve(clock(2000, 50), 1000).tolist()
    assert find_beats(areas, [0.0] * len(areas)) == ()


def test_curves_of_different_length_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="2 areas for 1"):
        find_beats([1.0, 2.0], [0.0])
