"""torchvision beside a torch it was not compiled for. Each case in a process of its own: an import cannot be taken back."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import models

PACKAGE = Path(models.__file__).parent
FAMILIES = [
    "echoforge_xception",
    "echoforge_densenet",
    "echoforge_convnext",
    "echoforge_transformer",
    "echoforge_swin",
    "echonet_dynamic",
    "echonet_measurements",
    "echo_apex",
    "echo_prime",
    "pan_echo",
]


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_torchvision_and_timm_can_be_imported_after_it() -> None:
    code = "from models.families.vision import make_importable as m; m(); m(); import torchvision, timm; m(); print('imported')"
    assert run(code) == "imported"


def test_looking_for_torchvision_runs_none_of_it() -> None:
    code = "import sys; from models.families.vision import make_importable as m; m(); print('torchvision' in sys.modules)"
    assert run(code) == "False"


@pytest.mark.parametrize("family", FAMILIES)
def test_importing_a_family_alone_imports_neither(family: str) -> None:
    code = f"import sys, models.families.{family}; print([m for m in ('torchvision', 'timm') if m in sys.modules])"
    assert run(code) == "[]"


@pytest.mark.parametrize("name", ["EchoView47_classifier", "lvid", "echonet_dynamic/ef_r2plus1d_18"])
def test_a_network_builds_in_a_process_that_prepared_nothing(name: str) -> None:
    assert run(f"from models import load_model; print(type(load_model({name!r}, device='meta')).__name__)")


def test_an_extension_that_loads_is_taken_and_nothing_is_declared() -> None:
    """A second declaration of the same operator would abort the process, and the real operators must win."""
    code = """
import torch
from models.families import vision
asked = []
torch.ops.load_library = asked.append
vision.make_importable()
print(len(asked), "_C" in asked[0], hasattr(torch.ops.torchvision, "nms"))
"""
    assert run(code) == "1 True False"


def test_operators_that_somebody_else_declared_are_left_alone() -> None:
    code = """
import torch
theirs = torch.library.Library("torchvision", "FRAGMENT")
theirs.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
def fails(path): raise OSError(path)
torch.ops.load_library = fails
from models.families import vision
vision.make_importable()
print(all(hasattr(torch.ops.torchvision, name) for name in ("nms", "qnms")))
"""
    assert run(code) == "True"


def test_it_is_the_only_door_to_torchvision_and_timm() -> None:
    """Bug prevented: an import elsewhere, which works here or there by the order of imports alone."""
    found = {
        path.name
        for path in PACKAGE.rglob("*.py")
        if re.search(r"^\s*(import|from) (torchvision|timm)\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert found == {"vision.py"}
