"""The ORU^R01 as hl7apy reads it back: each value under its own code, identifiers whole, nothing that must not go out."""

import re
from typing import Any

import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.core import Message
from hl7apy.parser import parse_message
from pydicom import config
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from models.catalogue import QUANTITIES
from models.results import StudyFindings
from sr_templates import hl7
from sr_templates.identity import PredecessorReference
from sr_templates.profile import Profile
from sr_templates.quantity_codes import QUANTITY_CODES
from tests.factories import (
    RELEASED_WEIGHTS,
    STUDY_UID,
    cart_value,
    evidence,
    identity,
    measurement,
    source_header,
    study_findings,
)


def message(findings: StudyFindings | None = None, *, profile: Profile | None = None, **attributes: Any) -> Message:
    headers = evidence(*(source_header(uid, **attributes) for uid in evidence().headers))
    (built,) = hl7.build(findings or study_findings(), headers, identity(profile=profile or Profile()))
    return parse_message(built.content.decode("utf-8"), validation_level=VALIDATION_LEVEL.STRICT, find_groups=True)


def observations(parsed: Message) -> list[list[str]]:
    """The fields of each OBX, by number, empty ones too."""
    return [["", *line.split("|")[1:]] for line in parsed.to_er7().split("\r") if line.startswith("OBX")]


def test_each_value_is_one_observation_of_its_own_code() -> None:
    study, *values = observations(message())
    assert (study[2], study[3], study[5]) == ("ST", "113014^DICOM Study^DCM", STUDY_UID)
    by_code = {value[3].split("^")[0]: value for value in values}
    biplane = by_code["79991-6"]
    assert biplane[3].split("^")[2:4] == ["LN", "18043-0"]
    assert (biplane[2], biplane[5], biplane[6].split("^")[0]) == ("NM", "56.4", "%")
    assert biplane[4] == "87878005-125207"
    assert biplane[17].startswith("125207^")
    assert len(by_code) == len(values) == len(study_findings().measurements)
    assert [value[1] for value in [study, *values]] == [str(number) for number in range(1, len(values) + 2)]


def test_a_receiver_that_reads_alternates_finds_the_best_value() -> None:
    """Three observations once had the alternate 18043-0, and the last of them wins."""
    for order in (study_findings().measurements, study_findings().measurements[::-1]):
        stated = observations(message(study_findings(measurements=order)))
        assert [value[5] for value in stated if "^18043-0^" in value[3]] == ["56.4"]


def test_what_no_person_has_signed_is_preliminary() -> None:
    parsed = message()
    assert {value[11] for value in observations(parsed)} == {"P"}
    assert parsed.to_er7().split("\rOBR|")[1].split("\r")[0].split("|")[24] == "P"  # OBR-25


def test_a_phantom_is_no_production() -> None:
    released = study_findings(models=(RELEASED_WEIGHTS,), clips=())
    said = [message(released, QualityControlSubject=subject).msh.msh_11.value for subject in ("YES", "NO", None)]
    assert said == ["T", "P", "P"]


@pytest.mark.parametrize("accession", ["A", "A1234", "X" * 16, "A^1", "A|B", "A&B", "~A"])
def test_an_identifier_comes_back_as_it_was(accession: str) -> None:
    """A delimiter in it once would have made two fields of one."""
    parsed = message(AccessionNumber=accession, PatientID="P^&|~1")

    def plain(field: str) -> str:
        for written, meant in {"\\F\\": "|", "\\S\\": "^", "\\T\\": "&", "\\R\\": "~"}.items():
            field = field.replace(written, meant)
        return field

    lines = {line[:3]: line.split("|") for line in parsed.to_er7().split("\r")}
    assert plain(lines["OBR"][3]) == plain(lines["OBR"][18]) == accession
    assert plain(lines["PID"][3].split("^")[0]) == "P^&|~1"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada^Tarou"),
        ("=山田^太郎", "山田^太郎"),
        ("Παπαδόπουλος^Νίκος^Μ^Δρ^ΙΙ", "Παπαδόπουλος^Νίκος^Μ^ΙΙ^Δρ"),
        ("", ""),
    ],
)
def test_a_name_has_its_parts_where_hl7_has_them(name: str, written: str) -> None:
    parsed = message(PatientName=name, SpecificCharacterSet="ISO_IR 192", PatientBirthDate="")
    pid = next(line for line in parsed.to_er7().split("\r") if line.startswith("PID")).split("|")
    assert (pid + [""] * 5)[5] == written


