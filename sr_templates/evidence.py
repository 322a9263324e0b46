"""The source objects' headers: what documents refer to, and where patient and study attributes come from."""

from collections.abc import Iterable
from dataclasses import dataclass

from pydicom import config
from pydicom.dataset import Dataset
from pydicom.valuerep import PersonName, validate_value


class DocumentError(ValueError):
    """A document cannot be built from these findings. The message holds no patient data."""


# Patient and General Study modules (PS3.3 C.7.1.1, C.7.2.1, C.7.2.2). Type 2 attributes are written empty where unknown.
_TYPE_2 = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex",
    "StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber",
)  # fmt: skip
_TYPE_3 = (
    "IssuerOfPatientID", "QualityControlSubject", "StudyDescription", "PatientAge", "PatientSize", "PatientWeight",
    "InstitutionName",  # of the equipment module (C.7.5.1); where the patient was examined
)  # fmt: skip
_ZERO_IS_UNKNOWN = frozenset({"PatientSize", "PatientWeight"})  # carts write 0 for what nobody entered
# Left out rather than wrong is right for a date; for these it would file the document under nobody.
_NEVER_LEFT_OUT = frozenset({"PatientName", "PatientID", "IssuerOfPatientID", "AccessionNumber"})


@dataclass(frozen=True, eq=False)
class Evidence:
    """Headers (no pixel data) of one study's objects by SOP Instance UID, and the newest of them all.

    The newest header gives patient and study attributes: demographics are corrected at their source and sent again.
    """

    headers: dict[str, Dataset]
    newest: Dataset

    @classmethod
    def from_headers(cls, oldest_first: Iterable[Dataset]) -> "Evidence":
        """A later header of the same SOP Instance UID replaces the earlier one. Raises DocumentError without any header."""
        headers: dict[str, Dataset] = {}
        newest: Dataset | None = None
        for header in oldest_first:
            headers[str(header.SOPInstanceUID)] = newest = header
        if newest is None:
            raise DocumentError("no source object to refer to")
        if len({str(header.StudyInstanceUID) for header in headers.values()}) > 1:
            raise DocumentError("source objects of several studies")
        return cls(headers, newest)

    @property
    def study_instance_uid(self) -> str:
        return str(self.newest.StudyInstanceUID)

    def header(self, sop_instance_uid: str) -> Dataset:
        """Raises DocumentError for an object that is not part of the evidence."""
        try:
            return self.headers[sop_instance_uid]
        except KeyError:
            raise DocumentError("findings refer to an object that is not in the study") from None

    def number_of_frames(self, sop_instance_uid: str) -> int | None:
        """None for a single-frame object, which has no such attribute and is referred to without frame numbers."""
        frames = self.header(sop_instance_uid).get("NumberOfFrames")
        return int(frames) if frames is not None else None

    def patient_and_study(self) -> Dataset:
        """The attributes every document shares with its study, as Unicode, whatever character set the source had.

        A value that its own VR forbids (an ACR-NEMA date such as 1994.06.08) is left out rather than passed on.
        """
        copied = Dataset()
        copied.StudyInstanceUID = self.study_instance_uid
        for keyword in _TYPE_2:
            setattr(copied, keyword, _valid_text(self.newest, keyword))
        for keyword in _TYPE_3:
            text = _valid_text(self.newest, keyword)
            if text and not (keyword in _ZERO_IS_UNKNOWN and float(text) == 0):
                setattr(copied, keyword, text)
        return copied


def is_quality_control_subject(header: Dataset) -> bool:
    """Quality Control Subject (0010,0200), as the object itself says: YES means a phantom."""
    return str(header.get("QualityControlSubject", "")) == "YES"


def _valid_text(header: Dataset, keyword: str) -> str:
    """Empty where absent, or where the value breaks its own VR. Raises DocumentError where that would lose an identifier."""
    if keyword not in header:
        return ""
    try:
        element = header[keyword]
        text = "" if element.value is None else str(element.value)
        validate_value(element.VR, PersonName(text) if element.VR == "PN" else text, config.RAISE)
    except (ValueError, TypeError, LookupError):
        if keyword in _NEVER_LEFT_OUT:
            raise DocumentError(f"{keyword} of the source object cannot be written") from None
        return ""
    return text
