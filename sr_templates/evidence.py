"""The source objects' headers: what documents refer to, and where patient and study attributes come from."""

import re
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydicom import config
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from sr_templates.completed_header import completed_header
from sr_templates.copied_sequences import (
    CODE,
    ENTITY,
    ISSUER_QUALIFIERS,
    OTHER_PATIENT_ID,
    REQUEST,
    CopiedItems,
    copied_items,
)
from sr_templates.copied_values import BY_DEFAULT, CopiedValue, IdentifierRules, IrregularValue, copied_value, text_of
from sr_templates.errors import DocumentError

# Patient and General Study modules (PS3.3 C.7.1.1, C.7.2.1, C.7.2.2). Type 2 attributes are written empty where unknown.
_TYPE_2 = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex",
    "StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber",
)  # fmt: skip
_TYPE_3 = (
    "IssuerOfPatientID", "QualityControlSubject", "StudyDescription", "PatientAge", "PatientSize", "PatientWeight",
    "InstitutionName",  # of the equipment module (C.7.5.1); where the patient was examined
    "AdmissionID",
)  # fmt: skip
_SEQUENCES = {
    "IssuerOfPatientIDQualifiersSequence": ISSUER_QUALIFIERS, "OtherPatientIDsSequence": OTHER_PATIENT_ID,
    "IssuerOfAccessionNumberSequence": ENTITY, "ProcedureCodeSequence": CODE, "IssuerOfAdmissionIDSequence": ENTITY,
}  # fmt: skip
_STUDY_UID = "StudyInstanceUID"
_REFERRED_BY = ("SOPInstanceUID", "SOPClassUID", "SeriesInstanceUID", _STUDY_UID)  # PS3.3 table 10-11
_ZERO_IS_UNKNOWN = frozenset({"PatientSize", "PatientWeight"})  # carts write 0 for what nobody entered


class FrameSource(Protocol):
    def __call__(self, sop_instance_uid: str, frame_number: int) -> NDArray[np.uint8]:
        """RGB of one frame, counted from 1: (rows, columns, 3), 0 to 255.

        Raises DocumentError where there is none to show.
        """
        ...


