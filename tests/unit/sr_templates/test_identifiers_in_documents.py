"""Identifiers that no standard allows, or that are missing: every document is built, and says what the images say."""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import config, dcmread
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from models.results import Beat
from node.egress.building import DICOM_SUFFIX, TEMPLATES, BuiltDocuments, WantedDocument, build_templates
from node.egress.built_files import document_bytes
from sr_templates.copied_values import text_of
from sr_templates.evidence import Evidence
from sr_templates.profile import DEFAULT_PROFILE, Profile
from tests.factories import (
    A4C_UID,
    POOR_UID,
    clip_findings,
    evidence,
    identity,
    lv_contours,
    measurement,
    poor_clip,
    source_header,
    study_findings,
)

STRICT = Profile(strict=True)
FINDINGS = study_findings(
    clips=(clip_findings(contours=lv_contours([0]), beats=(Beat(0, 1), Beat(2, 3))), poor_clip()),  # pictures of a short beat
    measurements=(measurement("ef_a4c", 55.08),),
    not_measured=(),
)
NAMES = (
    "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "Иванов^Иван^Иванович",
    "Παπαδόπουλος^Γεώργιος",
    "Wang^XiaoDong=王^小东",
    "Hong^Gildong=洪^吉洞=홍^길동",
    "O'Brien^^^Dr.^",
    "",
)
ACCESSIONS = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\\"), min_size=1, max_size=64)
UIDS = st.text("0123456789", min_size=62, max_size=62).map(lambda digits: "2." + digits.lstrip("0").ljust(62, "7")[:62])
DECIMALS = st.floats(0.5, 2.3).map(lambda height: f"{height:.14f}")  # 16 characters, as many as DS has


def headers(**values: Any) -> list[Dataset]:
    """Of a clip that was measured and of a poor one, with these values, valid or not, in UTF-8."""
    found = [source_header(uid, SpecificCharacterSet="ISO_IR 192") for uid in (A4C_UID, POOR_UID)]
    for header in found:
        for keyword, value in values.items():
            vr = dictionary_VR(tag_for_keyword(keyword) or 0)
            header[keyword] = DataElement(keyword, vr, value, validation_mode=config.IGNORE)
    return found


OBJECTS = tuple(name for name, template in TEMPLATES.items() if template.suffix == DICOM_SUFFIX)
PAGE = ("pdf",)  # takes longer than all the others together


def built(profile: Profile = DEFAULT_PROFILE, templates: tuple[str, ...] = OBJECTS, **values: Any) -> BuiltDocuments:
    wanted = tuple(WantedDocument(name, TEMPLATES[name].relevant(profile)) for name in templates)
    found = evidence(*headers(**values))
    uid = found.study_instance_uid
    done = build_templates(replace(FINDINGS, study_instance_uid=uid), found, identity(), wanted)
    assert done.problems == ()
    assert {document.template for document in done} == set(templates)
    return done


def read_back(documents: BuiltDocuments) -> Iterator[tuple[str, Dataset]]:
    for document in documents:
        yield document.template, dcmread(BytesIO(document_bytes(document)))


def texts(dataset: Dataset) -> list[str]:
    """All that a person can read in a document."""
    own = [str(dataset[name].value) for name in ("TextValue", "PatientComments") if name in dataset]
    return own + [text for item in dataset.get("ContentSequence", ()) for text in texts(item)]


ANY_IMAGES = st.fixed_dictionaries(
    {
        "AccessionNumber": ACCESSIONS,
        "PatientName": st.sampled_from(NAMES),
        "PatientBirthDate": st.sampled_from(["19700101", "", None]),
        "StudyInstanceUID": UIDS,
        "PatientSize": DECIMALS,
    }
)


@pytest.mark.slow
@settings(max_examples=15)
@given(ANY_IMAGES)
def test_every_template_carries_what_the_images_say(values: dict[str, str | None]) -> None:
    assert_carried(values, tuple(name for name in OBJECTS if name not in PAGE))


