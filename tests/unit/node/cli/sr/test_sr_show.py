"""`echonode sr show`, as a person and as a program read it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from node.cli import main
from node.cli.sr.show import show
from tests.reports import EF, LEFT_VENTRICLE, TWO_D, as_bytes, document, number, section


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The whole command; its exit code."""
    monkeypatch.setattr("sys.argv", ["echonode", "sr", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cart.dcm"
    path.write_bytes(as_bytes(document(section(LEFT_VENTRICLE, TWO_D, number(EF, "56.4", "%")))))
    return path


def test_a_person_sees_the_tree(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "show", str(file)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("TID 5200: partial, unverified")
    assert "    1.1.1 has concept mod: Finding Site (G-C0E3, SRT) = Left Ventricle" in lines
    assert "      1.1.2.2 Left Ventricular Ejection Fraction (18043-0, LN) = 56.4 %" in lines


def test_a_program_gets_the_tree(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "show", str(file), "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["template"] == "5200"
    value = shown["content"]["content"][0]["content"][1]["content"][1]
    assert (value["value"], value["unit"]["value"], value["path"]) == (56.4, "%", "1.1.2.2")
    assert "qualifier" not in value


def broken(kind: str, whole: bytes) -> bytes:
    return {
        "text": b"no DICOM at all\n",
        "empty": b"",
        "image": as_bytes(_image()),
    }[kind]


def _image() -> object:
    dataset = document()
    del dataset.ValueType
    return dataset


@pytest.mark.parametrize(
    ("kind", "word"), [("text", "not a DICOM object"), ("empty", "not a DICOM object"), ("image", "not a structured report")]
)
def test_what_is_no_report_is_said_in_a_line(
    kind: str, word: str, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(broken(kind, file.read_bytes()))
    assert run(monkeypatch, "show", str(file)) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert word in line


def test_a_file_that_breaks_off_is_read_so_far_and_said(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(file.read_bytes()[:-120])
    assert run(monkeypatch, "show", str(file)) == 0
    shown = capsys.readouterr().out
    assert "Finding Site" in shown
    assert "passed over: " in shown


def test_a_file_that_is_not_there_is_used_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run(monkeypatch, "show", str(tmp_path / "nowhere.dcm")) == 2


SAMPLES = ("dcm4che_report_dfl_sr.dcm", "dcmqi_sr1500.dcm", "highdicom_sr1500_groups.dcm", "pydicom_test-SR.dcm")


@pytest.mark.parametrize("name", SAMPLES)
def test_real_reports_are_shown_whole(samples: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    show(samples / name, as_json=True)
    shown = json.loads(capsys.readouterr().out)
    assert shown["notes"] == []
    assert len(str(shown["content"])) > 500


def test_the_group_lists_its_commands() -> None:
    from node.cli import app

    listed = CliRunner().invoke(app, ["sr", "--help"])
    assert listed.exit_code == 0
    assert "show" in listed.output
