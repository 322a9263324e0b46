"""torchvision beside a torch it was not compiled for. Each case in a process of its own: an import cannot be taken back."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import models

PACKAGE = Path(models.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for folder in ("families", "networks")
    for path in (PACKAGE / folder).rglob("*.py")
    if path.stem != "__init__"
)
_EXTENSION_LOADS = """
import torch
from models.networks import vision
asked = []
torch.ops.load_library = asked.append
vision.make_importable()
print(len(asked), "_C" in asked[0], hasattr(torch.ops.torchvision, "nms"))
"""
_DECLARED_BY_OTHERS = """
import torch
theirs = torch.library.Library("torchvision", "FRAGMENT")
theirs.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
def fails(path): raise OSError(path)
torch.ops.load_library = fails
from models.networks import vision
vision.make_importable()
print(all(hasattr(torch.ops.torchvision, name) for name in ("nms", "qnms")))
"""
# One after the other: the first that brings one of the two along is named.
_IMPORT_ALL = f"""
import importlib, sys
for name in {MODULES!r}:
    importlib.import_module(name)
    brought = [one for one in ("torchvision", "timm") if one in sys.modules]
    if brought:
        sys.exit(f"{{name}} imports {{brought}}")
print(len({MODULES!r}))
"""


def _built(name: str) -> str:
    return f"from models import load_model; load_model({name!r}, device='meta'); print('built')"


CASES = {
    "both libraries can be imported after it": (
        "from models.networks.vision import make_importable as m; m(); m(); import torchvision, timm; m(); print('imported')",
        "imported",
    ),
    "looking for torchvision runs none of it": (
        "import sys; from models.networks.vision import make_importable as m; m(); print('torchvision' in sys.modules)",
        "False",
    ),
    "importing families imports neither": (_IMPORT_ALL, str(len(MODULES))),
    "a network of timm builds in a process that prepared nothing": (_built("EchoView47_classifier"), "built"),
    "a DeepLab builds in a process that prepared nothing": (_built("lvid"), "built"),
    "a video network builds in a process that prepared nothing": (_built("echonet_dynamic/ef_r2plus1d_18"), "built"),
    # A second declaration of the same operator would abort the process, and the real operators must win.
    "an extension that loads is taken and nothing is declared": (_EXTENSION_LOADS, "1 True False"),
    "operators that somebody else declared are left alone": (_DECLARED_BY_OTHERS, "True"),
}
# Importing torch takes seconds: one process does, and each case runs in a fork of it.
_FORKS = """
import json, os, sys, traceback
import torch
for code in json.loads(sys.argv[1]):
    if not (child := os.fork()):
        status = 1
        try:
            exec(code, {})
            status = 0
        except BaseException as error:
            print(repr(error), traceback.format_exc())
        sys.stdout.flush()
        os._exit(status)
    _, status = os.waitpid(child, 0)
    print(f"\x1e{status}\x1f", flush=True)
"""


@pytest.fixture(scope="module")
def answers() -> dict[str, tuple[str, str]]:
    """Case -> exit status and what it printed."""
    codes = json.dumps([code for code, _ in CASES.values()])
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # a process with threads is not to be forked
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _FORKS, codes],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | one_thread,
    )
    assert done.returncode == 0, done.stderr
    told = [part.rpartition("\x1e") for part in done.stdout.split("\x1f\n")[:-1]]
    return {name: (status, said.strip()) for name, (said, _, status) in zip(CASES, told, strict=True)}


@pytest.mark.slow
@pytest.mark.origins
@pytest.mark.parametrize("case", CASES)
def test_in_a_process_of_its_own(case: str, answers: dict[str, tuple[str, str]]) -> None:
    assert answers[case] == ("0", CASES[case][1])


def test_it_is_the_only_door_to_torchvision_and_timm() -> None:
    """Bug prevented: an import elsewhere, which works here or there by the order of imports alone."""
    found = {
        path.name
        for path in PACKAGE.rglob("*.py")
        if re.search(r"^\s*(import|from) (torchvision|timm)\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert found == {"vision.py"}
