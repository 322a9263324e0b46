"""`echonode sr measurements`, as a person and as a program read it."""

import csv
import io
import json
from pathlib import Path

import pytest

from node.cli import main
from tests import reports
from tests.reports import as_bytes, coded, document, number, section


@pytest.fixture
def file(tmp_path: Path) -> Path:
    biplane = coded(reports.METHOD, reports.BIPLANE)
    content = section(
        reports.LEFT_VENTRICLE,
        reports.TWO_D,
        number(reports.EF, "56.4", "%", biplane),
        number(reports.EDV, "121000", "mm3"),
        number(("X-1", "99CART", "Theirs, and more"), "-3", "cm"),
        number(("X-2", "99CART", "=1+1"), "3", "cm"),
    )
    path = tmp_path / "cart.dcm"
    path.write_bytes(as_bytes(document(content)))
    return path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["echonode", "sr", "measurements", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_a_person_reads_keys_and_why_there_is_none(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, str(file)) == 0
    head, ejection, volume, theirs, _ = capsys.readouterr().out.splitlines()
    assert head.split()[:4] == ["key", "value", "unit", "name"]
    assert ejection.split()[:3] == ["ef_bp", "56.4", "%"]
    assert "ambiguous: no method stated: lvedv_bp, lvedv_a4c, lvedv_a2c" in volume
    assert "private code of 99CART" in theirs


def test_a_table_has_every_column(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, str(file), "--csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["key"] for row in rows] == ["ef_bp", "", "", ""]
    assert (rows[0]["finding_site"], rows[0]["method"], rows[0]["image_mode"], rows[0]["path"]) == (
        "Left Ventricle",
        "Method of Disks, Biplane",
        "2D mode",
        "1.1.2.2",
    )
    assert (rows[2]["name"], rows[2]["value"]) == ("Theirs, and more", "-3.0")
    assert rows[3]["name"] == '="=1+1"', "what a report says becomes no formula"


def test_a_program_gets_the_values(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, str(file), "--json") == 0
    read = json.loads(capsys.readouterr().out)
    assert (read["template"], read["verified"], read["notes"]) == ("5200", False, [])
    assert (read["measurements"][0]["key"], read["measurements"][0]["value"]) == ("ef_bp", 56.4)
    assert (read["measurements"][1]["key"], read["measurements"][1]["unit"]) == (None, "mm3")


def test_what_was_passed_over_is_said_beside_the_values(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(file.read_bytes()[:-40])
    assert run(monkeypatch, str(file)) == 0
    said = capsys.readouterr()
    assert "ef_bp" in said.out
    assert said.err.startswith("passed over: ")


@pytest.mark.parametrize(("content", "options", "code"), [(b"text", (), 1), (None, ("--json", "--csv"), 2)])
def test_what_is_wrong_has_its_exit_code(
    content: bytes | None, options: tuple[str, ...], code: int, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_bytes(content or file.read_bytes())
    assert run(monkeypatch, str(file), *options) == code


def test_a_report_without_a_number_says_so(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(as_bytes(document()))
    assert run(monkeypatch, str(file)) == 0
    assert "no number in this report" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("dcm4che_report_dfl_sr.dcm", 1),
        ("dcmqi_sr1500.dcm", 24),
        ("highdicom_sr1500_groups.dcm", 4),
        ("pydicom_test-SR.dcm", 2),
    ],
)
def test_reports_of_other_subjects_have_numbers_and_no_keys(
    samples: Path, name: str, numbers: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, str(samples / name), "--json") == 0
    found = json.loads(capsys.readouterr().out)["measurements"]
    assert len(found) == numbers
    assert {row["key"] for row in found} == {None}
    assert all(row["remark"] for row in found)
