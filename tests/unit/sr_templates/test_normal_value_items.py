"""Normal values in reports: coded, of the standard's words, and taken for no measurement by those who read them."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from node.egress.building import WantedDocument, build_templates
from node.egress.built_files import document_bytes
from sr_templates import normal_value_items as items
from sr_templates.conformance_check import check_document
from sr_templates.profile import DEFAULT_PROFILE, Profile
from sr_templates.reading.content_tree import read_report
from sr_templates.reading.measured_values import measured_values
from tests.code_dictionary import meanings_in
from tests.factories import A2C_UID, A4C_UID, POOR_UID, evidence, identity, measurement, source_header, study_findings
from tests.receivers import by_exact_modifiers, flat_by_code

VALUES = (
    measurement("ef_bp", 56.4),
    measurement("ef_a4c", 55.0),
    measurement("lvidd_2d", 6.12),
    measurement("ivsd_2d", 0.9),
    measurement("ao_root", 3.9),
    measurement("tapse", 1.4),
)


def report(template: str, sex: str = "M", profile: Profile = DEFAULT_PROFILE) -> Dataset:
    found = evidence(*(source_header(uid, PatientSex=sex) for uid in (A4C_UID, A2C_UID, POOR_UID)))
    findings = study_findings(measurements=VALUES)
    (built,) = build_templates(findings, found, identity(), [WantedDocument(template, profile)]).documents
    return dcmread(BytesIO(document_bytes(built)))


def numbers(item: Dataset) -> Iterator[Dataset]:
    for child in item.get("ContentSequence", []):
        if child.ValueType == "NUM":
            yield child
        yield from numbers(child)


def properties(document: Dataset, concept: str) -> dict[str, str]:
    """Code value -> number or text, of the value of this concept."""
    item = next(item for item in numbers(document) if item.ConceptNameCodeSequence[0].CodeValue == concept)
    found = {}
    for child in item.ContentSequence:
        if child.RelationshipType == "HAS PROPERTIES" and child.ValueType in ("NUM", "TEXT"):
            text = child.TextValue if child.ValueType == "TEXT" else child.MeasuredValueSequence[0].NumericValue
            found[child.ConceptNameCodeSequence[0].CodeValue] = str(text)
    return found


@pytest.mark.parametrize("template", ["tid1500", "tid5200"])
def test_range_population_and_z_score_stand_with_their_source(template: str) -> None:
    document = report(template)
    said = properties(document, "29436-3")
    assert {code: said[code] for code in ("385524004", "371933006", "373098007", "121414", "121416")} == {
        "385524004": "4.2", "371933006": "5.84", "373098007": "5.02", "121414": "0.41", "121416": "2.7",
    }  # fmt: skip
    assert said["121405"] == "adult men"
    assert "J Am Soc Echocardiogr 2015;28:1-39" in said["121406"]
    assert said["121408"] == said["121406"]
    assert properties(document, "18154-5").keys() == {"385524004", "371933006", "121407", "121408"}, "a range alone"
    assert properties(document, "18015-8").keys() == {"373098007", "121414", "121405", "121406", "121416"}, "no range"
    assert "371933006" not in properties(document, "77903-3"), "a limit on one side"


@pytest.mark.parametrize("template", ["tid1500", "tid5200"])
def test_nothing_is_said_without_a_sex(template: str) -> None:
    found = {item.ConceptNameCodeSequence[0].CodeValue for item in numbers(report(template, "O"))}
    assert not found & {items.Z_SCORE.value, items.LOWER_LIMIT.value, items.MEAN_OF_POPULATION.value}


@pytest.mark.parametrize(
    ("code", "cid"),
    [
        (items.MEAN_OF_POPULATION, 226),
        (items.DEVIATION_OF_POPULATION, 226),
        (items.LOWER_LIMIT, 223),
        (items.UPPER_LIMIT, 223),
        (items.Z_SCORE, 227),
    ],
)
def test_codes_are_those_of_the_standard(code: Code, cid: int) -> None:
    assert code.meaning in meanings_in(code, cid)


@pytest.mark.slow
@pytest.mark.parametrize("template", ["tid1500", "tid5200"])
def test_our_reader_finds_the_same_values_as_without(template: str) -> None:
    with_ranges, without = (
        {(value.key, value.value, value.unit) for value in measured_values(read_report(report(template, sex)))}
        for sex in ("M", "O")
    )
    assert with_ranges == without
    assert len(with_ranges) >= len(VALUES) - 1


@pytest.mark.slow
@pytest.mark.parametrize("template", ["tid1500", "tid5200"])
def test_our_checker_has_nothing_to_add(template: str) -> None:
    with_ranges, without = ([one.message for one in check_document(report(template, sex))] for sex in ("M", "O"))
    assert with_ranges == without


def test_receivers_fill_the_same_fields() -> None:
    for form, profile in ((flat_by_code.form, Profile()), (by_exact_modifiers.form, Profile(replicates=True))):
        assert form(report("tid5200", "M", profile)) == form(report("tid5200", "O", profile))
