"""Whose study the page is of, and which analysis of it."""

from pydicom.dataset import Dataset

from models.results import Measurement, StudyFindings
from sr_templates.copied_values import text_of
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from sr_templates.patient_characteristics import body_surface
from sr_templates.study_page.contents import Entry, HeadingBlock
from sr_templates.study_page.words import date_text, person_name, plain_text, time_text
from sr_templates.subject_age import age_years

_SEXES = {"M": "male", "F": "female", "O": "other"}


def heading(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> tuple[HeadingBlock, ...]:
    """Patient and study as the header has them, by the same rules as in every document. Raises DocumentError as these do."""
    source = evidence.patient_and_study(strict=identity.profile.strict)
    return (
        HeadingBlock("Patient", _patient(source, evidence, findings.measurements)),
        HeadingBlock("Study", _study(source)),
        HeadingBlock("Analysis", _analysis(identity)),
    )


def _patient(source: Dataset, evidence: Evidence, measurements: tuple[Measurement, ...]) -> tuple[Entry, ...]:
    years, body = age_years(evidence), body_surface(evidence, measurements)
    issuer, sex = _text(source, "IssuerOfPatientID"), _text(source, "PatientSex")
    size, weight = _text(source, "PatientSize"), _text(source, "PatientWeight")
    entries = [
        Entry("Name", person_name(text_of(source, "PatientName"))),
        Entry("Patient ID", " ".join(filter(None, (_text(source, "PatientID"), f"({issuer})" if issuer else "")))),
        Entry("Born", date_text(text_of(source, "PatientBirthDate"))),
        Entry("Sex, age", ", ".join(filter(None, (_SEXES.get(sex, sex), "" if years is None else f"{years} years")))),
    ]
    if size or weight or body:
        parts = (f"{size} m" if size else "", f"{weight} kg" if weight else "", f"BSA {body.area_m2:.2f} m²" if body else "")
        entries.append(Entry("Body", ", ".join(filter(None, parts))))
    return tuple(entries)


def _study(source: Dataset) -> tuple[Entry, ...]:
    when = " ".join(filter(None, (date_text(text_of(source, "StudyDate")), time_text(text_of(source, "StudyTime")))))
    entries = [
        Entry("Date", when),
        Entry("Accession", _text(source, "AccessionNumber")),
        Entry("Description", _text(source, "StudyDescription")),
        Entry("Referred by", person_name(text_of(source, "ReferringPhysicianName"))),
    ]
    if institution := _text(source, "InstitutionName"):
        entries.append(Entry("Institution", institution))
    return tuple(entries)


def _analysis(identity: DocumentIdentity) -> tuple[Entry, ...]:
    return (
        Entry("Analysed", identity.created_at.strftime("%Y-%m-%d %H:%M %z")),
        Entry("Revision", str(identity.revision)),
        Entry("By", f"{plain_text(identity.model_name)} {plain_text(identity.software_version)}"),
        Entry("Status", "preliminary, verified by no person"),
    )


def _text(source: Dataset, keyword: str) -> str:
    return plain_text(text_of(source, keyword))
