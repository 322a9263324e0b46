"""Encapsulated PDF: the page of a study as an object of DICOM, refused where no number may be shown."""

from io import BytesIO

import pytest
from pydicom import dcmread

from sr_templates import encapsulated_pdf
from sr_templates.encapsulated_pdf import build
from sr_templates.errors import DocumentError
from sr_templates.study_page import as_pdf, study_page
from tests.code_dictionary import in_context_group
from tests.factories import A2C_UID, A4C_UID, POOR_UID, evidence, identity, source_header, study_findings

PATIENT = {"QualityControlSubject": "NO"}


@pytest.mark.slow
def test_the_page_is_in_the_object_byte_by_byte() -> None:
    (document,) = build(study_findings(), evidence(), identity())
    file = BytesIO()
    document.dataset.save_as(file, enforce_file_format=True)
    read = dcmread(BytesIO(file.getvalue()))
    content = read.EncapsulatedDocument[: read.EncapsulatedDocumentLength]
    assert content == as_pdf(study_page(study_findings(), evidence(), identity()))
    assert read.EncapsulatedDocument[read.EncapsulatedDocumentLength :] in (b"", b"\0")
    assert read.SOPInstanceUID == identity().derived_uid(read.StudyInstanceUID, "pdf", "")


def test_what_a_viewer_needs_to_know_stands_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encapsulated_pdf, "as_pdf", lambda page: b"%PDF-1.7")
    dataset = build(study_findings(), evidence(), identity())[0].dataset
    assert (dataset.Modality, dataset.MIMETypeOfEncapsulatedDocument) == ("DOC", "application/pdf")
    assert (dataset.DocumentTitle, dataset.BurnedInAnnotation) == ("Echocardiography measurements", "YES")
    assert dataset.EncapsulatedDocumentLength == 8
    assert dataset.ConceptNameCodeSequence[0].CodeValue == encapsulated_pdf.TITLE.value
    assert dataset.SeriesDescription.startswith("RESEARCH: EchoNode page")
    assert [item.ReferencedSOPInstanceUID for item in dataset.SourceInstanceSequence] == [A4C_UID, A2C_UID, POOR_UID]


def test_its_title_is_one_of_the_standard() -> None:
    assert in_context_group(encapsulated_pdf.TITLE, 7000)


def test_phantom_weights_put_no_page_with_numbers_on_a_patient() -> None:
    patient = evidence(*(source_header(uid, **PATIENT) for uid in (A4C_UID, A2C_UID, POOR_UID)))
    with pytest.raises(DocumentError, match="must not put a number"):
        build(study_findings(), patient, identity())
