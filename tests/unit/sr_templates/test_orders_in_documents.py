"""What the images say of their orders, issuers and admissions stands in every document, where its class has a place for it."""

from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import config, dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from node.egress.building import BuiltDocuments, build_templates
from node.egress.built_files import document_bytes
from node.errors import Unparseable
from node.objects.header import read_header
from sr_templates.evidence import Evidence
from tests.factories import A2C_UID, A4C_UID, POOR_UID, STUDY_UID, identity, source_file, source_header, study_findings
from tests.garbled import variants


def item(**values: Any) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def code(value: str, meaning: str = "Echocardiography") -> Dataset:
    return item(CodeValue=value, CodingSchemeDesignator="99LAB", CodeMeaning=meaning)


def request(**changes: Any) -> Dataset:
    values = {
        "AccessionNumber": "A1234", "RequestedProcedureID": "RP1", "RequestedProcedureDescription": "Ультразвук",
        "RequestedProcedureCodeSequence": [code("TTE")], "PlacerOrderNumberImagingServiceRequest": "PL1",
        "FillerOrderNumberImagingServiceRequest": "FI1", "ScheduledProcedureStepID": "SPS1",
        "IssuerOfAccessionNumberSequence": [item(LocalNamespaceEntityID="RIS")],
    }  # fmt: skip
    return item(**{**values, **changes})


def built(*headers: Dataset) -> BuiltDocuments:
    found = Evidence.from_headers(headers or [source_header(uid) for uid in (A4C_UID, A2C_UID, POOR_UID)])
    done = build_templates(study_findings(), found, identity())
    assert done.problems == ()
    return done


def with_attributes(**attributes: Any) -> list[Dataset]:
    return [source_header(uid, SpecificCharacterSet="ISO_IR 192", **attributes) for uid in (A4C_UID, A2C_UID, POOR_UID)]


def by_template(documents: BuiltDocuments) -> dict[str, Dataset]:
    return {document.template: dcmread(BytesIO(document_bytes(document))) for document in documents}


def test_a_request_is_referred_to_once_and_kept_in_images_own_form() -> None:
    found = by_template(
        built(*with_attributes(RequestAttributesSequence=[request(), request(ScheduledProcedureStepID="SPS2")]))
    )
    for template in ("tid1500", "kos"):
        (referred,) = found[template].ReferencedRequestSequence
        assert (referred.AccessionNumber, referred.RequestedProcedureID) == ("A1234", "RP1")
        assert referred.RequestedProcedureDescription == "Ультразвук"
        assert referred.IssuerOfAccessionNumberSequence[0].LocalNamespaceEntityID == "RIS"
        assert (referred.PlacerOrderNumberImagingServiceRequest, referred.FillerOrderNumberImagingServiceRequest) == (
            "PL1",
            "FI1",
        )
        assert referred.RequestedProcedureCodeSequence[0].CodeValue == "TTE"
        assert (referred.StudyInstanceUID, list(referred.ReferencedStudySequence)) == (STUDY_UID, [])
        assert "ScheduledProcedureStepID" not in referred
    assert [one.ScheduledProcedureStepID for one in found["seg"].RequestAttributesSequence] == ["SPS1", "SPS2"]
    assert "ReferencedRequestSequence" not in found["seg"]


@pytest.mark.slow
def test_what_the_only_request_does_not_say_the_study_does() -> None:
    header_values = {"RequestAttributesSequence": [item(RequestedProcedureID="RP1")], "AccessionNumber": "A9"}
    (one,) = by_template(built(*with_attributes(**header_values)))["tid1500"].ReferencedRequestSequence
    assert (one.AccessionNumber, one.FillerOrderNumberImagingServiceRequest) == ("A9", "")
    two = {**header_values, "RequestAttributesSequence": [item(RequestedProcedureID="RP1"), item(RequestedProcedureID="RP2")]}
    referred = by_template(built(*with_attributes(**two)))["tid1500"].ReferencedRequestSequence
    assert [(one.RequestedProcedureID, one.AccessionNumber) for one in referred] == [("RP1", ""), ("RP2", "")]


def test_without_a_request_no_document_refers_to_one() -> None:
    for document in by_template(built()).values():
        assert "ReferencedRequestSequence" not in document
        assert "RequestAttributesSequence" not in document


