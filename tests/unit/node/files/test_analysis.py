"""`echonode analyse`: the node's rules for documents hold where there is no node."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from typer.testing import CliRunner

from models.catalogue import View
from models.derive.study.groups import ClipGroup
from models.library.model_set import ModelSet
from models.results import ClipFindings
from node.cli import app
from node.files import analysis
from node.files.analysis import AnalysedStudy, analyse_files
from node.settings import ModelSettings, Settings
from tests import reports
from tests.factories import A2C_UID, A4C_UID, clip_findings, source_file, source_header


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def analysed(sop_instance_uid: str, path: Path, models: ModelSet) -> ClipFindings:
        return clip_findings(sop_instance_uid)

    monkeypatch.setattr(analysis, "analyse_clip", analysed)


def _analyse(
    folder: Path, *headers: Dataset, settings: Settings | None = None
) -> tuple[AnalysedStudy, dict[str, Any], list[str]]:
    """What it says, the findings it wrote, and the kinds of documents."""
    (folder / "in").mkdir()
    for number, header in enumerate(headers):
        source_file(header).save_as(folder / "in" / f"{number}.dcm", enforce_file_format=True)
    (study,) = analyse_files([folder / "in"], folder / "out", settings or Settings())
    findings = json.loads((study.folder / "findings.json").read_text(encoding="utf-8"))
    return study, findings, sorted(path.name.split("-")[0] for path in study.folder.glob("*.dcm"))


def test_one_patient_has_documents(tmp_path: Path) -> None:
    study, findings, written = _analyse(tmp_path, source_header(A4C_UID), source_header(A2C_UID))
    assert written == ["seg", "seg", "tid1500"]
    assert (study.documents, study.withheld) == (3, "")
    assert findings["flags"] == []


def test_two_patients_in_one_study_have_findings_but_no_documents(tmp_path: Path) -> None:
    study, findings, written = _analyse(tmp_path, source_header(A4C_UID), source_header(A2C_UID, PatientID="OTHER"))
    assert written == []
    assert study.documents == 0
    assert "several patient identifiers" in study.withheld
    assert [flag["issue"] for flag in findings["flags"]] == ["several_patient_ids"]
    assert "OTHER" not in json.dumps(findings)


def test_the_command_says_why_there_are_none(tmp_path: Path) -> None:
    for number, patient in enumerate(("ONE", "OTHER")):
        header = source_header((A4C_UID, A2C_UID)[number], PatientID=patient)
        source_file(header).save_as(tmp_path / f"{number}.dcm", enforce_file_format=True)
    arguments = ["analyse", str(tmp_path), "--out", str(tmp_path / "out"), "--config", str(tmp_path / "none.toml")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1, "a person has to decide: nothing of this study reaches anybody"
    assert result.output.count("several patient identifiers") == 1, "said once"
    assert "no documents: several patient identifiers in one study" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("one", "other", "documents"),
    [
        ({}, {"PatientID": ""}, 3),
        ({}, {"PatientID": "PHANTOM-1 "}, 3),
        ({}, {"IssuerOfPatientID": "Elsewhere"}, 0),
    ],
    ids=["unknown", "padded", "issued elsewhere"],
)
def test_patients_are_compared_as_the_node_does(
    tmp_path: Path, one: dict[str, Any], other: dict[str, Any], documents: int
) -> None:
    study, _, _ = _analyse(tmp_path, source_header(A4C_UID, **one), source_header(A2C_UID, **other))
    assert study.documents == documents


def test_a_corrected_header_speaks_for_its_object(tmp_path: Path) -> None:
    wrong, right = source_header(A4C_UID, PatientID="WRONG"), source_header(A4C_UID)
    study, _, _ = _analyse(tmp_path, wrong, right)
    assert study.withheld == ""


@pytest.mark.parametrize(("error", "reason"), [(RuntimeError("shape"), "computation_failed"), (OSError(5, "disk"), None)])
def test_an_error_of_a_group_s_network_is_a_reason_as_in_the_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str | None
) -> None:
    def seen(sop_instance_uid: str, path: Path, models: ModelSet) -> ClipFindings:
        return clip_findings(sop_instance_uid, View.A4C if sop_instance_uid == A4C_UID else View.A2C)

    def broken(group: ClipGroup, files: Sequence[Path], models: ModelSet) -> ClipFindings:
        raise error

    monkeypatch.setattr(analysis, "analyse_clip", seen)
    monkeypatch.setattr(analysis, "read_group", broken)
    settings = Settings(models=ModelSettings(measurements=("EchoMotionNet_A4C_A2C",)))
    if reason is None:
        with pytest.raises(OSError, match="disk"):
            _analyse(tmp_path, source_header(A4C_UID), source_header(A2C_UID), settings=settings)
        return
    _, findings, written = _analyse(tmp_path, source_header(A4C_UID), source_header(A2C_UID), settings=settings)
    (missing,) = [one for one in findings["not_measured"] if one["key"] == "ef_video_regression_biplane"]
    assert (missing["reasons"], missing["detail"]) == ([reason], "EchoMotionNet_A4C_A2C: broke off with RuntimeError")
    assert "tid1500" in written


def test_the_carts_report_in_the_folder_is_read_and_ours_is_not(tmp_path: Path) -> None:
    """Bug prevented: documents that fill what the cart has measured, of files though not of the network; or that take an
    earlier output of ours for the cart's.
    """
    (tmp_path / "in").mkdir()
    biplane = reports.coded(reports.METHOD, reports.BIPLANE)
    section = reports.section(reports.LEFT_VENTRICLE, reports.TWO_D, reports.number(reports.EF, "56.4", "%", biplane))
    sent = reports.document(section)
    earlier = reports.document(section, SOPInstanceUID="1.2.3.4", Manufacturer="EchoNode", VerificationFlag="VERIFIED")
    for name, dataset in (("cart.dcm", sent), ("earlier.dcm", earlier)):
        (tmp_path / "in" / name).write_bytes(reports.as_bytes(dataset))
    source_file(source_header(A4C_UID)).save_as(tmp_path / "in" / "clip.dcm", enforce_file_format=True)
    (study,) = analyse_files([tmp_path / "in"], tmp_path / "out", Settings())
    findings = json.loads((study.folder / "findings.json").read_text(encoding="utf-8"))
    assert [(value["key"], value["sop_instance_uid"]) for value in findings["cart"]] == [("ef_bp", reports.CART_UID)]
