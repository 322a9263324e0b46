"""What a document takes over from its source: whole or not at all, never a part and never Python's idea of a list."""

import re
from io import BytesIO
from typing import Any

import pytest
from pydicom import config, dcmread
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from node.egress.building import build_templates
from node.egress.built_files import document_bytes
from sr_templates.copied_values import IdentifierRules, IrregularValue, copied_list, copied_value, text_of
from sr_templates.document import BuiltDocument
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence
from tests.factories import A2C_UID, A4C_UID, POOR_UID, identity, source_header, study_findings

ECHO, REFUSE = IdentifierRules(several="echo"), IdentifierRules(several="refuse")
LONG_ACCESSION, LONG_ID = "A1234567890123456789", "P" * 70


def with_value(keyword: str, vr: str, value: Any) -> Dataset:
    header = source_header()
    header[keyword] = DataElement(keyword, vr, value, validation_mode=config.IGNORE)
    return header


def as_stored(keyword: str, vr: str, value: str) -> Dataset:
    """Not yet converted by pydicom, as in a header just read."""
    header, tag = source_header(), Tag(keyword)
    header[tag] = RawDataElement(tag, vr, len(value), value.encode(), 0, False, True)
    return header


def documents(rules: IdentifierRules | None = None, **values: tuple[str, Any]) -> tuple[list[Dataset], tuple[str, ...]]:
    """All documents of a study whose headers have these values, through bytes and back, and the remarks."""
    headers = []
    for uid in (A4C_UID, A2C_UID, POOR_UID):
        header = source_header(uid)
        for keyword, (vr, value) in values.items():
            header[keyword] = DataElement(keyword, vr, value, validation_mode=config.IGNORE)
        headers.append(header)
    built = build_templates(study_findings(), Evidence.from_headers(headers, rules or IdentifierRules()), identity())
    assert built.problems == ()
    return [_read_back(document) for document in built.documents], built.remarks


def _read_back(document: BuiltDocument) -> Dataset:
    return dcmread(BytesIO(document_bytes(document)))


def raw(dataset: Dataset, keyword: str) -> bytes:
    value = dataset.get_item(keyword).value
    assert isinstance(value, bytes)
    return value


@pytest.mark.slow
@pytest.mark.parametrize(
    ("keyword", "vr", "value"),
    [("AccessionNumber", "SH", LONG_ACCESSION), ("PatientID", "LO", LONG_ID), ("PatientName", "PN", "N" * 70 + "^Jane")],
)
def test_an_overlong_identifier_is_echoed_whole_or_left_out(keyword: str, vr: str, value: str) -> None:
    echoed, remarks = documents(**{keyword: (vr, value)})
    assert {raw(document, keyword).rstrip(b" ") for document in echoed} == {value.encode()}
    assert [keyword in remark and "echoed" in remark for remark in remarks] == [True]
    omitted, remarks = documents(IdentifierRules(overlong="omit"), **{keyword: (vr, value)})
    assert {raw(document, keyword) for document in omitted} == {b""}
    assert [keyword in remark and "left out" in remark for remark in remarks] == [True]
    assert value not in str(remarks)


def test_the_report_says_what_was_irregular() -> None:
    (report, *_), _ = documents(AccessionNumber=("SH", LONG_ACCESSION))
    texts = [
        item.TextValue for group in report.ContentSequence for item in group.get("ContentSequence", ()) if "TextValue" in item
    ]
    assert any(text.startswith("tolerated: AccessionNumber") for text in texts)


@pytest.mark.parametrize("keyword", ["PatientID", "PatientName", "AccessionNumber", "IssuerOfPatientID"])
def test_an_identifier_of_two_values_names_two(keyword: str) -> None:
    vr = "PN" if keyword == "PatientName" else "LO"
    with pytest.raises(IrregularValue, match=f"{keyword}.*2 values"):
        copied_value(with_value(keyword, vr, ["A12", "A13"]), keyword, REFUSE)
    assert copied_value(with_value(keyword, vr, ["A12", "A13"]), keyword, IdentifierRules(several="omit")).element is None
    echoed, remarks = documents(ECHO, **{keyword: (vr, ["A12", "A13"])})
    assert {raw(document, keyword).rstrip(b" ") for document in echoed} == {b"A12\\A13"}
    assert len(remarks) == 1


