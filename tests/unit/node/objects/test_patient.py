"""Two people under one study are told apart without a patient identifier; one person spelled twice is one person."""

import struct
from io import BytesIO
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from models.results import QualityIssue
from node.db.tables import Instance, NodeIdentity
from node.objects.patient import (
    SEVERAL_PATIENTS,
    PatientVerdict,
    StatedPatient,
    decide_patients,
    patient_flags,
    stated_patient,
)
from node.study.patient_columns import patient_columns, patient_of_columns
from tests.rows import NOW

IDENTITY = NodeIdentity(node_uuid="0f6d1b0a-2f5c-4f43-9d0e-6f3f6f1f2a11", device_observer_uid="2.25.1", created_at=NOW)
JANE: dict[str, Any] = {"PatientName": "Doe^Jane", "PatientBirthDate": "19700101", "PatientSex": "F"}
RICHARD: dict[str, Any] = {"PatientName": "Roe^Richard", "PatientBirthDate": "19501231", "PatientSex": "M"}


def header(patient: dict[str, Any], **changes: Any) -> Dataset:
    dataset = Dataset()
    for keyword, value in {**patient, **changes}.items():
        setattr(dataset, keyword, value)
    return dataset


def as_received(raw: dict[int, bytes]) -> Dataset:
    """Elements by tag with the bytes that stand in the file, implicit VR little endian."""
    elements = (struct.pack("<HHL", tag >> 16, tag & 0xFFFF, len(value)) + value for tag, value in sorted(raw.items()))
    return read_dataset(BytesIO(b"".join(elements)), True, True)


def named(name: bytes, character_set: bytes = b"") -> StatedPatient:
    return stated_patient(as_received({0x00080005: character_set, 0x00100010: name}))


def verdict(*headers: Dataset) -> PatientVerdict:
    """In the clear as offline, and over the columns of the database: the same."""
    plain = decide_patients(map(stated_patient, headers))
    rows = [Instance(**patient_columns(IDENTITY, stated_patient(one))) for one in headers]
    assert decide_patients(map(patient_of_columns, rows)) == plain
    return plain


@pytest.mark.parametrize(
    "identifier",
    ["", " ", "UNKNOWN", "unknown", "None", "0", "000000", "ANONYMOUS", "N/A", "No ID", "---", "?", "99999", "xxx", "Anon"],
)  # fmt: skip
@pytest.mark.parametrize(
    ("other", "told"),
    [
        (RICHARD, "names, birth dates and sexes"),
        ({**JANE, "PatientName": "Roe^Jane"}, "names"),
        ({**JANE, "PatientBirthDate": "19700102"}, "birth dates"),
        ({**JANE, "PatientSex": "M"}, "sexes"),
    ],
    ids=["everything", "name", "birth date", "sex"],
)
def test_without_an_identifier_name_birth_date_and_sex_decide(identifier: str, other: dict[str, Any], told: str) -> None:
    found = verdict(header(JANE, PatientID=identifier), header(other, PatientID=identifier))
    assert found.withhold == f"different {told} in one study, and no patient identifier that decides"


def test_an_identifier_on_one_of_them_decides_nothing() -> None:
    assert verdict(header(JANE, PatientID="4711"), header(RICHARD, PatientID="UNKNOWN")).withhold
    assert verdict(header(JANE, PatientID="4711"), header(JANE, PatientID="UNKNOWN")) == PatientVerdict()
    assert verdict(header(JANE, PatientID="NONE"), header(JANE, PatientID="UNKNOWN")) == PatientVerdict()


@pytest.mark.parametrize(
    "other",
    [{}, {"PatientName": "UNKNOWN"}, {"PatientName": "Unknown^Unknown", "PatientBirthDate": "19000101", "PatientSex": "O"},
     {"PatientBirthDate": "not a date"}, {"PatientSex": ""}, {"PatientName": "Doe^Jane"}],
)  # fmt: skip
def test_what_is_not_stated_differs_from_nothing(other: dict[str, Any]) -> None:
    with_empty_id = as_received({0x00100020: b""})
    with_empty_id.update(header({key: value for key, value in other.items() if key != "PatientBirthDate"}))
    if "PatientBirthDate" in other:
        with_empty_id.update(as_received({0x00100030: other["PatientBirthDate"].encode()}))
    assert verdict(header(JANE), with_empty_id) == PatientVerdict()


@pytest.mark.parametrize("identifier", ["4711", "UNKNOWN", ""])
@pytest.mark.parametrize(
    "spelling", ["DOE^JANE", "Doe^Jane^^^", " doe ^ jane ", "Doe^Jane=", "Doe^Jane==", "Döe^Jane", "Ｄoe^Jane"]
)
def test_one_name_spelled_twice_is_one_person(identifier: str, spelling: str) -> None:
    other = header(JANE, PatientID=identifier, SpecificCharacterSet="ISO_IR 192", PatientName=spelling)
    assert verdict(header(JANE, PatientID=identifier), other) == PatientVerdict()


