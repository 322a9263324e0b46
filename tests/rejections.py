"""Key Object Selections as an archive sends them to reject objects (PS3.3 A.35.4, TID 2010)."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydicom import config
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import KeyObjectSelectionDocumentStorage, UltrasoundMultiFrameImageStorage

from tests.arrivals import STUDY_UID

QUALITY, PATIENT_SAFETY, WRONG_WORKLIST, RETENTION = "113001", "113037", "113038", "113039"
ALL_TITLES = (QUALITY, PATIENT_SAFETY, WRONG_WORKLIST, RETENTION)


def rejection_of(
    *uids: str,
    title: str = QUALITY,
    scheme: str = "DCM",
    number: int = 0,
    study_instance_uid: str = STUDY_UID,
    of_study: str = "",
    **attributes: Any,
) -> Dataset:
    """Note `number` of its study names these objects under `of_study`; attributes are set or, with None, removed."""
    note = Dataset()
    note.SOPClassUID, note.SOPInstanceUID = KeyObjectSelectionDocumentStorage, f"2.25.900.{number}"
    note.StudyInstanceUID, note.SeriesInstanceUID = study_instance_uid, "2.25.950"
    note.PatientName, note.PatientID = "Secret^Name", "SECRET-ID"
    note.Modality, note.StudyDate = "KO", "20260304"
    note.ValueType = "CONTAINER"
    note.ConceptNameCodeSequence = [_code(title, scheme, "A title")]
    note.ContentSequence = [_selected(uid) for uid in uids]
    note.CurrentRequestedProcedureEvidenceSequence = evidence({of_study or study_instance_uid: uids})
    for keyword, value in attributes.items():
        if value is None:
            del note[keyword]
        else:
            setattr(note, keyword, value)
    return note


def evidence(uids_by_study: Mapping[str, Iterable[str]]) -> list[Dataset]:
    items = []
    for study_uid, uids in uids_by_study.items():
        series, study = Dataset(), Dataset()
        series.SeriesInstanceUID = "2.25.150"
        series.ReferencedSOPSequence = [_reference(uid) for uid in uids]
        study.StudyInstanceUID, study.ReferencedSeriesSequence = study_uid, [series]
        items.append(study)
    return items


def _selected(uid: str) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", "IMAGE"
    item.ReferencedSOPSequence = [_reference(uid)]
    return item


def _reference(uid: str) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID = UltrasoundMultiFrameImageStorage
    reference.add(DataElement("ReferencedSOPInstanceUID", "UI", uid, validation_mode=config.IGNORE))
    return reference


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code