@dataclass(frozen=True, eq=False)
class Evidence:
    """Headers (no pixel data) of one study's objects by SOP Instance UID, and the newest of them all.

    The newest header gives patient and study attributes: demographics are corrected at their source and sent again. What it
    leaves blank comes from the others. Pixels come from `frame_of`, which decodes a frame when it is asked for.
    """

    headers: dict[str, Dataset]
    newest: Dataset
    rules: IdentifierRules = BY_DEFAULT
    frame_of: FrameSource | None = None
    _remembered: "dict[bool, _Copied]" = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def from_headers(
        cls, oldest_first: Iterable[Dataset], rules: IdentifierRules = BY_DEFAULT, frame_of: FrameSource | None = None
    ) -> "Evidence":
        """A later header of the same SOP Instance UID replaces the earlier one; an object that nothing can refer to is passed
        over. Raises DocumentError without any other.
        """
        headers: dict[str, Dataset] = {}
        newest: Dataset | None = None
        missing: set[str] = set()
        for header in oldest_first:
            if unnamed := missing_reference(header):
                missing.add(unnamed)
            else:
                headers[text_of(header, "SOPInstanceUID")] = newest = header
        if newest is None:
            raise DocumentError("no source object to refer to" + "".join(f": one has no {uid}" for uid in sorted(missing)[:1]))
        if len({text_of(header, "StudyInstanceUID") for header in headers.values()}) > 1:
            raise DocumentError("source objects of several studies")
        return cls(headers, completed_header(newest, headers.values()), rules, frame_of)

    @property
    def study_instance_uid(self) -> str:
        return text_of(self.newest, "StudyInstanceUID")

    def header(self, sop_instance_uid: str) -> Dataset:
        """Raises DocumentError for an object that is not part of the evidence."""
        try:
            return self.headers[sop_instance_uid]
        except KeyError:
            raise DocumentError("findings refer to an object that is not in the study") from None

    def number_of_frames(self, sop_instance_uid: str) -> int | None:
        """How many frames there are; None for a single-frame object.

        Such an object has no such attribute and is referred to without frame numbers.
        """
        frames = text_of(self.header(sop_instance_uid), "NumberOfFrames")
        return int(frames) if frames.isdecimal() else None

    def frame(self, sop_instance_uid: str, frame_number: int) -> NDArray[np.uint8]:
        """RGB of one frame, counted from 1: (rows, columns, 3), 0 to 255, whatever the object's own colours.

        Raises DocumentError for an object outside the evidence, and where nobody gave pixels, or these cannot be decoded.
        """
        self.header(sop_instance_uid)
        if self.frame_of is None:
            raise DocumentError("a picture needs pixels, and none were given")
        return self.frame_of(sop_instance_uid, frame_number)

    def patient_and_study(self, *, strict: bool = False) -> Dataset:
        """The attributes every document shares with its study, as Unicode, whatever character set the source had.

        `strict`: with valid values alone. Raises DocumentError where the rules refuse an identifier.
        """
        copied = Dataset()
        copied.add(_uid_element(self.newest))
        found = self._copied(strict)
        for keyword, value in found.values.items():
            if value.element is not None:
                copied.add(deepcopy(value.element))
            elif keyword in _TYPE_2:
                setattr(copied, keyword, "")
        for keyword, sequence in found.sequences.items():
            if sequence.items:
                setattr(copied, keyword, deepcopy(sequence.items))
        return copied

    def requests(self, *, strict: bool = False) -> list[Dataset]:
        """The items of Request Attributes Sequence (0040,0275) of all source objects, each once."""
        return deepcopy(self._copied(strict).requests)

    def remarks(self, *, strict: bool = False) -> tuple[str, ...]:
        """What was irregular in the source's patient and study attributes, and what became of it. Raises as above."""
        irregular = []
        for keyword in _REFERRED_BY:
            if any(not is_uid(text_of(header, keyword)) for header in self.headers.values()):
                irregular.append(f"{keyword} of a source object is no valid UID: echoed as it is")
        return tuple(dict.fromkeys((*irregular, *(one.remark for one in self._copied(strict).irregular))))

    def questions(self, *, strict: bool = False) -> tuple[str, ...]:
        """Those of the remarks that a person has to know of."""
        return tuple(dict.fromkeys(one.remark for one in self._copied(strict).irregular if one.asks))

    def full_values(self, *, strict: bool = False) -> tuple[str, ...]:
        """Identifiers that were left out, whole, for the text of a document. Patient data: nothing else may show them."""
        return tuple(dict.fromkeys(one.full for one in self._copied(strict).irregular if one.full))

    def _copied(self, strict: bool) -> "_Copied":
        """Once for all documents: a study may have hundreds of headers."""
        if strict not in self._remembered:
            self._remembered[strict] = self._copy(self.rules.strictly() if strict else self.rules)
        return self._remembered[strict]

    def _copy(self, rules: IdentifierRules) -> "_Copied":
        try:
            values = {keyword: copied_value(self.newest, keyword, rules) for keyword in (*_TYPE_2, *_TYPE_3)}
        except IrregularValue as error:
            raise DocumentError(str(error)) from error
        for keyword in _ZERO_IS_UNKNOWN:
            element = values[keyword].element
            if element is not None and float(element.value) == 0:
                values[keyword] = CopiedValue(None)
        sequences = {keyword: copied_items(self.newest, keyword, kind, rules) for keyword, kind in _SEQUENCES.items()}
        asked = [copied_items(header, "RequestAttributesSequence", REQUEST, rules) for header in self.headers.values()]
        requests: list[Dataset] = []
        for item in (item for one in asked for item in one.items):
            if item not in requests:
                requests.append(item)
        nested = (one for sequence in (*sequences.values(), *asked) for one in sequence.irregular)
        return _Copied(values, sequences, requests, [one for one in (*values.values(), *nested) if one.remark])


@dataclass(frozen=True, eq=False)
class _Copied:
    """What the source objects say, by one set of rules; `irregular` are all values that were remarkable."""

    values: dict[str, CopiedValue]
    sequences: dict[str, CopiedItems]
    requests: list[Dataset]
    irregular: list[CopiedValue]


def missing_reference(header: Dataset) -> str:
    """The first of the UIDs by which a document refers to an object that this one lacks; empty where it has them all."""
    return next((keyword for keyword in _REFERRED_BY if not text_of(header, keyword)), "")


def is_uid(text: str) -> bool:
    """PS3.5 9.1: digits and dots, at most 64, no component with a leading zero."""
    return len(text) <= 64 and re.fullmatch(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+", text) is not None


def _uid_element(header: Dataset) -> DataElement:
    return DataElement(_STUDY_UID, "UI", text_of(header, _STUDY_UID), validation_mode=config.IGNORE)


def is_quality_control_subject(header: Dataset) -> bool:
    """Quality Control Subject (0010,0200), as the object itself says: YES means a phantom."""
    return text_of(header, "QualityControlSubject") == "YES"
