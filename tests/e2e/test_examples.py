"""The scripts in `examples/` do what they say. Bug prevented: the first thing that a newcomer runs ends in a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import SmallStudy
from tests.peers.echonode import running_node, write_config
from tests.waiting import free_port, patience

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"


def output_of(name: str, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=patience(200),
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_loaded_model_tells_the_view_that_was_drawn() -> None:
    printed = output_of("load_a_model.py")
    assert "drawn: a4c  found: a4c" in printed
    assert "drawn: a2c  found: a2c" in printed


def test_a_file_is_measured(tmp_path: Path, small_study: SmallStudy) -> None:
    printed = output_of("measure_a_file.py", small_study.paths[0], tmp_path / "out")
    assert f"study {small_study.study_instance_uid}" in printed
    assert "ef_a4c" in printed
    assert "not measured: view_missing" in printed  # of the biplane values: the other view was not given


def test_the_report_of_a_sent_study_is_read(tmp_path: Path, small_study: SmallStudy) -> None:
    my_port = free_port()
    config = write_config(tmp_path, port=free_port(), destinations={"example": ("EXAMPLE", my_port)})
    config.write_text(config.read_text().replace('"tid1500", "seg", "kos"', '"tid1500"'))
    with running_node(config) as node:
        printed = output_of("send_and_read.py", "127.0.0.1", node.settings.node.port, my_port, *small_study.paths)
    assert printed.count("0x0000") == len(small_study.paths)
    assert "PARTIAL, UNVERIFIED" in printed
    assert "Left Ventricular Ejection Fraction by US" in printed


def test_every_example_is_run() -> None:
    """Bug prevented: an example that nothing tries."""
    text = Path(__file__).read_text(encoding="utf-8")
    files = sorted(path.name for path in EXAMPLES.glob("*.py"))
    assert files
    assert [name for name in files if f'"{name}"' not in text] == []
