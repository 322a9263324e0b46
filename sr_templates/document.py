"""The frame that all our documents share: patient, study, own series, equipment, references to the source objects."""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from highdicom import sr
from pydicom import config
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes as dictionary
from pydicom.uid import ExplicitVRLittleEndian

from models.results import ModelUse
from sr_templates.codes import coding_scheme_identification
from sr_templates.contributing_equipment import contributing_equipment
from sr_templates.copied_values import text_of
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity, PredecessorReference
from sr_templates.referenced_requests import referenced_requests

_LONGEST_LT = 10_240  # characters, PS3.5 6.2


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
class BuiltFile:
    """A finished document that is no DICOM object: its bytes, and how files of its kind end. `uid` names it for ever."""

    template: str
    part: str
    uid: str
    content: bytes
    suffix: str
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
    kind: DocumentKind,
    evidence: Evidence,
    identity: DocumentIdentity,
    *,
    part: str = "",
    part_number: int = 0,
    mark: str = "",
    subject: str = "",
    models: Iterable[ModelUse] = (),
) -> Dataset:
    """Patient, study, series, equipment and SOP common modules; every document is a series of its own.

    The series description says `subject`, what the document is about, and whether it is `mark`ed as not clinical. `models`
    are the networks that contributed to it.
    """
    document = Dataset()
    document.SpecificCharacterSet = "ISO_IR 192"
    document.update(evidence.patient_and_study(strict=identity.profile.strict))
    if in_full := _fitting(evidence.full_values(strict=identity.profile.strict)):
        document.PatientComments = in_full
    document.SOPClassUID = kind.sop_class_uid
    document.SOPInstanceUID = identity.derived_uid(evidence.study_instance_uid, kind.template, part)
    document.SeriesInstanceUID = identity.derived_uid(evidence.study_instance_uid, kind.template, part, "series")
    document.Modality = kind.modality
    document.SeriesNumber = kind.series_number + part_number
    document.SeriesDescription = series_description(kind, identity, subject, research=bool(mark))
    document.InstanceNumber = 1
    document.update(_times(evidence, identity))
    document.update(_equipment(identity))
    if identity.institution_name and "InstitutionName" not in document:
        document.InstitutionName = identity.institution_name
    if contributed := contributing_equipment(models, identity):
        document.ContributingEquipmentSequence = contributed
    _refer_to_requests(document, kind, evidence.requests(strict=identity.profile.strict))
    document.CodingSchemeIdentificationSequence = [coding_scheme_identification()]
    document.file_meta = FileMetaDataset()
    document.file_meta.MediaStorageSOPClassUID = document.SOPClassUID
    document.file_meta.MediaStorageSOPInstanceUID = document.SOPInstanceUID
    document.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return document


def put_report(
    document: Dataset, content: Dataset, referenced: Iterable[str], evidence: Evidence, identity: DocumentIdentity
) -> None:
    """The content of a report, and the SR Document General Module (PS3.3 C.17.2): a machine's proposal, PARTIAL and UNVERIFIED.

    `referenced` are the SOP Instance UIDs of everything that the content refers to.
    """
    document.update(content)
    document.CompletionFlag = "PARTIAL"
    document.VerificationFlag = "UNVERIFIED"
    document.PreliminaryFlag = "PRELIMINARY"
    document.ReferencedPerformedProcedureStepSequence = []
    if uids := list(referenced):
        document.CurrentRequestedProcedureEvidenceSequence = evidence_sequence(evidence, uids)
    if identity.predecessor is not None:
        document.PredecessorDocumentsSequence = [predecessor_item(identity.predecessor)]


def _fitting(lines: Iterable[str]) -> str:
    """As many whole lines as the 10,240 characters of an LT hold."""
    text = ""
    for line in lines:
        text = longer if len(longer := f"{text}\n{line}".strip()) <= _LONGEST_LT else text
    return text


def series_description(kind: DocumentKind, identity: DocumentIdentity, subject: str = "", *, research: bool = False) -> str:
    """What a list of series shows: what it is, of what, in which revision. A long subject gives way: LO has 64 characters."""
    start, end = f"{'RESEARCH: ' if research else ''}{kind.series_description}", f", revision {identity.revision}"
    about = subject[: 63 - len(start) - len(end)].strip()
    return f"{start} {about}{end}" if about else start + end


def _times(evidence: Evidence, identity: DocumentIdentity) -> Dataset:
    created_at = _local_time(identity.created_at, evidence)
    times = Dataset()
    times.InstanceCreationDate = times.ContentDate = times.SeriesDate = created_at.strftime("%Y%m%d")
    times.InstanceCreationTime = times.ContentTime = times.SeriesTime = created_at.strftime("%H%M%S")
    times.TimezoneOffsetFromUTC = created_at.strftime("%z")[:5]
    return times


def _equipment(identity: DocumentIdentity) -> Dataset:
    """Enhanced General Equipment Module (PS3.3 C.7.5.2)."""
    equipment = Dataset()
    equipment.Manufacturer = identity.manufacturer
    equipment.ManufacturerModelName = identity.model_name
    equipment.SoftwareVersions = identity.software_version
    equipment.DeviceSerialNumber = identity.device_observer_uid
    return equipment


def _refer_to_requests(document: Dataset, kind: DocumentKind, requests: list[Dataset]) -> None:
    """A report and a key object refer to the orders they answer (PS3.3 C.17.2, C.17.6.2); other objects keep the attributes
    of the request as the images have them (PS3.3 C.7.3.1).
    """
    if kind.modality in ("SR", "KO"):
        if requests:
            document.ReferencedRequestSequence = referenced_requests(document, requests)
    elif requests:
        document.RequestAttributesSequence = requests
    if kind.modality == "SR":
        document.PerformedProcedureCodeSequence = deepcopy(document.get("ProcedureCodeSequence", []))


def _local_time(created_at: datetime, evidence: Evidence) -> datetime:
    """The time in the study's own time zone, where it states one.

    (0008,0201) holds for the copied study date and time as well.
    """
    text = text_of(evidence.newest, "TimezoneOffsetFromUTC")
    if len(text) != 5 or text[0] not in "+-" or not (text.isascii() and text[1:].isdecimal()):
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
