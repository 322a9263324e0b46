"""After the clips of a study: models that read an A4C and an A2C clip together. What they say stands with the A4C clip."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

from models.catalogue import QUANTITIES
from models.derive.study.pairs import ClipPair, choose_pair
from models.results import ClipFindings, ClipValue, Reason
from node.work.plan import Plan

log = logging.getLogger(__name__)

# Findings of the A4C clip, its file, the file of the A2C clip -> the findings with what was read off both.
AnalysePair = Callable[[ClipFindings, Path, Path, Plan], ClipFindings]


def with_pair(
    files: Sequence[Path], clips: Sequence[ClipFindings], plan: Plan, analyse_pair: AnalysePair
) -> list[ClipFindings]:
    """`clips` of these `files`; as they are where no model of the plan reads pairs, or the study has none to read."""
    if not plan.pairs_read() or not isinstance(pair := choose_pair(clips), ClipPair):
        return list(clips)
    a4c, a2c = (next(file for file, clip in zip(files, clips, strict=True) if clip is one) for one in (pair.a4c, pair.a2c))
    read = analyse_pair(pair.a4c, a4c, a2c, plan)
    return [read if clip is pair.a4c else clip for clip in clips]


def settled(reading: Future[ClipFindings], a4c: ClipFindings, plan: Plan) -> ClipFindings:
    """What a finished reading of a pair says. An error of the network is a reason, and all else of the study stands.

    Raises OSError, which is the disk's: it says nothing about the clips.
    """
    error = reading.exception()
    if error is None:
        return reading.result()
    if isinstance(error, OSError):
        raise error
    log.error("two clips read together: %s", type(error).__name__)
    return unread(a4c, plan, Reason.COMPUTATION_FAILED, f"broke off with {type(error).__name__}")


def unread(findings: ClipFindings, plan: Plan, reason: Reason, detail: str) -> ClipFindings:
    """The A4C clip's findings with the reason why nothing was read off the pair."""
    values = tuple(
        ClipValue(key, QUANTITIES[key].unit, None, model, reasons=(reason,), detail=detail) for model, key in plan.pairs_read()
    )
    return replace(findings, values=findings.values + values)