def test_component_groups_are_compared_where_both_state_them() -> None:
    latin, japanese = header({"PatientName": "Yamada^Tarou"}), header({"PatientName": "=山田^太郎"})
    both = header({"PatientName": "Yamada^Tarou=山田^太郎=やまだ^たろう"})
    other = header({"PatientName": "Yamada^Tarou=山田^花子"})
    assert verdict(latin, japanese, both) == PatientVerdict()
    assert "names" in verdict(both, other).withhold


@pytest.mark.filterwarnings("ignore:Unknown encoding")  # the test's own reading of a term that nobody knows
@pytest.mark.parametrize(
    ("name", "character_set"),
    [
        ("Müller^Ängela".encode("latin-1"), b"ISO_IR 100"),
        ("Müller^Ängela".encode(), b"ISO_IR 192"),
        ("Müller^Ängela".encode(), b""),
        ("Müller^Ängela".encode(), b"ISO_IR 100"),
        ("Müller^Ängela".encode("latin-1"), b""),
        ("Müller^Ängela".encode("latin-1"), b"ISO_IR 192"),
        ("Müller^Ängela".encode("latin-1"), b"NOBODY KNOWS"),
        (b"M\xfcller^\x1b-A\xc4ngela", b"ISO 2022 IR 100\\ISO 2022 IR 100"),
        ("MÜLLER^ÄNGELA^^ \0".encode("latin-1"), b"ISO_IR 100 "),
    ],
)
def test_the_character_set_does_not_change_a_name(name: bytes, character_set: bytes) -> None:
    assert named(name, character_set).name == ("muller^angela", "", "")


def test_a_japanese_name_in_escape_sequences_is_the_same_in_utf_8() -> None:
    escaped = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B"  # PS3.5 H.3.1
    plain = named("Yamada^Tarou=山田^太郎=やまだ^たろう".encode(), b"ISO_IR 192")
    assert named(escaped, b"\\ISO 2022 IR 87") == plain
    assert plain.name[2] != named("=\u200b=やまた^たろう".encode(), b"ISO_IR 192").name[2], "voicing is no accent"


def test_a_corrected_name_under_one_identifier_is_remarked() -> None:
    found = verdict(header(JANE, PatientID="4711"), header(JANE, PatientID="4711", PatientName="Smith^Jane"))
    assert found == PatientVerdict(note="one patient identifier with different names; those of the newest header are used")
    (flag,) = patient_flags(found)
    assert flag.issue is QualityIssue.DEMOGRAPHICS_CHANGED


def test_two_names_and_two_birth_dates_are_two_people_whatever_the_identifier_says() -> None:
    found = verdict(header(JANE, PatientID="4711"), header(RICHARD, PatientID="4711"))
    assert "one patient identifier with different names, birth dates and sexes" in found.withhold
    (flag,) = patient_flags(found)
    assert flag.issue is QualityIssue.SEVERAL_PATIENT_IDS


@pytest.mark.parametrize("other", [{"PatientID": "4712"}, {"PatientID": "4711", "IssuerOfPatientID": "Elsewhere"}])
def test_two_identifiers_are_two_patients(other: dict[str, Any]) -> None:
    assert verdict(header(JANE, PatientID="4711"), header(JANE, **other)).withhold == SEVERAL_PATIENTS


@pytest.mark.parametrize("value", [b"", b"9" * 300, b"20261399", b"00000000", b"19000101", b"\xff\xfe", b"-1", b"1970"])
def test_what_is_no_day_of_birth_says_nothing(value: bytes) -> None:
    assert stated_patient(as_received({0x00100030: value})) == StatedPatient()


@pytest.mark.parametrize("value", [b"19700101", b"1970.01.01", b"1970-01-01 "])
def test_a_day_of_birth_in_other_spellings_is_the_same(value: bytes) -> None:
    assert stated_patient(as_received({0x00100030: value})).birth_date == "19700101"


def test_the_columns_hold_nothing_in_the_clear() -> None:
    columns = patient_columns(IDENTITY, stated_patient(header(JANE, PatientID="4711")))
    assert all(columns.values())
    assert not any(word in str(columns).lower() for word in ("doe", "jane", "4711", "1970"))
    assert columns["patient_key"] != columns["patient_birth_date_key"]


def test_an_instance_of_before_these_columns_speaks_by_its_identifier_alone() -> None:
    old = patient_of_columns(Instance(patient_key="one"))
    new = patient_of_columns(Instance(**patient_columns(IDENTITY, stated_patient(header(RICHARD)))))
    assert decide_patients([old, new]) == PatientVerdict()
