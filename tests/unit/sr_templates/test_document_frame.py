"""What all documents share: times, series, equipment, character set."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from sr_templates.document import DocumentKind, start_document
from tests.factories import A2C_UID, A4C_UID, evidence, identity, source_header

KIND = DocumentKind("tid1500", "1.2.840.10008.5.1.4.1.1.88.33", "SR", 9100, "EchoNode measurements")


def _started(header: Dataset | None = None, **changes: object) -> Dataset:
    document = start_document(KIND, evidence(header or source_header()), identity(**changes))
    file = BytesIO()
    document.save_as(file, enforce_file_format=True)
    return dcmread(BytesIO(file.getvalue()))


def test_times_are_local_and_say_their_offset() -> None:
    document = _started()
    assert (document.ContentDate, document.ContentTime) == ("20260304", "150607")
    assert document.TimezoneOffsetFromUTC == "+0100"


@pytest.mark.parametrize(
    ("offset", "expected"),
    [("-0500", ("20260304", "090607", "-0500")), ("+1400", ("20260305", "040607", "+1400"))],
)
def test_the_study_s_own_offset_wins_because_it_holds_for_the_study_date_too(
    offset: str, expected: tuple[str, str, str]
) -> None:
    document = _started(source_header(TimezoneOffsetFromUTC=offset))
    assert (document.ContentDate, document.ContentTime, document.TimezoneOffsetFromUTC) == expected


@pytest.mark.parametrize("offset", ["", "UTC", "+1", "+9900", "++100", "+²²²²", "+٠١٠٠"])
def test_an_offset_that_is_none_is_not_believed(offset: str) -> None:
    header = source_header(TimezoneOffsetFromUTC="+0000")
    header["TimezoneOffsetFromUTC"]._value = offset
    document = start_document(KIND, evidence(header), identity(created_at=datetime(2026, 3, 4, 12, tzinfo=UTC)))
    assert document.TimezoneOffsetFromUTC == "+0000"
    assert document.ContentTime == "120000"


def test_text_is_utf_8() -> None:
    document = _started(source_header(SpecificCharacterSet="ISO_IR 192", PatientName="Müller^Zoë=山田"))
    assert document.SpecificCharacterSet == "ISO_IR 192"
    assert str(document.PatientName) == "Müller^Zoë=山田"


def test_patient_and_study_are_the_source_s_series_and_equipment_are_ours() -> None:
    document = _started()
    assert (document.PatientID, document.AccessionNumber, document.QualityControlSubject) == ("PHANTOM-1", "A1234", "YES")
    assert document.Manufacturer == "EchoNode"
    assert document.InstitutionName == "Echo Lab"
    assert document.SeriesInstanceUID.startswith("2.25.")
    assert document.SOPInstanceUID == document.file_meta.MediaStorageSOPInstanceUID


def test_the_key_of_the_pseudonyms_is_in_no_document() -> None:
    text = str(_started())
    assert identity().node_uuid not in text


def test_the_institution_is_the_study_s_own_where_it_names_one() -> None:
    assert _started(source_header(InstitutionName="Other Hospital")).InstitutionName == "Other Hospital"
    assert _started(source_header(InstitutionName="")).InstitutionName == "Echo Lab"


def test_an_unknown_institution_is_left_out() -> None:
    assert "InstitutionName" not in _started(institution_name="")


def test_the_newest_object_decides() -> None:
    found = evidence(source_header(A4C_UID, AccessionNumber="old"), source_header(A2C_UID, AccessionNumber="new"))
    assert start_document(KIND, found, identity()).AccessionNumber == "new"
