"""Where patient and study attributes come from, and in which characters."""

from io import BytesIO

import pytest
from pydicom import dcmread
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence, is_quality_control_subject
from tests.factories import A2C_UID, A4C_UID, evidence, source_file, source_header


def _read_back(header: Dataset) -> Dataset:
    """As a stored object is read: text still in the sender's character set."""
    file = BytesIO()
    source_file(header).save_as(file, enforce_file_format=True)
    return dcmread(BytesIO(file.getvalue()), stop_before_pixels=True)


def test_the_newest_header_gives_the_demographics() -> None:
    old = source_header(A4C_UID, PatientName="Wrong^Name", PatientID="W-1")
    new = source_header(A2C_UID, PatientName="Right^Name", PatientID="R-1")
    assert evidence(old, new).patient_and_study().PatientID == "R-1"
    assert evidence(new, old).patient_and_study().PatientID == "W-1"


def test_a_corrected_header_replaces_the_earlier_one_of_the_same_object() -> None:
    found = evidence(source_header(A4C_UID, PatientID="W-1"), source_header(A4C_UID, PatientID="R-1"))
    assert len(found.headers) == 1
    assert found.header(A4C_UID).PatientID == "R-1"


@pytest.mark.parametrize(
    ("character_set", "name"),
    [
        ("ISO_IR 100", "Müller^Jörg"),
        ("ISO_IR 144", "Люкceмбypг"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("GB18030", "Wang^XiaoDong=王^小东"),
        ("ISO_IR 192", "Χατζή^Άννα"),
    ],
)
def test_names_arrive_in_unicode(character_set: str | list[str], name: str) -> None:
    header = _read_back(source_header(SpecificCharacterSet=character_set, PatientName=name))
    assert str(evidence(header).patient_and_study().PatientName) == name


def test_unknown_values_are_written_empty_and_optional_ones_not_at_all() -> None:
    header = source_header(PatientBirthDate=None, AccessionNumber="", QualityControlSubject=None)
    copied = evidence(header).patient_and_study()
    assert copied.PatientBirthDate == ""
    assert copied.AccessionNumber == ""
    assert "QualityControlSubject" not in copied
    assert "PatientSize" not in copied


def test_a_size_of_zero_is_unknown() -> None:
    copied = evidence(source_header(PatientSize="0.00", PatientWeight="0")).patient_and_study()
    assert "PatientSize" not in copied
    assert "PatientWeight" not in copied


def test_a_value_that_breaks_its_own_vr_is_left_out() -> None:
    header = Dataset()
    header.update(source_header(PatientSize="1.80", StudyID="S1"))
    header["StudyDate"]._value = "1994-06-08"
    header["PatientSex"]._value = "female, i think"
    copied = evidence(header).patient_and_study()
    assert (copied.StudyDate, copied.PatientSex) == ("", "")
    assert (copied.PatientSize, copied.StudyID) == (1.8, "S1")


def test_an_identifier_that_is_no_text_is_left_empty_and_a_person_is_told() -> None:
    """The study it lies in names its patient; a document that is never built helps nobody."""
    header = source_header()
    header["PatientID"] = DataElement("PatientID", "SQ", Sequence([Dataset()]))
    found = evidence(header)
    assert found.patient_and_study().PatientID == ""
    assert found.questions() == ("PatientID of the source object is not readable as text: left empty",)


def test_an_object_that_nothing_can_refer_to_is_passed_over() -> None:
    found = evidence(source_header(A4C_UID), source_header(A2C_UID, SeriesInstanceUID=None, PatientID="OTHER"))
    assert list(found.headers) == [A4C_UID]
    assert found.patient_and_study().PatientID == "PHANTOM-1"
    with pytest.raises(DocumentError, match="one has no SeriesInstanceUID"):
        evidence(source_header(A4C_UID, SeriesInstanceUID=None))


@pytest.mark.parametrize(("value", "expected"), [("YES", True), ("NO", False), ("", False), (None, False)])
def test_only_yes_makes_a_quality_control_subject(value: str | None, expected: bool) -> None:
    assert is_quality_control_subject(source_header(QualityControlSubject=value)) is expected


def test_quality_control_subject_is_copied() -> None:
    assert evidence(source_header()).patient_and_study().QualityControlSubject == "YES"


def test_frames_are_counted_only_where_the_object_counts_them() -> None:
    assert evidence(source_header(frames=7)).number_of_frames(A4C_UID) == 7
    assert evidence(source_header(frames=None)).number_of_frames(A4C_UID) is None


def test_objects_of_two_studies_are_no_evidence() -> None:
    with pytest.raises(DocumentError, match="several studies"):
        evidence(source_header(A4C_UID), source_header(A2C_UID, StudyInstanceUID="1.2.3"))


def test_no_object_and_an_unknown_object_are_errors_without_patient_data() -> None:
    with pytest.raises(DocumentError):
        Evidence.from_headers([])
    with pytest.raises(DocumentError) as error:
        evidence().header("1.2.3")
    assert "Synthetic" not in str(error.value)


def test_a_late_object_without_an_order_takes_none_away() -> None:
    whole = source_header(A4C_UID, AccessionNumber="A-17", StudyDate="20260301", StudyTime="101500")
    late = source_header(A2C_UID, AccessionNumber="", StudyDate=None, StudyTime="235900", InstitutionName="Echo lab")
    copied = evidence(whole, late).patient_and_study()
    assert (copied.AccessionNumber, copied.StudyDate, copied.StudyTime) == ("A-17", "20260301", "101500")
    assert copied.InstitutionName == "Echo lab"


def test_the_blanks_of_a_corrected_header_are_not_filled_with_another_patient() -> None:
    wrong = source_header(A4C_UID, PatientID="W-1", PatientBirthDate="19500101", AccessionNumber="A-17")
    corrected = source_header(A2C_UID, PatientID="R-1", PatientBirthDate="", AccessionNumber="")
    copied = evidence(wrong, corrected).patient_and_study()
    assert (copied.PatientBirthDate, copied.AccessionNumber) == ("", "")


def test_the_issuer_of_a_number_comes_with_that_number() -> None:
    issuer = Dataset()
    issuer.LocalNamespaceEntityID = "RIS A"
    issued = source_header(A4C_UID, AccessionNumber="A-17", IssuerOfAccessionNumberSequence=Sequence([issuer]))
    blank = source_header(A2C_UID, AccessionNumber="")
    plain = source_header(A2C_UID, AccessionNumber="A-18")
    assert evidence(issued, blank).patient_and_study().IssuerOfAccessionNumberSequence[0].LocalNamespaceEntityID == "RIS A"
    assert "IssuerOfAccessionNumberSequence" not in evidence(issued, plain).patient_and_study()


def test_names_fill_a_blank_in_their_own_characters() -> None:
    named = _read_back(source_header(A4C_UID, SpecificCharacterSet="ISO_IR 144", PatientName="Люкceмбypг"))
    blank = _read_back(source_header(A2C_UID, SpecificCharacterSet="ISO_IR 100", PatientName=""))
    assert str(evidence(named, blank).patient_and_study().PatientName) == "Люкceмбypг"


@pytest.mark.parametrize("keyword", ["ProcedureCodeSequence", "IssuerOfAccessionNumberSequence"])
def test_a_garbled_sequence_fills_no_blank_and_stops_nothing(keyword: str) -> None:
    garbled = source_header(A4C_UID, AccessionNumber="A-17")
    garbled[keyword] = RawDataElement(Tag(keyword), "SQ", 6, b"\xfe\xff\x00\xe0\x08\x00", 0, False, True)
    for headers in ([garbled], [garbled, source_header(A2C_UID, AccessionNumber="")]):
        copied = evidence(*headers).patient_and_study()
        assert copied.AccessionNumber == "A-17"
        assert keyword not in copied
