"""The pace of a streamed examination, with a clock that only moves when somebody waits."""

from pathlib import Path

import pytest

from node.files.exam_stream import SentObject, stream_exam
from node.objects.exam_plan import ExamDetail, plan_exam


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0
        self.paused_s: list[float] = []

    def pause(self, seconds: float) -> None:
        self.paused_s.append(round(seconds, 3))
        self.now_s += seconds


def streamed(folder: Path, clock: Clock, takes_s: list[float], refused: str = "") -> tuple[list[SentObject], list[float]]:
    sent_at: list[float] = []
    takes = iter(takes_s)

    def send(path: Path) -> tuple[bool, str]:
        assert path.exists()
        sent_at.append(clock.now_s)
        clock.now_s += next(takes)
        return path.name != refused, "as told"

    plan = plan_exam(
        3, objects=3, detail=ExamDetail(polar=(40, 24), frame_rate_hz=4.0, columns=160, seconds=1.0, longest_beats=1.0)
    )
    objects = stream_exam(plan, folder, send, pace_s=10, processes=1, now_s=lambda: clock.now_s, pause=clock.pause)
    return list(objects), sent_at


@pytest.mark.slow
def test_one_object_each_pace(tmp_path: Path) -> None:
    clock = Clock()
    sent, sent_at = streamed(tmp_path, clock, [1.0, 25.0, 1.0])
    assert sent_at == [100.0, 110.0, 135.0], "the third was due at 120, but the second was still being sent"
    assert clock.paused_s == [9.0]
    assert [one.late_s for one in sent] == [0.0, 0.0, 15.0]
    assert (tmp_path / "truth.json").exists()


@pytest.mark.slow
def test_a_refusal_stops_nothing(tmp_path: Path) -> None:
    name = plan_exam(3, objects=3).objects[0].file_name
    sent, sent_at = streamed(tmp_path, Clock(), [0.0, 0.0, 0.0], refused=name)
    assert [one.ok for one in sent] == [False, True, True]
    assert len(sent_at) == 3
