"""What a user installs is the wheel: it must hold all it needs and work in an environment of its own, from any folder."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.waiting import patience

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.origins, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the tracked files alone, so that a file that was forgotten in git is missed here."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "--null", "-T", "-", "-cf", str(source / "s.tar")], cwd=ROOT, input=files, check=True)
    subprocess.run(["tar", "-xf", "s.tar"], cwd=source, check=True)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(source)], check=True, capture_output=True
    )
    return next(out.glob("*.whl"))


def test_the_wheel_holds_its_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "echonode/__init__.py", "echonode/py.typed",
        "node/echonode.toml", "node/demo/summary.html", "node/schemas/summary.schema.json", "node/py.typed",
        "sr_templates/study_page/study_page.html", "sr_templates/study_page/study_page.css",
        "models/manifests/phantom_view.toml", "models/manifests/phantom_lv.toml",
    ):  # fmt: skip
        assert wanted in names
    assert any(name.startswith("node/db/migrations/versions/") for name in names)
    assert sum(name.endswith(".safetensors") for name in names) >= 3
    assert not any(name.startswith(("tests/", "config/")) for name in names)


def test_the_wheel_runs_the_demo_in_a_clean_environment(wheel: Path, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    pip = [str(tmp_path / "venv/bin/python"), "-m", "pip", "install", "-q", "-c", str(ROOT / "config/constraints.txt")]
    subprocess.run([*pip, str(wheel)], check=True, env=environment)
    run = subprocess.run(
        [str(tmp_path / "venv/bin/echonode"), "demo", "--out", "out"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=patience(300), check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert json.loads((tmp_path / "out/summary.json").read_text())["audit"]["verified"]
