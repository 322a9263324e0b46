"""Frame times that cannot be true are none, and the clip says why with both figures."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from node.objects.clip_reader import read_clip
from node.objects.video_file import read_video, write_video
from tests.unit.node.objects.ultrasound_object import as_file, ultrasound_object

FRAME_TIME, FRAME_TIME_VECTOR = 0x00181063, 0x00181065
PICTURE = np.zeros((30, 24, 32, 3), np.uint8)


def timed(**attributes: Any) -> Any:
    return read_clip(as_file(ultrasound_object(PICTURE, **attributes)))


@pytest.mark.parametrize("slip", [0.001, 0.01, 0.1, 10, 100, 1000])
@pytest.mark.parametrize("other", [{"CineRate": 25}, {"RecommendedDisplayFrameRate": 25}, {"EffectiveDuration": 1.2}])
@pytest.mark.parametrize("kind", ["pointer", "no pointer", "vector", "vector without pointer", "duration"])
def test_a_wrong_unit_is_refused_with_both_figures(slip: float, other: dict[str, float], kind: str) -> None:
    frame_ms = 40 * slip
    vector = [0.0, *[frame_ms] * 29]
    clip = timed(
        **other,
        **{
            "pointer": {"FrameTime": frame_ms, "FrameIncrementPointer": FRAME_TIME},
            "no pointer": {"FrameTime": frame_ms},
            "vector": {"FrameTimeVector": vector, "FrameIncrementPointer": FRAME_TIME_VECTOR},
            "vector without pointer": {"FrameTimeVector": vector},
            "duration": {"ActualFrameDuration": max(1, round(frame_ms))},
        }[kind],
    )
    if kind == "duration" and frame_ms < 1:  # whole numbers alone, so it says 1 ms
        frame_ms = 1
    assert clip.frame_times_ms is None
    assert f"the frame times say {frame_ms:.4g} ms a frame" in clip.clock_objection
    assert f"no frame times: {clip.clock_objection}" in clip.notes
    assert clip.why_no_times == clip.clock_objection


def test_the_words_name_the_other_attribute() -> None:
    clip = timed(FrameTime=0.04, FrameIncrementPointer=FRAME_TIME, CineRate=25)
    assert clip.clock_objection == "the frame times say 0.04 ms a frame, Cine Rate says 25 frames/s"


@pytest.mark.parametrize("frame_ms", [0.04, 0.4, 400, 4000])
def test_times_that_no_echo_has_are_refused_without_any_other_attribute(frame_ms: float) -> None:
    clip = timed(FrameTime=frame_ms, FrameIncrementPointer=FRAME_TIME)
    assert clip.frame_times_ms is None
    assert "where echo clips have 1 to 250 ms" in clip.clock_objection


@pytest.mark.parametrize(
    ("frame_ms", "others"),
    [
        (40, {"CineRate": 25, "RecommendedDisplayFrameRate": 25, "EffectiveDuration": 1.16}),
        (10, {"RecommendedDisplayFrameRate": 30}),  # shown at a third of its speed
        (16.7, {"CineRate": 15}),
        (100, {"CineRate": 30}),  # and quicker
        (33.3, {"CineRate": 0, "EffectiveDuration": 0}),
        (40, {"ActualFrameDuration": 20}),
        (40, {"EffectiveDuration": 2.0}),  # trimmed
    ],
)
def test_other_rates_within_reason_change_nothing(frame_ms: float, others: dict[str, float]) -> None:
    clip = timed(FrameTime=frame_ms, FrameIncrementPointer=FRAME_TIME, **others)
    assert (clip.clock_objection, clip.frame_times_ms[1]) == ("", pytest.approx(frame_ms))
    assert not clip.notes


def test_a_single_frame_is_not_checked() -> None:
    single = read_clip(as_file(ultrasound_object(PICTURE[:1], FrameTime=4000, FrameIncrementPointer=FRAME_TIME)))
    assert single.clock_objection == ""


@pytest.mark.parametrize("rate_hz", [2.0, 3.0])
def test_a_video_of_an_impossible_rate_has_no_times(tmp_path: Path, rate_hz: float) -> None:
    write_video(tmp_path / "slow.avi", (np.full((48, 64, 3), 20 * index, np.uint8) for index in range(6)), rate_hz)
    clip = read_video(tmp_path / "slow.avi")
    assert clip.frame_times_ms is None
    assert f"{1000 / rate_hz:.4g} ms a frame" in clip.clock_objection