@pytest.mark.slow
@settings(max_examples=5)
@given(ANY_IMAGES)
def test_a_page_carries_what_the_images_say(values: dict[str, str | None]) -> None:
    assert_carried(values, PAGE)


def assert_carried(values: dict[str, str | None], templates: tuple[str, ...]) -> None:
    accession, name = str(values["AccessionNumber"]), str(values["PatientName"])
    lenient, strict = built(templates=templates, **values), built(STRICT, templates, **values)
    for profile, documents in ((DEFAULT_PROFILE, lenient), (STRICT, strict)):
        for template, dataset in read_back(documents):
            overlong = profile.strict and len(accession) > 16
            assert text_of(dataset, "AccessionNumber") == ("" if overlong else accession), template
            assert (accession in str(texts(dataset))) or not overlong, template
            assert text_of(dataset, "PatientName").rstrip("^") == name.rstrip("^")
            assert text_of(dataset, "PatientBirthDate") == (values["PatientBirthDate"] or "")
            assert text_of(dataset, "StudyInstanceUID") == values["StudyInstanceUID"]
            assert str(dataset.PatientSize) == values["PatientSize"]
    uids = [document.dataset.SOPInstanceUID for document in (*lenient, *strict)]
    assert len(uids) == len(set(uids))
    assert accession not in str(lenient.remarks) + str(strict.remarks) or len(accession) < 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("keyword", "value", "text"),
    [
        ("PatientID", "P" * 70, "Patient ID of the images, in full: " + "P" * 70),
        ("PatientName", "N" * 70 + "^Jane", "Patient's Name of the images, in full: " + "N" * 70 + "^Jane"),
        ("AccessionNumber", ["A12", "A13"], "Accession Number of the images, in full: A12\\A13"),
        ("PatientID", "7\x1b[2J", "Patient ID of the images, in full: 7\\x1b[2J"),
        ("AdmissionID", "V" * 65, "Admission ID of the images, in full: " + "V" * 65),
    ],
)
def test_a_strict_destination_reads_in_the_text_what_its_fields_cannot_hold(keyword: str, value: Any, text: str) -> None:
    for template, dataset in read_back(built(STRICT, **{keyword: value})):
        assert text_of(dataset, keyword) == "", template
        assert text in dataset.PatientComments, template
        if template in ("tid1500", "kos"):
            assert sum(text in one for one in texts(dataset)) == 2, template
    for template, dataset in read_back(built(**{keyword: value})):
        assert text_of(dataset, keyword), template
        assert not any("in full" in one for one in texts(dataset)), template


@pytest.mark.slow
def test_two_identifiers_in_one_are_echoed_and_a_person_is_told() -> None:
    documents = built(PatientID=["77", "88"])
    assert documents.questions == ("PatientID of the source object is 2 values where one is allowed: echoed as it is",)
    assert set(documents.questions) <= set(documents.remarks)
    for _, dataset in read_back(documents):
        assert list(dataset.PatientID) == ["77", "88"]
    assert built(StudyID=["1", "2"]).questions == ()  # nothing is filed under it
    assert built(AccessionNumber="A" * 17).questions == ()


@pytest.mark.slow
def test_what_no_comment_can_hold_whole_stands_in_none() -> None:
    for _, dataset in read_back(built(STRICT, PatientID="P" * 70, AccessionNumber="A" * 10_240)):
        assert dataset.PatientComments == "Patient ID of the images, in full: " + "P" * 70


@pytest.mark.parametrize("keyword", ["PatientID", "PatientName", "PatientBirthDate", "AccessionNumber", "StudyID"])
def test_a_missing_identifier_is_an_empty_one(keyword: str) -> None:
    found = headers()
    for header in found:
        del header[keyword]
    documents = build_templates(FINDINGS, Evidence.from_headers(found), identity())
    assert documents.problems == ()
    assert {text_of(dataset, keyword) for _, dataset in read_back(documents)} == {""}
