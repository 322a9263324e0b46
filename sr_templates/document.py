"""The frame that all our documents share: patient, study, own series, equipment, references to the source objects."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from highdicom import sr
from pydicom import config
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes as dictionary
from pydicom.uid import ExplicitVRLittleEndian

from sr_templates.codes import coding_scheme_identification
from sr_templates.copied_values import text_of
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity, PredecessorReference


@dataclass(frozen=True, eq=False)
class BuiltDocument:
    """A finished object. `part` tells documents of one template apart: a clip's UID, a reason; empty where there is one.

    `profile` is the key of the profile that it was built for, set by who asked for it.
    """

    template: str
    part: str
    dataset: Dataset
    profile: str = ""


@dataclass(frozen=True)
class DocumentKind:
    """What the objects of one template have in common. Series numbers start high, out of the way of the cart's own."""

    template: str
    sop_class_uid: str
    modality: str
    series_number: int
    series_description: str


def start_document(
    kind: DocumentKind, evidence: Evidence, identity: DocumentIdentity, *, part: str = "", part_number: int = 0, mark: str = ""
) -> Dataset:
    """Patient, study, series, equipment and SOP common modules; every document is a series of its own.

    `mark` replaces the series description where a document must not be taken for a clinical one.
    """
    created_at = _local_time(identity.created_at, evidence)
    document = Dataset()
    document.SpecificCharacterSet = "ISO_IR 192"
    document.update(evidence.patient_and_study())
    document.SOPClassUID = kind.sop_class_uid
    document.SOPInstanceUID = identity.derived_uid(evidence.study_instance_uid, kind.template, part)
    document.SeriesInstanceUID = identity.derived_uid(evidence.study_instance_uid, kind.template, part, "series")
    document.Modality = kind.modality
    document.SeriesNumber = kind.series_number + part_number
    document.SeriesDescription = mark or kind.series_description
    document.InstanceNumber = 1
    document.InstanceCreationDate = document.ContentDate = document.SeriesDate = created_at.strftime("%Y%m%d")
    document.InstanceCreationTime = document.ContentTime = document.SeriesTime = created_at.strftime("%H%M%S")
    document.TimezoneOffsetFromUTC = created_at.strftime("%z")[:5]
    document.Manufacturer = identity.manufacturer
    document.ManufacturerModelName = identity.model_name
    document.SoftwareVersions = identity.software_version
    document.DeviceSerialNumber = identity.device_observer_uid
    if identity.institution_name and "InstitutionName" not in document:
        document.InstitutionName = identity.institution_name
    document.CodingSchemeIdentificationSequence = [coding_scheme_identification()]
    document.file_meta = FileMetaDataset()
    document.file_meta.MediaStorageSOPClassUID = document.SOPClassUID
    document.file_meta.MediaStorageSOPInstanceUID = document.SOPInstanceUID
    document.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return document


def _local_time(created_at: datetime, evidence: Evidence) -> datetime:
    """The time in the study's own time zone, where it states one.

    (0008,0201) holds for the copied study date and time as well.
    """
    text = text_of(evidence.newest, "TimezoneOffsetFromUTC")
    if len(text) != 5 or text[0] not in "+-" or not text[1:].isdigit():
        return created_at
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[3:5]))
    return created_at.astimezone(timezone(offset if text[0] == "+" else -offset)) if offset < timedelta(days=1) else created_at


def reference_to(header: Dataset) -> Dataset:
    """Referenced SOP Class and Instance UID of one source object (PS3.3 10.8)."""
    reference = Dataset()
    for keyword in ("SOPClassUID", "SOPInstanceUID"):
        reference.add(_uid(f"Referenced{keyword}", text_of(header, keyword)))
    return reference


def _uid(keyword: str, uid: str) -> DataElement:
    """A UID as the source has it, valid or not: what refers to an object finds it by nothing else."""
    return DataElement(keyword, "UI", uid, validation_mode=config.IGNORE)


def referenced_series(headers: Iterable[Dataset], instances_keyword: str) -> list[Dataset]:
    """One item per series with its instances under `instances_keyword`, in the order of first appearance."""
    series: dict[str, list[Dataset]] = {}
    for header in headers:
        series.setdefault(text_of(header, "SeriesInstanceUID"), []).append(reference_to(header))
    items = []
    for uid, references in series.items():
        item = Dataset()
        item.add(_uid("SeriesInstanceUID", uid))
        setattr(item, instances_keyword, references)
        items.append(item)
    return items


def evidence_sequence(evidence: Evidence, sop_instance_uids: Iterable[str]) -> list[Dataset]:
    """Current Requested Procedure Evidence Sequence (0040,A375): everything the content refers to, each once."""
    item = Dataset()
    item.add(_uid("StudyInstanceUID", evidence.study_instance_uid))
    headers = (evidence.header(uid) for uid in dict.fromkeys(sop_instance_uids))
    item.ReferencedSeriesSequence = referenced_series(headers, "ReferencedSOPSequence")
    return [item]


def predecessor_item(predecessor: PredecessorReference) -> Dataset:
    """An item of (0040,A360)."""
    instance, series, study = Dataset(), Dataset(), Dataset()
    instance.ReferencedSOPClassUID = predecessor.sop_class_uid
    instance.ReferencedSOPInstanceUID = predecessor.sop_instance_uid
    series.SeriesInstanceUID = predecessor.series_instance_uid
    series.ReferencedSOPSequence = [instance]
    study.StudyInstanceUID = predecessor.study_instance_uid
    study.ReferencedSeriesSequence = [series]
    return study


def observer_context(identity: DocumentIdentity) -> sr.ObserverContext:
    """TID 1002: the observer is this device, never a person."""
    attributes = sr.DeviceObserverIdentifyingAttributes(
        uid=identity.device_observer_uid,
        name=identity.model_name,
        manufacturer_name=identity.manufacturer,
        model_name=identity.model_name,
    )
    return sr.ObserverContext(dictionary.DCM.Device, attributes)