@pytest.mark.slow
def test_issuers_other_ids_admission_and_procedure_are_carried_over() -> None:
    other = item(PatientID="OLD-7", IssuerOfPatientID="North", TypeOfPatientID="TEXT")
    found = by_template(
        built(
            *with_attributes(
                IssuerOfPatientIDQualifiersSequence=[
                    item(
                        UniversalEntityID="1.2.3",
                        UniversalEntityIDType="ISO",
                        AssigningFacilitySequence=[item(LocalNamespaceEntityID="MPI")],
                    )
                ],
                OtherPatientIDsSequence=[other],
                IssuerOfAccessionNumberSequence=[item(LocalNamespaceEntityID="RIS")],
                AdmissionID="V-1",
                ProcedureCodeSequence=[code("TTE")],
            )
        )
    )
    for document in found.values():
        (issuer,) = document.IssuerOfPatientIDQualifiersSequence
        assert issuer.UniversalEntityID == "1.2.3"
        assert issuer.AssigningFacilitySequence[0].LocalNamespaceEntityID == "MPI"
        assert [one.PatientID for one in document.OtherPatientIDsSequence] == ["OLD-7"]
        assert document.IssuerOfAccessionNumberSequence[0].LocalNamespaceEntityID == "RIS"
        assert document.AdmissionID == "V-1"
        assert document.ProcedureCodeSequence[0].CodeValue == "TTE"
    assert found["tid1500"].PerformedProcedureCodeSequence[0].CodeValue == "TTE"
    assert "PerformedProcedureCodeSequence" not in found["kos"]
    assert list(by_template(built())["tid1500"].PerformedProcedureCodeSequence) == []


@pytest.mark.parametrize(
    ("keyword", "values", "remark"),
    [
        ("ProcedureCodeSequence", [item(CodeValue="TTE", CodingSchemeDesignator="99LAB")], "lacks what it needs"),
        ("OtherPatientIDsSequence", [item(PatientID="OLD-7")], "lacks what it needs"),
        ("ProcedureCodeSequence", "TTE", "is not readable"),
        ("IssuerOfAccessionNumberSequence", [item(LocalNamespaceEntityID=name) for name in "AB"], "has 2 items where one is"),
    ],
)
def test_an_item_that_says_too_little_is_left_out_and_said_so(keyword: str, values: Any, remark: str) -> None:
    headers = with_attributes()
    for header in headers:
        vr = "LO" if isinstance(values, str) else "SQ"
        header[keyword] = DataElement(keyword, vr, values, validation_mode=config.IGNORE)
    documents = built(*headers)
    assert [keyword in one and remark in one for one in documents.remarks] == [True]
    assert all(keyword not in document for document in by_template(documents).values())


def test_an_invalid_value_of_an_item_is_left_out_alone() -> None:
    asked = request()
    asked["RequestedProcedureDescription"] = DataElement(
        "RequestedProcedureDescription", "LO", "x" * 65, validation_mode=config.IGNORE
    )
    documents = built(*with_attributes(RequestAttributesSequence=[asked]))
    (referred,) = by_template(documents)["tid1500"].ReferencedRequestSequence
    assert (referred.RequestedProcedureID, referred.RequestedProcedureDescription) == ("RP1", "")
    assert documents.remarks == (
        "RequestedProcedureDescription of RequestAttributesSequence of the source object is invalid: left out",
    )


def test_documents_share_no_item() -> None:
    headers = with_attributes(RequestAttributesSequence=[request()], ProcedureCodeSequence=[code("TTE")])
    one, *others = built(*headers)
    one.dataset.ProcedureCodeSequence[0].CodeValue = "CHANGED"
    one.dataset.ReferencedRequestSequence[0].AccessionNumber = "CHANGED"
    one.dataset.PatientID = "CHANGED"
    assert all("CHANGED" not in str(other.dataset) for other in others)


@pytest.mark.parametrize("keyword", ["RequestAttributesSequence", "OtherPatientIDsSequence", "ProcedureCodeSequence"])
def test_a_garbled_sequence_is_copied_or_left_out(keyword: str, tmp_path: Path) -> None:
    values = {
        "RequestAttributesSequence": [request(RequestedProcedureDescription="Echo")],
        "OtherPatientIDsSequence": [item(PatientID="OLD-7", TypeOfPatientID="TEXT")],
        "ProcedureCodeSequence": [code("TTE")],
    }
    read = []
    for number, data in enumerate(variants(keyword, **{keyword: values[keyword], "SpecificCharacterSet": "ISO_IR 192"})):
        (tmp_path / f"{number}.dcm").write_bytes(data)
        with suppress(Unparseable):
            read.append(read_header(tmp_path / f"{number}.dcm"))
    assert len(read) > 3
    for header in read:
        found = Evidence.from_headers([header])
        assert found.patient_and_study().PatientID == "PHANTOM-1"
        assert isinstance(found.requests(), list)
        assert all("OLD-7" not in remark and "A1234" not in remark for remark in found.remarks())


@pytest.mark.parametrize("character_set", ["ISO_IR 144", "ISO_IR 192"])
def test_text_of_an_item_is_read_in_the_character_set_of_its_object(character_set: str, tmp_path: Path) -> None:
    header = source_header(A4C_UID, SpecificCharacterSet=character_set, RequestAttributesSequence=[request()])
    source_file(header).save_as(tmp_path / "a.dcm", enforce_file_format=True)
    (asked,) = Evidence.from_headers([read_header(tmp_path / "a.dcm")]).requests()
    assert asked.RequestedProcedureDescription == "Ультразвук"
