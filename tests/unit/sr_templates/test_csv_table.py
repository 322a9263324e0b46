"""The table of a study as Python's own reader takes it."""

import csv
from io import StringIO

import pytest

from models.results import StudyFindings
from sr_templates import csv_table
from sr_templates.errors import DocumentError
from tests.factories import A4C_UID, STUDY_UID, evidence, identity, source_header, study_findings


def rows(findings: StudyFindings | None = None, **attributes: str) -> dict[str, dict[str, str]]:
    headers = evidence(*(source_header(uid, **attributes) for uid in evidence().headers))
    (built,) = csv_table.build(findings or study_findings(), headers, identity())
    return {row["key"]: row for row in csv.DictReader(StringIO(built.content.decode("utf-8"), newline=""))}


def test_a_row_per_quantity_measured_or_not() -> None:
    table = rows()
    assert len(table) == 10
    ef = table["ef_a4c"]
    assert (ef["value"], ef["unit"], ef["beats"], ef["sd"]) == ("55.1", "%", "2", "1.23")
    assert (ef["view"], ef["method"]) == ("a4c", "method of discs, single plane")
    assert (ef["sop_instance_uids"], ef["frames"]) == (A4C_UID, "1 11")
    assert (ef["study_instance_uid"], ef["accession_number"], ef["study_date"]) == (STUDY_UID, "A1234", "20260304")
    missing = table["ef_a2c"]
    assert (missing["value"], missing["reasons"]) == ("", "no_cardiac_cycle disagreement")


def test_research_results_are_marked_in_every_row() -> None:
    assert all("RESEARCH" in row["mark"] for row in rows().values())


def test_numbers_of_phantom_weights_never_stand_beside_a_patient() -> None:
    with pytest.raises(DocumentError, match="phantom"):
        csv_table.build(
            study_findings(),
            evidence(*(source_header(uid, QualityControlSubject="NO") for uid in evidence().headers)),
            identity(),
        )


@pytest.mark.parametrize("identifier", ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", 'A,"B"'])
def test_no_identifier_becomes_a_formula(identifier: str) -> None:
    cell = rows(PatientID=identifier)["ef_bp"]["patient_id"]
    quoted = '="' + identifier.replace('"', '""') + '"'
    assert cell == (identifier if identifier.startswith("A") else quoted)


def test_no_uid_becomes_a_formula() -> None:
    """The node takes UIDs as they come, valid or not."""
    headers = evidence()
    for header in headers.headers.values():
        header["StudyInstanceUID"]._value = "=1+1"
    (built,) = csv_table.build(study_findings(), headers, identity())
    assert b'\r\n"=""=1+1""",A1234,' in built.content