def test_the_profile_chooses_what_goes_in_and_its_unit() -> None:
    findings = study_findings(
        cart=(cart_value("ef_bp", 55.0),), measurements=(measurement("av_vmax", 1.234), measurement("ef_bp", 50.0))
    )
    (_, only) = observations(message(findings, profile=Profile(velocity="cm/s")))
    assert (only[3].split("^")[0], only[5], only[6].split("^")[0]) == ("79964-3", "123", "cm/s")
    both = observations(message(findings, profile=Profile(fill="all")))
    assert len(both) == 3


def test_numbers_of_phantom_weights_never_leave_for_a_patient() -> None:
    assert (
        hl7.build(
            study_findings(research_override=True),
            evidence(*(source_header(uid, QualityControlSubject=None) for uid in evidence().headers)),
            identity(),
        )
        == ()
    )
    released = study_findings(models=(RELEASED_WEIGHTS,), clips=())
    (built,) = hl7.build(released, evidence(source_header(QualityControlSubject=None)), identity())
    assert b"56.4" in built.content


@pytest.mark.slow
def test_every_quantity_of_the_catalogue_can_be_stated() -> None:
    middle = [measurement(key, sum(quantity.limits) / 2) for key, quantity in QUANTITIES.items()]
    stated = observations(message(study_findings(measurements=tuple(middle))))
    codes = [line[3].split("^")[0] for line in stated[1:]]
    expected = {
        (code.simplified or code.concept).value for code in QUANTITY_CODES.values() if code.concept.value[:8] != "EF-VIDEO"
    }
    assert set(codes) == expected
    assert len({(line[3], line[4]) for line in stated}) == len(stated), "two values of one code and sub-ID"


def test_a_ventricular_pressure_goes_out_only_with_the_atrial_one_in_it() -> None:
    values = measurement("rvsp", 31.0), measurement("tr_vmax", 2.5)
    assert len(observations(message(study_findings(measurements=values)))) == 2
    assert len(observations(message(study_findings(measurements=(*values, measurement("rap", 5.0)))))) == 4


@pytest.mark.parametrize(
    ("keyword", "vr", "value"),
    [
        ("AccessionNumber", "SH", "A" * 64),
        ("AccessionNumber", "SH", "A" * 300),
        ("PatientID", "LO", "P" * 1000),
        ("PatientName", "PN", "N" * 400),
        ("IssuerOfPatientID", "LO", "I" * 64),
        ("StudyDate", "DA", ""),
        ("StudyDate", "DA", "1994.06.08"),
        ("StudyTime", "TM", "25"),
        ("PatientBirthDate", "DA", "19"),
    ],
)
def test_an_odd_value_prevents_no_message(keyword: str, vr: str, value: str) -> None:
    """hl7apy once refused a long identifier with an error of its own class, which quoted it and ended the whole job."""
    (built,) = hl7.build(study_findings(), evidence(*_with(keyword, vr, value)), identity())
    text = built.content.decode("utf-8")
    assert [line[:3] for line in text.split("\r")[:3]] == ["MSH", "PID", "OBR"]
    if vr in ("SH", "LO", "PN"):
        assert f"|{value}" in text or f"^{value}" in text, "whole"
    if keyword == "StudyDate":
        assert text.split("\rOBR|")[1].split("|")[6] == "", "a time of no day says nothing"


@pytest.mark.parametrize("keyword", ["AccessionNumber", "PatientID", "PatientName"])
def test_no_identifier_begins_a_segment_of_its_own(keyword: str) -> None:
    """A line break in it ends a segment: the rest once could have been an observation of anybody's choice."""
    value = "1\rOBX|2|NM|79991-6^EF^LN||5|%"
    plain = hl7.build(study_findings(), evidence(), identity())[0].content.count(b"\r")
    headers = _with(keyword, "PN" if keyword == "PatientName" else "LO", value)
    (built,) = hl7.build(study_findings(), evidence(*headers), identity())
    assert built.content.count(b"\r") == plain
    segments = {line[:3]: line.split("|") for line in built.content.decode("utf-8").split("\r") if line}
    segment, number = {"AccessionNumber": ("OBR", 3), "PatientID": ("PID", 3), "PatientName": ("PID", 5)}[keyword]
    assert _read(segments[segment][number]) == value


