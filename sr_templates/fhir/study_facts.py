"""What every resource of a study says: whose it is, of which study, for which orders, and when the heart was seen."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from models.results import StudyFindings
from sr_templates.copied_values import text_of
from sr_templates.evidence import Evidence, is_quality_control_subject
from sr_templates.fhir.datatypes import Json, concept, issued_identifier, logical, plain, uid_identifier
from sr_templates.identity import DocumentIdentity
from sr_templates.patient_safety import research_mark

_STUDY_INSTANCE_UID = Code("110180", "DCM", "Study Instance UID")
# What says of a resource that it is nobody's: test health data.
_TEST_DATA = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST", "display": "test health data"}


@dataclass(frozen=True)
class StudyFacts:
    """`orders` are references to service requests, the study's own first. `seen_at` is a dateTime, empty where unknown."""

    patient: Json
    study: Json
    orders: tuple[Json, ...]
    seen_at: str
    issued_at: str
    mark: str
    is_test_data: bool

    def of_resource(self, kind: str) -> Json:
        tags = {"meta": {"tag": [_TEST_DATA]}} if self.is_test_data else {}
        return {"resourceType": kind, **tags}

    def of_result(self) -> Json:
        """Of an Observation or a report: preliminary, for nobody has signed it."""
        times = {"effectiveDateTime": self.seen_at} if self.seen_at else {}
        return {"status": "preliminary", "subject": self.patient, "issued": self.issued_at, **times}


def study_facts(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> StudyFacts:
    """The receiver has patient, study and orders already, as the mapping assumes: they are referred to by identifier."""
    strict = identity.profile.strict
    source = evidence.patient_and_study(strict=strict)
    of_study = {"type": concept(_STUDY_INSTANCE_UID), **uid_identifier(evidence.study_instance_uid)}
    return StudyFacts(
        patient=_patient(source),
        study=logical("ImagingStudy", of_study),
        orders=tuple(_orders((source, *evidence.requests(strict=strict)))),
        seen_at=_date_time(source, text_of(evidence.newest, "TimezoneOffsetFromUTC")),
        issued_at=identity.created_at.isoformat(timespec="seconds"),
        mark=research_mark(findings),
        is_test_data=is_quality_control_subject(evidence.newest),
    )


def _patient(source: Dataset) -> Json:
    qualifiers = _first(source, "IssuerOfPatientIDQualifiersSequence")
    kind = text_of(qualifiers, "IdentifierTypeCode") or "MR"  # HL7 table 0203: medical record number
    identifier = issued_identifier(kind, text_of(source, "PatientID"), text_of(source, "IssuerOfPatientID"), qualifiers)
    groups = text_of(source, "PatientName").split("=")  # PS3.5 6.2.1
    name = next((group for group in groups if group.strip("^ ")), "")
    return logical("Patient", identifier, plain(" ".join(name.replace("^", " ").split())))


def _orders(sources: Iterable[Dataset]) -> list[Json]:
    """By accession number, each once, and with its issuer where any of the sources names one."""
    found: dict[str, Json] = {}
    for source in sources:
        value, issuer = text_of(source, "AccessionNumber"), _first(source, "IssuerOfAccessionNumberSequence")
        identifier = issued_identifier("ACSN", value, "", issuer)
        if identifier and len(identifier) > len(found.get(value, {})):
            found[value] = identifier
    return [logical("ServiceRequest", identifier) for identifier in found.values()]


def _first(source: Dataset, keyword: str) -> Dataset:
    items = source.get(keyword) or [Dataset()]
    first: Dataset = items[0]
    return first


def _date_time(source: Dataset, offset: str) -> str:
    """Study date and time; the date alone where the objects state no offset from UTC, for a time has to have one."""
    day, time = text_of(source, "StudyDate"), text_of(source, "StudyTime").split(".")[0]
    try:
        seen_on = date.fromisoformat(f"{day[:4]}-{day[4:6]}-{day[6:]}").isoformat()
    except ValueError:
        return ""
    try:
        return datetime.strptime(f"{day} {time:0<6} {offset}" if len(time) >= 4 else "", "%Y%m%d %H%M%S %z").isoformat()
    except ValueError:
        return seen_on
