"""What stands in the findings where a clip, or several read together, could not be computed: all else of the study stands."""

import logging
from concurrent.futures import Future
from dataclasses import replace

from models.catalogue import QUANTITIES
from models.derive.study.groups import ClipGroup
from models.library.model_set import ModelSet
from models.library.quantities import groups_read
from models.results import ClipFindings, QualityFlag, QualityIssue, ReadValue, Reason

log = logging.getLogger(__name__)


def clip_without_numbers(sop_instance_uid: str, reason: Reason, message: str) -> ClipFindings:
    flag = QualityFlag(QualityIssue.UNDECODABLE, sop_instance_uid, message)
    return ClipFindings(sop_instance_uid, 0, 0, 0, gates=(reason,), flags=(flag,))


def group_without_values(group: ClipGroup, models: ModelSet, reason: Reason, detail: str) -> ClipFindings:
    """The findings of the group's first clip with the reason why nothing was read off all of them."""
    first = group.clips[0]
    values = tuple(
        ReadValue(key, QUANTITIES[key].unit, None, model=model, reasons=(reason,), detail=detail)
        for model, key in groups_read(models).get(group.views, ())
    )
    return replace(first, values=first.values + values)


def read_or_reason(reading: Future[ClipFindings], group: ClipGroup, models: ModelSet) -> ClipFindings:
    """What a finished reading of a group says. An error of the network is a reason.

    Raises OSError, which is the disk's: it says nothing about the clips.
    """
    error = reading.exception()
    if error is None:
        return reading.result()
    if isinstance(error, OSError):
        raise error
    log.error("clips read together: %s", type(error).__name__)
    return group_without_values(group, models, Reason.COMPUTATION_FAILED, f"broke off with {type(error).__name__}")