@pytest.mark.parametrize("value", ["\x0b\x1c", "1\x00\x1b[2J\x7f", "\x85\x9b", "\\X0D\\", "^E^|F|&~", "00 12"])
def test_what_is_escaped_is_read_again(value: str) -> None:
    """Control characters once arrived as the text of their escapes: escaped twice."""
    (built,) = hl7.build(study_findings(), evidence(*_with("PatientID", "LT", value)), identity())
    assert _read(built.content.decode("utf-8").split("\rPID|")[1].split("|")[2]) == value


def _read(field: str) -> str:
    """As HL7 2.7 has it read: one escape after the other, from the left."""
    letters = {"E": "\\", "F": "|", "S": "^", "T": "&", "R": "~"}

    def plain(found: re.Match[str]) -> str:
        return letters[found[1]] if found[1] in letters else bytes.fromhex(found[1][1:]).decode("utf-8")

    return re.sub(r"\\([EFSTR]|X[0-9A-F]+)\\", plain, field)


def _with(keyword: str, vr: str, value: str) -> list[Dataset]:
    headers = [source_header(uid) for uid in evidence().headers]
    for header in headers:
        header[keyword] = DataElement(keyword, vr, value, validation_mode=config.IGNORE)
    return headers


def _amended(before: StudyFindings, now: StudyFindings) -> Message:
    """The message of a revision that replaces the one of `before`."""
    (first,) = hl7.build(before, evidence(), identity())
    predecessor = PredecessorReference(STUDY_UID, "", "", first.uid, 1, before, first.content)
    (built,) = hl7.build(now, evidence(), identity(revision=2, predecessor=predecessor))
    return parse_message(built.content.decode("utf-8"), validation_level=VALIDATION_LEVEL.STRICT, find_groups=True)


def test_what_a_revision_does_not_state_any_more_is_deleted() -> None:
    """A field that was filled from a rejected image would keep its value."""
    before = study_findings()
    gone, *rest = before.measurements
    study, deleted, *values = observations(_amended(before, study_findings(measurements=tuple(rest))))
    by_key = {
        QUANTITY_CODES[one.key].simplified.value: one for one in before.measurements if QUANTITY_CODES[one.key].simplified
    }
    assert by_key[deleted[3].split("^")[0]] == gone
    assert (deleted[2], deleted[4], deleted[5], deleted[11]) == ("NM", "87878005-125207", "", "D")
    assert deleted[6].split("^")[0] == "%"
    assert {value[11] for value in [study, *values]} == {"P"}
    assert [value[1] for value in (study, deleted, *values)] == [str(number) for number in range(1, len(values) + 3)]


def test_a_revision_without_any_value_deletes_them_all() -> None:
    before = study_findings()
    _, *deleted = observations(_amended(before, study_findings(measurements=())))
    assert [value[11] for value in deleted] == ["D"] * len(before.measurements)


def test_what_was_deleted_once_is_not_deleted_again() -> None:
    before = study_findings()
    (first,) = hl7.build(before, evidence(), identity())
    content, built = first.content, ()
    for revision in (2, 3):
        predecessor = PredecessorReference(STUDY_UID, "", "", "2.25.1", revision - 1, None, content)
        now = study_findings(measurements=before.measurements[1:])
        built = hl7.build(now, evidence(), identity(revision=revision, predecessor=predecessor))
        content = built[0].content
    assert b"|D" not in content


def test_what_the_cart_states_now_is_not_deleted() -> None:
    """A receiver that knows fields by their codes alone would lose the cart's value."""
    before = study_findings()
    cart = (cart_value("ef_bp", 55.0),)
    for now in (study_findings(cart=cart), study_findings(cart=cart, measurements=before.measurements[1:])):
        assert {value[11] for value in observations(_amended(before, now))} == {"P"}


@pytest.mark.parametrize("content", [b"", b"MSH|^~", b"OBX|", b"OBX|1|NM\rOBX", b"\xff\xfe", b"OBX|1|NM|a|b|5|u|||||F"])
def test_a_message_before_that_says_nothing_changes_nothing(content: bytes) -> None:
    predecessor = PredecessorReference(STUDY_UID, "", "", "2.25.1", 1, None, content)
    assert hl7.build(study_findings(), evidence(), identity(predecessor=predecessor)) == hl7.build(
        study_findings(), evidence(), identity()
    )
