"""Every kind of document through every tool: what is said stands in `known_lines.toml`, by its exact words, with its reason."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import dcmread

from models.results import Caliper, CaliperKind, FrameReference, StudyFindings
from node.egress.building import TEMPLATES
from node.egress.built_files import document_bytes
from sr_templates.document import BuiltDocument
from tests.factories import A2C_UID, A4C_UID, POOR_UID, evidence, identity, measurement, source_header, study_findings
from tests.integration.conftest import TABLE
from tests.integration.verdicts import VALIDATORS, Documents, Verdicts, dciodvfy

_HERE = Path(__file__).parent
# What is there without being asked for is judged in every run; what has to be fetched, by `make test-origins`.
_MARKS = {
    "dciodvfy": [pytest.mark.validators],
    "dsrdump": [pytest.mark.dcmtk],
    "dsr2html": [pytest.mark.dcmtk],
    "dsr2xml": [pytest.mark.dcmtk],
    "PixelMed templates": [pytest.mark.validators, pytest.mark.slow],
    "PixelMed modules": [pytest.mark.validators, pytest.mark.slow],
    "dcmqi": [pytest.mark.dcmqi, pytest.mark.origins],
    "dcmjs": [pytest.mark.javascript, pytest.mark.origins],
    "adapters": [pytest.mark.javascript, pytest.mark.origins],
}


def _findings() -> StudyFindings:
    """With a line and a point, each read off a frame of its own."""
    axis = Caliper(CaliperKind.LINE, A4C_UID, 1, ((40.0, 47.5), (40.0, 12.0)))
    peak = Caliper(CaliperKind.POINT, A2C_UID, 1, ((33.0, 12.5),))
    jet = measurement("av_vmax", 3.1, sources=(FrameReference(A2C_UID, 1),), calipers=(peak,))
    length = measurement("lv_len_d_a4c", 8.4567, calipers=(axis,))
    others = (value for value in study_findings().measurements if value.key != length.key)
    return study_findings(measurements=(*others, length, jet))


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Documents:
    """One of each kind that is an object of DICOM, of the same study: a man's, so that normal values stand in reports."""
    folder = tmp_path_factory.mktemp("documents")
    found = {}
    of_a_man = evidence(*(source_header(uid, PatientSex="M") for uid in (A4C_UID, A2C_UID, POOR_UID)))
    for kind, template in TEMPLATES.items():
        document = template.build(_findings(), of_a_man, identity())[0]
        if isinstance(document, BuiltDocument):  # a message or a table is judged elsewhere
            found[kind] = folder / f"{kind}.dcm"
            found[kind].write_bytes(document_bytes(document))
    return found


def _known(tool: str) -> dict[str, set[str]]:
    """Kind of document -> the lines that are known of it."""
    lines = tomllib.loads((_HERE / "known_lines.toml").read_text(encoding="utf-8"))["line"]
    assert all(line["reason"] for line in lines)
    known: dict[str, set[str]] = {}
    for line in lines:
        if tool in line["tools"]:
            for kind in line["documents"]:
                known.setdefault(kind, set()).add(line["text"])
    return known


def _cell(lines: int, new: int, read: str) -> str:
    said = f"{new} NEW" if new else f"{lines} known" if lines else "silent"
    return f"{read}, {said}" if read else said


@pytest.mark.parametrize("tool", [pytest.param(tool, marks=_MARKS.get(tool, [])) for tool in VALIDATORS])
def test_a_tool_says_what_is_known_of_it_and_nothing_else(
    tool: str, documents: Documents, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    verdicts: Verdicts = VALIDATORS[tool](documents, tmp_path)
    known = _known(tool)
    new = {kind: sorted(verdict.lines - known.get(kind, set())) for kind, verdict in verdicts.items()}
    no_longer = {kind: sorted(lines - verdicts[kind].lines) for kind, lines in known.items() if kind in verdicts}
    cells = [[tool, kind, _cell(len(verdict.lines), len(new[kind]), verdict.read)] for kind, verdict in verdicts.items()]
    record_property(TABLE, cells)
    assert {kind: lines for kind, lines in new.items() if lines} == {}
    assert {kind: lines for kind, lines in no_longer.items() if lines} == {}


def test_every_known_line_is_of_a_tool_and_a_document() -> None:
    lines = tomllib.loads((_HERE / "known_lines.toml").read_text(encoding="utf-8"))["line"]
    assert {tool for line in lines for tool in line["tools"]} <= VALIDATORS.keys()
    assert {kind for line in lines for kind in line["documents"]} <= TEMPLATES.keys()
    assert len({(*line["tools"], line["text"]) for line in lines}) == len(lines)


@pytest.mark.validators
def test_dciodvfy_would_notice_a_reference_outside_the_evidence(documents: Documents, tmp_path: Path) -> None:
    broken = dcmread(documents["tid1500"])
    del broken.CurrentRequestedProcedureEvidenceSequence
    broken.save_as(tmp_path / "broken.dcm")
    assert dciodvfy({"tid1500": tmp_path / "broken.dcm"}, tmp_path)["tid1500"].lines - _known("dciodvfy")["tid1500"]
