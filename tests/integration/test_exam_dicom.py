"""A whole examination judged by dciodvfy, read by DCMTK, and streamed to a PACS."""

import json
import subprocess
from functools import partial
from pathlib import Path

import pytest
from pydicom.uid import UltrasoundImageStorage, UltrasoundMultiFrameImageStorage
from typer.testing import CliRunner

from node.cli import app
from node.objects.exam_plan import ExamDetail, plan_exam
from node.objects.exam_writer import write_whole_study
from node.objects.phantom_writer import WrittenStudy
from tests.peers.fake_pacs import FakePACS
from tests.peers.validators import dciodvfy_errors


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> WrittenStudy:
    detail = ExamDetail(polar=(48, 24), frame_rate_hz=4.0, columns=256, seconds=1.0, longest_beats=1.0)
    return write_whole_study(tmp_path_factory.mktemp("exam"), seed=4, objects=10, flawed=True, detail=detail)


@pytest.mark.validators
def test_dciodvfy_finds_no_error_but_those_put_in(study: WrittenStudy) -> None:
    for path, true in zip(study.paths, study.truth["clips"], strict=True):
        errors = dciodvfy_errors(path)
        if true["flaws"] == ["no_frame_time"]:
            assert errors
            assert all("FrameIncrementPointer" in error for error in errors)
        else:
            assert not errors, f"{path.name}: {errors}"


@pytest.mark.dcmtk
def test_dcmdump_reads_every_object(study: WrittenStudy) -> None:
    for path in study.paths:
        run = subprocess.run(["dcmdump", str(path)], capture_output=True, text=True, errors="replace", check=False)
        assert run.returncode == 0, f"{path.name}: {run.stderr}"


@pytest.mark.slow
def test_stream_sends_an_examination(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = ExamDetail(polar=(48, 24), frame_rate_hz=4.0, columns=256, seconds=1.0, longest_beats=1.0)
    monkeypatch.setattr("node.cli.phantom.plan_exam", partial(plan_exam, detail=small))
    monkeypatch.setattr("os.cpu_count", lambda: 1)  # no process of its own for two objects
    with FakePACS([UltrasoundImageStorage, UltrasoundMultiFrameImageStorage]) as pacs:
        pacs.at_store.extend([0x0000, 0xA700])
        arguments = ["phantom", "stream", f"FAKEPACS@127.0.0.1:{pacs.port}", "--pace", "0", "--objects", "2", "--seed", "5"]
        result = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path), "--json"])
        assert result.exit_code == 1, "one was refused"
        rows = json.loads(result.stdout)
        assert [row["ok"] for row in rows] == [True, False]
        truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
        assert [one.sop_instance_uid for one in pacs.received] == [clip["sop_instance_uid"] for clip in truth["clips"]]
        assert pacs.associations == 2


def test_options_of_a_whole_examination_need_one(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["phantom", "make", str(tmp_path / "out"), "--flawed"])
    assert result.exit_code == 2
    assert not (tmp_path / "out").exists()