def test_two_identifiers_are_refused_by_name() -> None:
    with pytest.raises(Exception, match="PatientID of the source object is 2 values") as refused:
        documents(REFUSE, PatientID=("LO", ["77", "88"]))
    assert type(refused.value).__module__ == "sr_templates.errors"
    assert "77" not in str(refused.value)


@pytest.mark.parametrize(
    ("keyword", "vr", "value"),
    [
        ("StudyDescription", "LO", ["ECHO", "TTE"]),
        ("StudyDescription", "LO", "ECHO\x1b[2J"),
        ("StudyDescription", "LO", "x" * 65),
        ("StudyDate", "DA", "20261399"),
        ("StudyDate", "DA", "19940608-19950101"),
        ("StudyDate", "DA", "1994-06-08"),
        ("StudyTime", "TM", "250000"),
        ("StudyTime", "TM", "1430-1500"),
        ("PatientBirthDate", "DA", "UNKNOWN"),
        ("PatientSex", "CS", "FEMALE"),
        ("PatientSex", "CS", "X"),
        ("PatientAge", "AS", "30Y"),
        ("PatientSize", "DS", "Sequence"),
        ("PatientSize", "DS", "1e999"),
        ("PatientWeight", "SQ", Sequence([Dataset()])),
        ("InstitutionName", "LO", ["ONE", "TWO"]),
        ("StudyID", "SH", ["1", "2"]),
        ("ReferringPhysicianName", "PN", "House^Gregory\\Wilson^James"),
        ("QualityControlSubject", "CS", "PERHAPS"),
    ],
)
def test_any_other_invalid_value_is_passed_on_to_nobody(keyword: str, vr: str, value: Any) -> None:
    header = as_stored(keyword, vr, value) if vr == "DS" else with_value(keyword, vr, value)
    found = copied_value(header, keyword, REFUSE)
    assert found.element is None
    assert keyword in found.remark


@pytest.mark.parametrize(
    ("ratio", "kept"), [("10:1", False), (["5.2", "10:1"], False), ("12.5", True), (["5.2", "2.1"], True), ("", False)]
)
def test_a_compression_ratio_is_a_number_or_left_out(ratio: Any, kept: bool) -> None:
    header = as_stored("LossyImageCompressionRatio", "DS", "\\".join(ratio) if isinstance(ratio, list) else ratio)
    assert (copied_list(header, "LossyImageCompressionRatio").element is not None) is kept


def test_several_values_are_one_text_as_dicom_writes_it() -> None:
    assert text_of(with_value("StudyDescription", "LO", ["ECHO", "TTE"]), "StudyDescription") == "ECHO\\TTE"
    assert text_of(with_value("StudyDescription", "SQ", Sequence([Dataset()])), "StudyDescription") == ""


@pytest.mark.parametrize("uid", ["../x", "/abs/x", "1.2.840.01", "abc"])
def test_an_invalid_study_uid_is_echoed_and_remarked(uid: str) -> None:
    """The images carry it: a document with another would stand beside them."""
    echoed, remarks = documents(StudyInstanceUID=("UI", uid))
    assert {raw(document, "StudyInstanceUID").rstrip(b"\0") for document in echoed} == {uid.encode()}
    assert remarks == ("StudyInstanceUID of a source object is no valid UID: echoed as it is",)


def test_a_template_that_fails_takes_no_other_along(monkeypatch: pytest.MonkeyPatch) -> None:
    from node.egress import building as module

    def broken(*_: object) -> tuple[BuiltDocument, ...]:
        raise AttributeError("SECRET")

    def refused(*_: object) -> tuple[BuiltDocument, ...]:
        raise DocumentError("outlines were drawn on an image of another size")

    monkeypatch.setitem(module.TEMPLATES, "seg", module.Template(broken))
    monkeypatch.setitem(module.TEMPLATES, "kos", module.Template(refused))
    headers = [source_header(uid) for uid in (A4C_UID, A2C_UID, POOR_UID)]
    built = build_templates(study_findings(), Evidence.from_headers(headers), identity())
    assert [document.template for document in built.documents] == ["tid1500"]
    broke, refused_it = built.problems
    assert re.fullmatch(r"seg not built: AttributeError \(node\.egress\.building, line \d+\)", broke)
    assert refused_it == "kos not built: outlines were drawn on an image of another size"
