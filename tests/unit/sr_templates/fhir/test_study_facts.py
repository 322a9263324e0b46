"""Whose values these are: by the identifiers that the study has, with the issuers it names, and no invented one."""

import json
from typing import Any

import fhir.resources.bundle
import fhir.resources.R4B.bundle  # noqa: F401 - loaded once, in no test's time
import pytest
from pydicom import config
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from sr_templates.evidence import Evidence
from sr_templates.fhir import bundle
from sr_templates.fhir.datatypes import Json
from sr_templates.fhir.study_facts import StudyFacts, study_facts
from sr_templates.profile import Profile
from tests.factories import STUDY_UID, evidence, identity, source_header, study_findings


def entity(identifier: str = "", kind: str = "", local: str = "") -> Dataset:
    item = Dataset()
    for keyword, value in (
        ("LocalNamespaceEntityID", local),
        ("UniversalEntityID", identifier),
        ("UniversalEntityIDType", kind),
    ):
        if value:
            setattr(item, keyword, value)
    return item


def headers(**attributes: Any) -> Evidence:
    return evidence(*(source_header(uid, **attributes) for uid in evidence().headers))


def odd(keyword: str, vr: str, value: str) -> Evidence:
    found = [source_header(uid) for uid in evidence().headers]
    for header in found:
        header[keyword] = DataElement(keyword, vr, value, validation_mode=config.IGNORE)
    return evidence(*found)


def facts(*, strict: bool = False, **attributes: Any) -> StudyFacts:
    return study_facts(study_findings(), headers(**attributes), identity(profile=Profile(strict=strict)))


@pytest.mark.parametrize(
    ("issuer", "system"),
    [
        (entity("1.2.3.4", "ISO"), "urn:oid:1.2.3.4"),
        (entity("https://hospital.example/mrn", "URI"), "https://hospital.example/mrn"),
        (entity("5d5a0a0a-6b3e-4b5e-9c55-6a1f2f3e4d5c", "UUID"), "urn:uuid:5d5a0a0a-6b3e-4b5e-9c55-6a1f2f3e4d5c"),
        (entity("hospital.example", "DNS"), None),
        (entity("no uri", "URI"), None),
        (entity(local="Hospital"), None),
        (None, None),
    ],
)
def test_a_system_is_the_issuers_or_none(issuer: Dataset | None, system: str | None) -> None:
    sequence = [issuer] if issuer is not None else []
    found = facts(
        IssuerOfPatientIDQualifiersSequence=sequence, IssuerOfAccessionNumberSequence=sequence, IssuerOfPatientID="GH"
    )
    patient, (order,) = found.patient["identifier"], found.orders
    assert (patient["value"], patient.get("system"), patient["assigner"]["display"]) == ("PHANTOM-1", system, "GH")
    assert (order["identifier"]["value"], order["identifier"].get("system")) == ("A1234", system)
    assert order["identifier"]["type"]["coding"][0]["code"] == "ACSN"
    assert found.study["identifier"]["value"] == f"urn:oid:{STUDY_UID}"


def test_orders_are_named_once_and_with_the_issuer_that_any_object_names() -> None:
    own, other = Dataset(), Dataset()
    own.AccessionNumber, own.IssuerOfAccessionNumberSequence = "A1234", [entity("1.2.3", "ISO")]
    other.AccessionNumber, other.RequestedProcedureID = "B9", "P"
    found = facts(RequestAttributesSequence=[own, other])
    named = [(one["identifier"]["value"], one["identifier"].get("system")) for one in found.orders]
    assert named == [("A1234", "urn:oid:1.2.3"), ("B9", None)]


@pytest.mark.parametrize(
    ("attributes", "seen_at"),
    [
        ({}, "2026-03-04"),
        ({"TimezoneOffsetFromUTC": "+0100"}, "2026-03-04T14:30:00+01:00"),
        ({"TimezoneOffsetFromUTC": "-0330", "StudyTime": "1430"}, "2026-03-04T14:30:00-03:30"),
        ({"TimezoneOffsetFromUTC": "+0100", "StudyTime": "14"}, "2026-03-04"),
        ({"TimezoneOffsetFromUTC": "+0100", "StudyTime": ""}, "2026-03-04"),
        ({"StudyDate": ""}, ""),
    ],
)
def test_a_time_has_its_offset_or_is_a_day(attributes: Json, seen_at: str) -> None:
    assert facts(**attributes).seen_at == seen_at


@pytest.mark.parametrize(
    ("name", "display"),
    [
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada Tarou"),
        ("=山田^太郎", "山田 太郎"),
        ("Παπαδόπουλος^Νίκος^Μ", "Παπαδόπουλος Νίκος Μ"),
    ],
)
def test_a_person_reads_the_name(name: str, display: str) -> None:
    assert facts(PatientName=name, SpecificCharacterSet="ISO_IR 192").patient["display"] == display


def test_nobody_is_said_to_be_unknown() -> None:
    patient = facts(PatientName="", PatientID="").patient
    assert patient["extension"][0]["valueCode"] == "unknown"
    assert facts(AccessionNumber="").orders == ()


@pytest.mark.parametrize("build", [bundle.build_r4, bundle.build_r5])
@pytest.mark.parametrize(
    ("keyword", "vr", "value"),
    [
        ("AccessionNumber", "SH", "A" * 300),
        ("AccessionNumber", "SH", "A\rB"),
        ("AccessionNumber", "SH", " "),
        ("PatientID", "LO", "P" * 1000),
        ("PatientID", "LO", "P\x00\x1b1"),
        ("PatientID", "LO", "\ud800"),
        ("PatientName", "PN", "<b>&amp;\x07^\x1b[31m"),
        ("IssuerOfPatientID", "LO", "I\x08" * 64),
        ("StudyDate", "DA", "1994.06.08"),
        ("StudyDate", "DA", "20269999"),
        ("StudyTime", "TM", "25"),
        ("TimezoneOffsetFromUTC", "SH", "+9999"),
        ("StudyInstanceUID", "UI", "1.2.3 odd/uid"),
        ("SeriesInstanceUID", "UI", "1." + "2" * 80),
        ("SOPClassUID", "UI", "no uid at all"),
    ],
)
def test_an_odd_value_prevents_no_bundle(build: Any, keyword: str, vr: str, value: str) -> None:
    (built,) = build(study_findings(), odd(keyword, vr, value), identity())
    text = built.content.decode("utf-8")
    assert json.loads(text)["entry"]
    if keyword in ("AccessionNumber", "PatientID") and value.isalnum() and value.isascii():
        assert f'"{value}"' in text, "whole"


def test_a_strict_receiver_gets_no_overlong_identifier() -> None:
    long = odd("AccessionNumber", "SH", "A" * 17)
    assert study_facts(study_findings(), long, identity(profile=Profile(strict=True))).orders == ()
    assert study_facts(study_findings(), long, identity()).orders[0]["identifier"]["value"] == "A" * 17
