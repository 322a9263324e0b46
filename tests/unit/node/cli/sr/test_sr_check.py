"""`echonode sr check`: what is said of a file, and the exit code."""

import json
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from typer.testing import CliRunner, Result

from node.cli import app
from tests.factories import source_file, source_header
from tests.small_reports import echo_report


def _file(folder: Path, document: Dataset, name: str = "report.dcm") -> str:
    path = folder / name
    document.save_as(path, enforce_file_format=True)
    return str(path)


def _check(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["sr", "check", *arguments])


def test_a_good_report_is_exit_code_0(tmp_path: Path) -> None:
    result = _check(_file(tmp_path, echo_report()))
    assert result.exit_code == 0, result.output
    assert "as the standard has it" in result.output


def test_a_deviation_is_said_with_path_and_rule(tmp_path: Path) -> None:
    document = echo_report()
    section = document.ContentSequence[4]
    section.ContentSequence = section.ContentSequence[1:]  # without its finding site
    result = _check(_file(tmp_path, echo_report(), "good.dcm"), _file(tmp_path, document))
    assert result.exit_code == 1
    assert "1 errors, 0 warnings" in result.output
    line = 'error: 1.5 Adult Echocardiography Procedure Report > Findings: CODE "Finding Site" is missing'
    assert line in result.output
    assert "[PS3.16 TID 5202 row 2]" in result.output


def test_programs_get_json(tmp_path: Path) -> None:
    document = echo_report()
    document.ContentTemplateSequence[0].TemplateIdentifier = "1500"
    result = _check("--json", _file(tmp_path, document))
    (said,) = json.loads(result.output)
    assert result.exit_code == 1
    assert said["deviations"][0]["severity"] == "error"
    assert said["deviations"][0]["rule"] == "PS3.3 C.18.8.1.2"


@pytest.mark.parametrize("what", ["no DICOM", "an image"])
def test_what_is_no_report_is_exit_code_1(what: str, tmp_path: Path) -> None:
    path = tmp_path / "other.dcm"
    if what == "no DICOM":
        path.write_bytes(b"nothing of the kind")
    else:
        source_file(source_header()).save_as(path, enforce_file_format=True)
    result = _check(str(path))
    assert result.exit_code == 1
    assert ("not a DICOM object" if what == "no DICOM" else "is no structured report") in result.output


def test_a_file_that_is_not_there_is_exit_code_2(tmp_path: Path) -> None:
    assert _check(str(tmp_path / "nothing.dcm")).exit_code == 2
    assert _check().exit_code == 2
