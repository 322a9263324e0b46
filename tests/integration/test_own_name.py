"""`from echonode import load_model`: from a checkout, from a wheel's folder, and beside a user's own `models.py`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow  # processes of their own

_LOADS = """
import sys
from echonode import list_models, load_model, preprocess
model = load_model("phantom_view", pretrained=True)
batch = preprocess(model, sys.argv[1])
assert batch.shape == (1, 1, 128, 128), batch.shape
assert model(batch).shape == (1, 3)
assert [one.name for one in list_models("PHANTOM_L*", pretrained=True)] == ["phantom_lv"]
print(type(model).__module__)
"""


def run(script: str, folder: Path, *paths: Path) -> str:
    from PIL import Image

    picture = folder / "picture.png"
    Image.new("L", (60, 40), 90).save(picture)
    (folder / "script.py").write_text(script, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))}
    command = [sys.executable, str(folder / "script.py"), str(picture)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


def test_in_a_checkout_it_is_the_same_library(tmp_path: Path) -> None:
    assert run(_LOADS, tmp_path, ROOT, ROOT / "node/importable") == "models.library.model"


@pytest.mark.parametrize("first", ["", "from models import mine\n"])
def test_beside_models_of_one_s_own_both_are_there(tmp_path: Path, first: str) -> None:
    """The name `models` belongs to the script, whichever is imported first."""
    (tmp_path / "models.py").write_text("mine = 7\n", encoding="utf-8")
    check = "from models import mine\nimport models\nassert mine == 7 and not hasattr(models, 'load_model')\n"
    assert run(first + _LOADS + check, tmp_path, ROOT, ROOT / "node/importable") == "echonode.models.library.model"


def test_beside_a_folder_of_models_without_code(tmp_path: Path) -> None:
    """Python takes a plain folder `models` for a package, where nothing else of that name comes later on its path."""
    (tmp_path / "models").mkdir()
    (tmp_path / "node.py").write_text("taken = True\n", encoding="utf-8")
    assert run(_LOADS, tmp_path, ROOT, ROOT / "node/importable") == "echonode.models.library.model"


def test_as_a_wheel_lays_it_out(tmp_path: Path) -> None:
    """All packages in one folder; a link stands for each."""
    site, script = tmp_path / "site", tmp_path / "script"
    site.mkdir()
    script.mkdir()
    for name, place in (
        ("echonode", "node/importable/echonode"),
        *((name, name) for name in ("models", "node", "sr_templates")),
    ):
        (site / name).symlink_to(ROOT / place)
    assert run(_LOADS, script, site) == "models.library.model"


def test_importing_it_loads_no_network_library(tmp_path: Path) -> None:
    heavy = "import sys, echonode; print([one for one in ('torch', 'pydicom', 'sqlalchemy') if one in sys.modules])"
    assert run(heavy, tmp_path, ROOT, ROOT / "node/importable") == "[]"
