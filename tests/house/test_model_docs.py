"""models/ZOO.md and models/README.md say what the code does."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest
import torch

from models import load_model
from models.importers import IMPORTERS, import_weights
from models.registry import FAMILIES, list_models
from node.cli.zoo import zoo_page

MODELS = Path(__file__).resolve().parents[2] / "models"
README = (MODELS / "README.md").read_text(encoding="utf-8")


def test_the_zoo_is_the_manifests() -> None:
    """Bug prevented: a page that promises a licence or a figure which the manifest no longer states."""
    assert (MODELS / "ZOO.md").read_text(encoding="utf-8") == zoo_page(), "run: echonode models zoo > models/ZOO.md"


def written_file(name: str) -> str:
    """The code block that follows the file's name in the README."""
    found = re.search(rf"`models/{re.escape(name)}`:\n\n```\w+\n(.*?)```", README, re.DOTALL)
    assert found, f"models/README.md shows no {name}"
    return found[1]


def test_the_example_of_a_new_model_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bug prevented: a guide that whoever follows it gets an error from. Everything is done as the page says, elsewhere."""
    module = tmp_path / "tiny_view.py"
    module.write_text(written_file("families/tiny_view.py"))
    spec = importlib.util.spec_from_file_location("tiny_view", module)
    assert spec is not None
    assert spec.loader is not None
    family = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "tiny_view", family)
    spec.loader.exec_module(family)
    monkeypatch.setitem(FAMILIES, "tiny_view", "tiny_view")
    monkeypatch.setitem(IMPORTERS, "tiny_view", "models.importers.torch_layout")
    monkeypatch.setenv("ECHONODE_MODELS", str(tmp_path / "imported"))
    monkeypatch.setattr("models.registry.MANIFESTS", tmp_path)
    (tmp_path / "tiny_view.toml").write_text(written_file("manifests/tiny_view.toml"))

    trained = load_model("tiny_view")
    torch.save(trained.state_dict(), tmp_path / "tiny_view.pt")
    import_weights("tiny_view", tmp_path / "tiny_view.pt")

    frames = torch.linspace(0, 1, 2 * 64 * 64).reshape(2, 1, 64, 64)
    with torch.inference_mode():
        assert torch.equal(load_model("tiny_view", pretrained=True)(frames), trained(frames))


def test_the_library_s_page_counts_the_manifests_without_a_probe_of_their_own() -> None:
    """Bug prevented: a page that says less of the gate than is so."""
    count = sum(manifest.probe is None for manifest in list_models())
    assert f"{count} manifests state" in README
