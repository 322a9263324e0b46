"""A Key Object Selection that rejects objects (IHE RAD TF-3 4.66, Imaging Object Change Management): which ones, and why."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import KeyObjectSelectionDocumentStorage

from sr_templates.copied_values import text_of
from sr_templates.unreadable import UNREADABLE

# Titles of PS3.16 CID 7010 that IHE RAD TF-3 4.66.4 makes rejection notes.
TITLES = {
    "113001": "Rejected for Quality Reasons",
    "113037": "Rejected for Patient Safety Reasons",
    "113038": "Incorrect Modality Worklist Entry",
    "113039": "Data Retention Policy Expired",
}
RETENTION_EXPIRED = "113039"
_REVOKED = ("REVOKE_REJECTION", "99DCM4CHEE")  # the standard has no title that takes a rejection back; dcm4chee-arc has one
_DEEPEST = 8  # nested content; TID 2010 has one level


@dataclass(frozen=True, order=True)
class NamedObject:
    study_instance_uid: str
    sop_instance_uid: str


@dataclass(frozen=True)
class RejectionNote:
    """`code` is one of TITLES, empty of a note that takes rejections back. `named` is empty of a note that names nothing."""

    code: str
    named: frozenset[NamedObject]


def rejection_note(header: Dataset) -> RejectionNote | None:
    """None of an object that is no rejection note. What cannot be read of one names nothing.

    The study of an object is the one under which the evidence lists it; without evidence the note's own.
    """
    if text_of(header, "SOPClassUID") != KeyObjectSelectionDocumentStorage:
        return None
    titles = [_code(item) for item in _items(header, "ConceptNameCodeSequence")]
    codes = [value for value, scheme in titles if scheme == "DCM" and value in TITLES]
    if not codes and _REVOKED not in titles:
        return None
    evidence = set(_evidence(header))
    listed = {one.sop_instance_uid for one in evidence}
    own_study = text_of(header, "StudyInstanceUID")
    content = {NamedObject(own_study, uid) for uid in _selected(header) if uid not in listed}
    named = frozenset(one for one in evidence | content if _fits(one.study_instance_uid) and _fits(one.sop_instance_uid))
    return RejectionNote(codes[0] if codes else "", named)


def _code(item: Dataset) -> tuple[str, str]:
    return text_of(item, "CodeValue").strip(), text_of(item, "CodingSchemeDesignator").strip()


def _evidence(header: Dataset) -> Iterator[NamedObject]:
    """Current Requested Procedure and Pertinent Other Evidence (PS3.3 C.17.2.3), by their studies."""
    for keyword in ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence"):
        for study in _items(header, keyword):
            uid = text_of(study, "StudyInstanceUID") or text_of(header, "StudyInstanceUID")
            for series in _items(study, "ReferencedSeriesSequence"):
                yield from (NamedObject(uid, instance) for instance in _referenced(series))


def _selected(item: Dataset, depth: int = 0) -> Iterator[str]:
    for child in _items(item, "ContentSequence") if depth < _DEEPEST else ():
        yield from _referenced(child)
        yield from _selected(child, depth + 1)


def _referenced(item: Dataset) -> Iterable[str]:
    return [text_of(one, "ReferencedSOPInstanceUID") for one in _items(item, "ReferencedSOPSequence")]


def _items(item: Dataset, keyword: str) -> Iterable[Dataset]:
    """The items of a sequence; none of what is no sequence or cannot be read."""
    try:
        value: Any = item.get(keyword)
    except UNREADABLE:
        return ()
    return value if isinstance(value, Sequence) else ()


def _fits(uid: str) -> bool:
    """What is kept must fit its column; an object whose UID does not is refused when it comes."""
    return 0 < len(uid) <= 64 and uid.isascii() and uid.isprintable()
