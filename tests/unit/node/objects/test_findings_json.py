"""Findings survive the database, and their schema says what other programs may rely on."""

import json
from importlib import resources

import jsonschema
import pytest
from pydantic import ValidationError

from models.catalogue import View
from models.results import Caliper, CaliperKind, FrameReference, Measurement, ReadValue, Reason, StudyFindings
from node.objects.findings_json import dump_findings, findings_schema, load_findings
from tests.factories import A4C_UID, STUDY_UID, cart_value, measurement, study_findings


def _shipped_schema() -> dict[str, object]:
    text = resources.files("node").joinpath("schemas", "findings.schema.json").read_text(encoding="utf-8")
    schema: dict[str, object] = json.loads(text)
    return schema


WITH_CART = study_findings(cart=(cart_value("ef_bp", 58.0, method="Method of Disks, Biplane", view=View.A4C),))


_LINE = Caliper(CaliperKind.LINE, A4C_UID, 1, ((40.25, 10 + 1 / 3), (40.25, 47.0)), "LV length")
_MARKED = study_findings(measurements=(measurement("lv_len_d_a4c", 8.5, calipers=(_LINE,)),))


@pytest.mark.parametrize(
    "findings",
    [study_findings(), WITH_CART, _MARKED, StudyFindings(STUDY_UID, (), (), ())],
    ids=["full", "with cart", "marked", "empty"],
)
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
    jsonschema.validate(dump_findings(WITH_CART), _shipped_schema())


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
    value = Measurement("ef_bp", "%", 56.0 + 1 / 3, (), sd=0.1, method="m", view=None)
    findings = StudyFindings(STUDY_UID, (), (value,), ())
    assert load_findings(json.loads(json.dumps(dump_findings(findings)))).measurements[0].value == value.value


def test_values_of_the_previous_version_are_read() -> None:
    """Bug prevented: a database whose stored findings the new version cannot read, so no document of them is built again."""
    source = {"sop_instance_uid": "1.2.3", "frame_number": 4, "phase": None}
    read = {
        "key": "lvidd_2d", "unit": "cm", "value": None, "model": "lvid", "sources": [source], "reasons": ["quality"],
        "detail": "no peak", "beats": 1, "sd": None, "direction": None, "at_least": 1.5,
    }  # fmt: skip
    measured = {
        "key": "lvids_2d", "value": 3.5, "unit": "cm", "method": "linear", "view": "plax", "sources": [source], "beats": 2,
        "sd": 0.1, "model": "lvid", "direction": None,
    }  # fmt: skip
    clip = {"sop_instance_uid": "1.2.3", "rows": 4, "columns": 5, "number_of_frames": 6, "values": [read]}
    stored = {"study_instance_uid": STUDY_UID, "clips": [clip], "measurements": [measured], "not_measured": []}
    findings = load_findings(stored)
    frame = FrameReference("1.2.3", 4)
    assert findings.clips[0].values == (
        ReadValue("lvidd_2d", "cm", None, (frame,), model="lvid", reasons=(Reason.QUALITY,), detail="no peak", at_least=1.5),
    )
    assert findings.measurements == (
        Measurement("lvids_2d", "cm", 3.5, (frame,), beats=2, sd=0.1, model="lvid", method="linear", view=View.PLAX),
    )
    assert dump_findings(findings)["measurements"] == [measured | {"calipers": [], "derivation": ""}]
    assert dump_findings(findings)["clips"][0]["values"] == [read | {"calipers": []}]
    assert findings.cart == ()


def test_every_reason_has_its_place_in_the_schema() -> None:
    assert set(_shipped_schema()["$defs"]["Reason"]["enum"]) == {reason.value for reason in Reason}  # type: ignore[index]
