"""The study that the demo sends: a short examination of one synthetic heart, with every kind of object."""

from dataclasses import replace
from pathlib import Path

from node.objects.exam_plan import ExamDetail, ExamPlan, plan_exam
from node.objects.exam_writer import write_planned
from node.objects.phantom_writer import WrittenStudy

_OBJECTS, _FRAMES, _GOOD = 20, 16, 3
_POOR = "a5ch-full"  # of it nothing is measured: the study has a poor picture, and loses no value by it


def write_demo_study(out_dir: Path, *, seed: int, processes: int) -> WrittenStudy:
    return write_planned(out_dir, _plan(seed), processes=processes)


def _plan(seed: int) -> ExamPlan:
    """Good pictures, and one that is poor on purpose."""
    plan = plan_exam(seed, objects=_OBJECTS, detail=ExamDetail(frames=_FRAMES, quality=_GOOD, seconds=3.0))
    planned = (replace(one, quality=0) if one.echoview47 == _POOR else one for one in plan.objects)
    return replace(plan, objects=tuple(planned))
