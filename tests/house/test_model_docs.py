"""The pages on models say what the code does."""

import re
from pathlib import Path

import pytest
import torch

import models.families
from models import load_model
from models.catalogue import PROBE_VIEWS, View
from models.evaluation.tasks import tasks_of
from models.explain import place_of
from models.importers import import_weights
from models.library.model_set import Role
from models.library.quantities import views_read
from models.library.registry import FAMILIES, find_manifest, list_models
from models.library.roles import unfit_for
from models.library.stored_manifests import MANIFESTS
from models.library.zoo import zoo_page

PAGES = Path(__file__).resolve().parents[2] / "docs" / "pages"
ADD_A_MODEL = (PAGES / "how-to/add-a-model.md").read_text(encoding="utf-8")


def test_the_zoo_is_the_manifests() -> None:
    """Bug prevented: a page that promises a licence or a figure which the manifest no longer states."""
    path = PAGES / "reference/models.md"
    assert path.read_text(encoding="utf-8") == zoo_page(), "run: echonode models zoo > docs/pages/reference/models.md"


def written_file(name: str) -> str:
    """The code block that follows the file's name in the page."""
    found = re.search(rf"`models/{re.escape(name)}`:\n\n```\w+\n(.*?)```", ADD_A_MODEL, re.DOTALL)
    assert found, f"the page shows no {name}"
    return found[1]


def test_the_example_of_a_new_model_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bug prevented: a guide that whoever follows it gets an error from. Everything is done as the page says, elsewhere."""
    (tmp_path / "tiny").mkdir()
    for name in ("networks.py", "recipe.py"):
        (tmp_path / "tiny" / name).write_text(written_file(f"families/tiny/{name}"))
    monkeypatch.setattr(models.families, "__path__", [*models.families.__path__, str(tmp_path)])
    (line,) = re.findall(r'`"tiny_view": "(\S+)",`', ADD_A_MODEL)
    monkeypatch.setitem(FAMILIES, "tiny_view", line)
    monkeypatch.setenv("ECHONODE_MODELS", str(tmp_path / "imported"))
    monkeypatch.setattr("models.library.stored_manifests.MANIFESTS", tmp_path)
    (tmp_path / "tiny_view.toml").write_text(written_file("manifests/tiny_view.toml"))

    assert unfit_for(Role.VIEW, find_manifest("tiny_view")) == ""
    assert tasks_of(find_manifest("tiny_view")) == ("classification", "embedding")
    assert place_of(find_manifest("tiny_view")).layer.path == "features"
    trained = load_model("tiny_view").network
    torch.save(trained.state_dict(), tmp_path / "tiny_view.pt")
    import_weights("tiny_view", tmp_path / "tiny_view.pt")

    frames = torch.linspace(0, 1, 2 * 64 * 64).reshape(2, 1, 64, 64)
    with torch.inference_mode():
        assert torch.equal(load_model("tiny_view", pretrained=True)(frames), trained(frames))


# Whose own view nobody draws.
NEAREST = {"echonet_measurements/pa": View.PSAX_MV, "echonet_measurements/ivc": View.SUBCOSTAL_4C}


def test_engines_are_tried_on_what_a_network_was_taught_on() -> None:
    """Bug prevented: a network of spectra let through, or refused, on an image of a heart. No manifest is without a probe."""
    for manifest in list_models():
        if manifest.name in NEAREST:
            assert manifest.probe.view is NEAREST[manifest.name]
        elif asked := views_read(manifest):
            assert manifest.probe.view in asked, manifest.name
        elif manifest.architecture.get("task") == "plax_quality":
            assert manifest.probe.view is View.PLAX
        else:
            assert manifest.probe.view is View.A4C, manifest.name


def test_each_file_says_that_its_probe_is_a_recipe() -> None:
    """Bug prevented: somebody looks for the stored images."""
    for path in MANIFESTS.glob("*.toml"):
        comment, found, _ = path.read_text(encoding="utf-8").partition("\n[probe]\n")
        assert found, f"{path.name} has no table [probe]"
        assert comment.splitlines()[-1].startswith("# A recipe: engines are tried on "), path.name


def test_the_page_names_every_view_that_a_probe_may_show() -> None:
    """Bug prevented: the author of a manifest guesses."""
    (said,) = [part for part in ADD_A_MODEL.split("\n\n") if part.startswith("Every manifest states its `[probe]`")]
    assert [name for name in re.findall(r"`([a-z0-9_]+)`", said) if name in set(View)] == list(PROBE_VIEWS)
