"""What a wheel would hold, told without building one (tests/e2e/test_wheel.py builds it)."""

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.house.test_sources import tracked

ROOT = Path(__file__).resolve().parents[2]
_LISTS = """
import warnings; warnings.simplefilter("ignore")
from setuptools import Distribution
build = Distribution({"script_name": "setup.py"})
build.parse_config_files()
step = build.get_command_obj("build_py")
step.build_lib = ""
step.ensure_finalized()
print("\\n".join(step.get_outputs(include_bytecode=False)))
"""


@cache
def packed() -> frozenset[str]:
    command = [sys.executable, "-W", "ignore", "-c", _LISTS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return frozenset(line.strip().removeprefix("./") for line in done.stdout.splitlines())


@pytest.mark.slow
def test_a_wheel_holds_every_package_and_its_data() -> None:
    """Bug prevented: `from echonode import load_model` in every checkout, and in no installation."""
    assert {"echonode/__init__.py", "echonode/own_packages.py", "echonode/py.typed"} <= packed()
    missing = [
        file
        for package in ("models", "node", "sr_templates")
        for file in tracked(f"{package}/*")
        if not file.startswith("node/importable/") and file not in packed()
    ]
    assert missing == []


@pytest.mark.slow
def test_a_wheel_holds_nothing_twice_and_nothing_else() -> None:
    assert not [file for file in packed() if file.startswith(("node/importable", "tests", "config", "docs"))]
