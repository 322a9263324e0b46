"""How real the phantom's pictures are, against theory and against the numbers of real clips."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.phantom.realism.criteria import Criterion


def measure_realism() -> "list[Criterion]":
    """All criteria in order, measured now. Loads torch."""
    from models.phantom.realism.criteria import measured_criteria

    return measured_criteria()
