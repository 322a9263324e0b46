"""The heart rate of a clip: what counts before what, and what is no rate."""

import pytest

from models.derive.beats.heart_rate import heart_rate
from models.results import Beat, RateOrigin


@pytest.mark.parametrize(
    ("waves_ms", "stated", "ed_frames", "bpm", "origin"),
    [
        ((0.0, 800.0, 1600.0), 70.0, (), 75.0, RateOrigin.R_WAVES),
        ((0.0, 800.0, 2400.0, 3200.0), None, (), 75.0, RateOrigin.R_WAVES),  # a beat without its wave: 1600 ms are two
        ((250.0,), 70.0, (), 70.0, RateOrigin.HEADER),
        ((), 70.0, (0, 20, 40), 70.0, RateOrigin.HEADER),
        ((), None, (0, 20, 40), 60.0, RateOrigin.BEATS),
        ((), 300.0, (0, 20), 60.0, RateOrigin.BEATS),
    ],
)
def test_r_waves_before_the_header_before_the_beats(
    waves_ms: tuple[float, ...], stated: float | None, ed_frames: tuple[int, ...], bpm: float, origin: RateOrigin
) -> None:
    beats = [Beat(frame, frame + 7) for frame in ed_frames]
    found = heart_rate(waves_ms, stated, beats, [50.0 * frame for frame in range(60)])
    assert found is not None
    assert (round(found.bpm, 6), found.origin) == (bpm, origin)


@pytest.mark.parametrize(
    ("waves_ms", "stated", "ed_frames"), [((), None, ()), ((), None, (0,)), ((), 0.0, (0,)), ((0.0, 1000.0), 120.0, ())]
)
def test_what_nobody_states_or_two_clocks_contradict_is_not_known(
    waves_ms: tuple[float, ...], stated: float | None, ed_frames: tuple[int, ...]
) -> None:
    beats = [Beat(frame, frame + 7) for frame in ed_frames]
    assert heart_rate(waves_ms, stated, beats, [50.0 * frame for frame in range(60)]) is None
