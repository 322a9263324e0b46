"""The first thing a stranger runs: `echonode demo`, as a process, from another folder, looked at in a browser."""

import json
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

import jsonschema
import pydicom
import pytest

from tests.waiting import patience

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    run = subprocess.run(
        [sys.executable, "-m", "node.cli", "demo", "--out", "demo-out"],
        cwd=folder, capture_output=True, text=True, timeout=patience(200), check=False,
    )  # fmt: skip
    logs = "".join(path.read_text() for path in folder.glob("demo-out/*.log"))
    assert run.returncode == 0, run.stdout + run.stderr + logs
    return folder / "demo-out"


def test_the_summary_holds_what_the_schema_promises(demo: Path) -> None:
    summary = json.loads((demo / "summary.json").read_text())
    jsonschema.validate(summary, json.loads(resources.files("node").joinpath("schemas/summary.schema.json").read_text()))
    assert summary["audit"]["verified"]
    assert summary["audit"]["sealed"] == summary["audit"]["entries"]
    measured = {row["key"]: row for row in summary["measurements"]}
    assert abs(measured["ef_bp"]["error"]) <= 8, "EF points on the demo's own heart"
    for key in ("lvedv_bp", "lvesv_bp"):
        assert abs(measured[key]["error"]) <= 0.2 * measured[key]["truth"], key
    assert any(flag["issue"] == "poor_image_quality" for flag in summary["quality_flags"]), "one clip is poor on purpose"


def test_every_document_arrived_as_a_dicom_file(demo: Path) -> None:
    summary = json.loads((demo / "summary.json").read_text())
    templates = [row["template"] for row in summary["documents"]]
    assert templates.count("tid1500") == 1
    assert templates.count("seg") >= 2
    assert templates.count("kos") >= 1
    delivered = {pydicom.dcmread(path).SOPInstanceUID for path in (demo / "delivered").glob("*.dcm")}
    assert len(delivered) == len(templates)


def test_the_page_needs_nothing_from_elsewhere(demo: Path) -> None:
    page = (demo / "summary.html").read_text()
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", page), "only pictures in it, and places on it"
    assert page.count("data:image/jpeg;base64,") >= 4, "end-diastole and end-systole of both planes"
    assert page.count("<polyline") >= 2


@pytest.mark.browser
def test_a_browser_shows_the_page(demo: Path, tmp_path: Path) -> None:
    picture = tmp_path / "page.png"
    subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
         f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1100,1600", f"--screenshot={picture}",
         (demo / "summary.html").as_uri()],
        check=True, capture_output=True, timeout=patience(90),
    )  # fmt: skip
    from PIL import Image

    with Image.open(picture) as image:
        assert image.size[0] == 1100
        assert len(image.convert("L").getcolors(256) or []) > 100, "a page with echo frames has many grey levels"


def test_an_unrelated_folder_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    run = subprocess.run(
        [sys.executable, "-m", "node.cli", "demo", "--out", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "not empty" in run.stderr
    assert (tmp_path / "letter.txt").read_text() == "mine"
