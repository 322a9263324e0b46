"""What a server says of a refusal is told in its words, but for whatever may be a patient's."""

import json
from typing import Any

import pytest

from node.egress.operation_outcome import issues_of, resource_of, without_patient
from sr_templates.fhir import bundle
from tests.factories import evidence, identity, source_header, study_findings


def _sent() -> dict[str, Any]:
    named = {"PatientName": "van der berg^jan", "PatientID": "geheim", "AccessionNumber": "zaak"}
    headers = evidence(*(source_header(uid, **named) for uid in evidence().headers))
    (built,) = bundle.build_r4(study_findings(), headers, identity())
    sent: dict[str, Any] = json.loads(built.content)
    return sent


SENT = _sent()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Unknown code in Observation.code.coding[0]", "Unknown code in Observation.code.coding[0]"),
        ("Failed to parse ifNoneExist: valueQuantity is wrong", "Failed to parse ifNoneExist: valueQuantity is wrong"),
        ("No Patient with identifier geheim", "No Patient with identifier *"),
        ("jan, van der berg (zaak) is not known", "* is not known"),
        ("HAPI-0825: MRN 0815 of Mary O'Neill, 1970-01-01, clashes", "* of * clashes"),
        ("山田太郎 Ünlü smith@example.org \x1b[31m", "*"),
        ("Smith.name[0] and Patient.name[0]", "* and Patient.name[0]"),
        ("", ""),
        (None, ""),
        (7, ""),
        ({"text": "x"}, ""),
    ],
)
def test_no_word_of_a_patient_is_told(said: object, told: str) -> None:
    assert without_patient(said, SENT) == told


def test_severe_issues_come_with_code_and_place() -> None:
    issues = [
        {"severity": "information", "code": "informational", "diagnostics": "all is well"},
        {
            "severity": "error",
            "code": "invariant",
            "details": {"text": "a rule is broken"},
            "expression": ["Bundle.entry[3].resource"],
        },
        {"severity": "fatal", "code": "<script>", "diagnostics": "this too", "location": ["Smith", "Observation.status"]},
        "no issue",
    ]
    told = issues_of({"resourceType": "OperationOutcome", "issue": issues}, SENT)
    assert told == "invariant: a rule is broken (Bundle.entry[3].resource); this too (Observation.status)"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"a": 1}', b'{"resourceType": 7}', b"\xff", b"[" * 100_000])
def test_what_is_no_resource_says_nothing(body: bytes) -> None:
    assert resource_of(body) == {}
    assert issues_of(resource_of(body), SENT) == ""


@pytest.mark.parametrize("issue", [None, 7, [None], [{"severity": []}], [{"code": {}, "details": 7, "expression": "x"}]])
def test_malformed_issues_break_nothing(issue: object) -> None:
    assert issues_of({"resourceType": "OperationOutcome", "issue": issue}, SENT) == ""
