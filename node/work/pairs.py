"""After the clips of a study: models that read an A4C and an A2C clip together. What they say stands with the A4C clip."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

from models.catalogue import QUANTITIES
from models.derive.study.pairs import ClipPair, choose_pair
from models.library.model_set import ModelSet
from models.library.quantities import pairs_read
from models.results import ClipFindings, ClipValue, Reason

log = logging.getLogger(__name__)

# Findings of the A4C clip, its file, the file of the A2C clip -> the findings with what was read off both.
AnalysePair = Callable[[ClipFindings, Path, Path, ModelSet], ClipFindings]


def with_pair(
    files: Sequence[Path], clips: Sequence[ClipFindings], models: ModelSet, analyse_pair: AnalysePair
) -> list[ClipFindings]:
    """`clips` of these `files`; as they are where no model of the set reads pairs, or the study has none to read."""
    if not pairs_read(models) or not isinstance(pair := choose_pair(clips), ClipPair):
        return list(clips)
    a4c, a2c = (next(file for file, clip in zip(files, clips, strict=True) if clip is one) for one in (pair.a4c, pair.a2c))
    read = analyse_pair(pair.a4c, a4c, a2c, models)
    return [read if clip is pair.a4c else clip for clip in clips]


def settled(reading: Future[ClipFindings], a4c: ClipFindings, models: ModelSet) -> ClipFindings:
    """What a finished reading of a pair says. An error of the network is a reason, and all else of the study stands.

    Raises OSError, which is the disk's: it says nothing about the clips.
    """
    error = reading.exception()
    if error is None:
        return reading.result()
    if isinstance(error, OSError):
        raise error
    log.error("two clips read together: %s", type(error).__name__)
    return unread(a4c, models, Reason.COMPUTATION_FAILED, f"broke off with {type(error).__name__}")


def unread(findings: ClipFindings, models: ModelSet, reason: Reason, detail: str) -> ClipFindings:
    """The A4C clip's findings with the reason why nothing was read off the pair."""
    values = tuple(
        ClipValue(key, QUANTITIES[key].unit, None, model, reasons=(reason,), detail=detail) for model, key in pairs_read(models)
    )
    return replace(findings, values=findings.values + values)
