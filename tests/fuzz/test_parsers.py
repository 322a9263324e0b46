"""Thousands of wrong inputs for everything that is parsed: a result or a documented error, in time, in bounded memory.

`make test` tries a bounded number, the same every time; of weight files, which load torch, `make test-origins` does.
`make test-further` tries 100,000 over all targets, half of them led by coverage where atheris is installed. A failure prints
the command that replays it.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.children import ROOT, faults
from tests.fuzz.mutation import mutated
from tests.fuzz.targets import TARGETS, target_named

_BOUNDED = 150  # inputs of each target
_ALL = 100_000  # of all together
_NAMES = [target.name for target in TARGETS]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.origins if name.startswith("weights_") else ()) for name in _NAMES]
)
def test_wrong_inputs_end_as_documented(name: str, tmp_path: Path) -> None:
    found = list(faults(name, 0, _BOUNDED, tmp_path))
    assert not found, _told(found)


@pytest.mark.further
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", _NAMES)
def test_many_wrong_inputs_end_as_documented(name: str, tmp_path: Path) -> None:
    half = -(-_ALL // (2 * len(TARGETS)))
    found = list(faults(name, _BOUNDED, half, tmp_path))
    assert not found, _told(found)
    if importlib.util.find_spec("atheris") is None:
        found = list(faults(name, _BOUNDED + half, half, tmp_path))
        assert not found, _told(found)
        return
    command = [sys.executable, "-m", "tests.fuzz.by_coverage", name, str(half), str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, check=False)
    said = ended.stderr.decode(errors="replace")
    assert ended.returncode == 0, f"{name}, led by coverage:\n{said[-4000:]}\nthe input lies in {tmp_path}"


def test_an_input_is_the_same_every_time() -> None:
    seeds = target_named("settings").seeds()
    assert mutated(seeds, "settings", 7) == mutated(seeds, "settings", 7) != mutated(seeds, "settings", 8)


def _told(found: list) -> str:
    return "\n".join(f"{fault.what.strip()}\nreplay: {fault.replay}\n" for fault in found[:5])
