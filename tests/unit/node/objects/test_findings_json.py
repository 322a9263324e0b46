"""Findings survive the database, and their schema says what other programs may rely on."""

import json
from importlib import resources

import jsonschema
import pytest
from pydantic import ValidationError

from models.results import Measurement, Reason, StudyFindings
from node.objects.findings_json import dump_findings, findings_schema, load_findings
from tests.factories import STUDY_UID, study_findings


def _shipped_schema() -> dict[str, object]:
    text = resources.files("node").joinpath("schemas", "findings.schema.json").read_text(encoding="utf-8")
    schema: dict[str, object] = json.loads(text)
    return schema


@pytest.mark.parametrize("findings", [study_findings(), StudyFindings(STUDY_UID, (), (), ())], ids=["full", "empty"])
def test_findings_come_back_as_they_went(findings: StudyFindings) -> None:
    assert load_findings(json.loads(json.dumps(dump_findings(findings)))) == findings


def test_what_is_dumped_is_plain_json_with_the_words_of_the_vocabulary() -> None:
    dumped = dump_findings(study_findings())
    assert dumped["not_measured"][0]["reasons"] == ["no_cardiac_cycle", "disagreement"]
    assert dumped["clips"][0]["view"]["view"] == "a4c"
    assert dumped["measurements"][0]["sources"][0]["phase"] == "ed"


def test_the_shipped_schema_describes_what_is_dumped() -> None:
    """After a change of the vocabulary, write `findings_schema()` to node/schemas/findings.schema.json (indent 2)."""
    assert _shipped_schema() == findings_schema()
    jsonschema.Draft202012Validator.check_schema(_shipped_schema())
    jsonschema.validate(dump_findings(study_findings()), _shipped_schema())


def test_the_schema_refuses_what_findings_never_say() -> None:
    dumped = dump_findings(study_findings())
    dumped["not_measured"][0]["reasons"] = ["felt_like_it"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(dumped, _shipped_schema())


@pytest.mark.parametrize(
    "broken",
    [{}, {"study_instance_uid": "1.2", "clips": [{}], "measurements": [], "not_measured": []}],
    ids=["empty", "clip without fields"],
)
def test_anything_else_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        load_findings(broken)


def test_a_not_measured_without_a_reason_is_refused() -> None:
    dumped = dump_findings(study_findings())
    dumped["not_measured"][0]["reasons"] = []
    with pytest.raises(ValidationError):
        load_findings(dumped)


def test_numbers_keep_every_bit() -> None:
    value = Measurement("ef_bp", 56.0 + 1 / 3, "%", "m", None, (), sd=0.1)
    findings = StudyFindings(STUDY_UID, (), (value,), ())
    assert load_findings(json.loads(json.dumps(dump_findings(findings)))).measurements[0].value == value.value


def test_every_reason_has_its_place_in_the_schema() -> None:
    assert set(_shipped_schema()["$defs"]["Reason"]["enum"]) == {reason.value for reason in Reason}  # type: ignore[index]
