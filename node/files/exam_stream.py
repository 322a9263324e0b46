"""A synthetic examination sent object by object at a pace, as a cart does while the patient is examined."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from node.objects.exam_plan import ExamPlan
from node.objects.exam_writer import MadeObject, make_objects, write_truth

# Sends one file: whether it was taken, and in words what was answered.
Send = Callable[[Path], tuple[bool, str]]


@dataclass(frozen=True)
class SentObject:
    path: Path
    ok: bool
    answer: str
    late_s: float  # after it was due: its picture took longer to make, or its sending, than the pace allows


def stream_exam(
    plan: ExamPlan,
    folder: Path,
    send: Send,
    *,
    pace_s: float,
    processes: int = 2,
    now_s: Callable[[], float] = time.monotonic,
    pause: Callable[[float], object] = time.sleep,
) -> Iterator[SentObject]:
    """Make the objects in `folder`, and send each `pace_s` after the one before, or as soon as it is made.

    `truth.json` is written there when all are made. An object that is refused stops nothing.
    """
    made: list[MadeObject] = []
    due_s: float | None = None
    for one in make_objects(folder, plan, processes=processes):
        made.append(one)
        due_s = now_s() if due_s is None else due_s + pace_s
        if now_s() < due_s:
            pause(due_s - now_s())
        late_s = max(0.0, now_s() - due_s)
        ok, answer = send(one.path)
        yield SentObject(one.path, ok, answer, late_s)
    write_truth(folder, plan, made)
