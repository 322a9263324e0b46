"""How documents name frames: by number where an object has several, and what such a frame shows."""

from collections.abc import Iterable

from highdicom import sr

from models.catalogue import Phase, View
from sr_templates import codes
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence

_ACQUISITION = sr.RelationshipTypeValues.HAS_ACQ_CONTEXT


def acquisition(phase: Phase | None, view: View | None) -> sr.ContentSequence:
    """What an image shows: the cardiac cycle point and the view, as far as they are known."""
    pairs = [(codes.CARDIAC_CYCLE_POINT, codes.PHASE_CODES[phase])] if phase else []
    pairs += [(codes.IMAGE_VIEW, codes.VIEW_CODES[view])] if view else []
    return sr.ContentSequence([sr.CodeContentItem(*pair, _ACQUISITION) for pair in pairs])


def frame_numbers(sop_instance_uid: str, numbers: Iterable[int], evidence: Evidence) -> list[int] | None:
    """For a reference; None where it is to the whole object. Raises DocumentError for a frame that the object does not have."""
    named, count = set(numbers), evidence.number_of_frames(sop_instance_uid)
    if any(not 1 <= number <= (count or 1) for number in named):
        raise DocumentError("findings refer to a frame that the object does not have")
    if count is None or len(named) == count:  # all of them, be it one: PS3.3 10.3 names none
        return None
    return sorted(named)
