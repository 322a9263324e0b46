"""Published architectures with imported weights in the node's own path, from the file on."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pydicom.uid import JPEGBaseline8Bit
from safetensors.torch import save

from models.catalogue import View
from models.library.manifest import Value, write_manifest
from models.library.registry import find_manifest, load_model
from models.phantom.anatomy import sample_heart
from models.phantom.truth import render_clip
from node.objects.phantom_writer import PhantomPatient, PhantomStudy, write_clip
from node.settings import ModelSettings, Settings
from node.work.clip_analysis import analyse_clip
from node.work.model_check import require_models
from tests.rows import NOW

VIEW, VENTRICLE = "EchoView47_classifier", "echonet_dynamic/lv_deeplabv3_resnet50"
FRAMES = 3


def stored(folder: Path, name: str, network: torch.nn.Module, **architecture: Value) -> str:
    """The network's weights as an import leaves them; their hash."""
    content = save({key: tensor.contiguous() for key, tensor in network.state_dict().items()})
    file, sha256 = f"{name.replace('/', '_')}.safetensors", hashlib.sha256(content).hexdigest()
    (folder / "weights").mkdir(parents=True, exist_ok=True)
    (folder / "weights" / file).write_bytes(content)
    manifest = find_manifest(name)
    manifest = replace(
        manifest, trained=True, weights_file=file, weights_sha256=sha256, architecture={**manifest.architecture, **architecture}
    )
    write_manifest(manifest, folder / "manifests" / f"{name.replace('/', '_')}.toml")
    return sha256


def stored_sure_of(folder: Path, label: str) -> str:
    """A view network that names this class whatever it sees."""
    classifier = load_model(VIEW).network
    torch.nn.init.zeros_(classifier.head.weight)
    torch.nn.init.zeros_(classifier.head.bias)
    classifier.head.bias.data[classifier.manifest.labels.index(label)] = 20.0
    return stored(folder, VIEW, classifier)


@pytest.fixture
def hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Both networks in a model folder of their own: random weights, but for a head that always says A4C."""
    monkeypatch.setenv("ECHONODE_MODELS", str(tmp_path / "models"))
    classifier = load_model(VIEW).network
    torch.nn.init.zeros_(classifier.head.weight)
    torch.nn.init.zeros_(classifier.head.bias)
    classifier.head.bias.data[classifier.manifest.labels.index("a4ch-full")] = 20.0
    of_view = stored(tmp_path / "models", VIEW, classifier)
    return {
        VIEW: of_view,
        VENTRICLE: stored(tmp_path / "models", VENTRICLE, load_model(VENTRICLE).network, mean=33.0, std=50.0),
    }


@pytest.mark.slow
def test_a_mixed_set_runs_and_names_its_exact_weights(tmp_path: Path, hashes: dict[str, str]) -> None:
    truth = render_clip(sample_heart(3), View.A4C, seed=3, quality=3, frames=FRAMES, rows=200, columns=260)
    path = tmp_path / "clip.dcm"
    write_clip(
        truth,
        path,
        patient=PhantomPatient("PHANTOM-3"),
        study=PhantomStudy("1.2", "1.2.3", NOW),
        instance_number=1,
        transfer_syntax_uid=JPEGBaseline8Bit,
    )
    plan = Settings(models=ModelSettings(view=VIEW, lv_segmentation=VENTRICLE, engine="torch")).model_set
    require_models(plan)
    found = analyse_clip("1.2.3.4", path, plan.but(research_override=True))
    assert found.gates == ()
    assert found.view is not None
    assert (found.view.view, len(found.view.probabilities)) == (View.A4C, 47)
    assert len(found.area_curve_cm2) == FRAMES
    uses = {use.name: use for use in found.models}
    assert uses.keys() == {VIEW, VENTRICLE, "phantom_view", "phantom_quality"}, "the phantoms' reference compares a phantom"
    assert {name: uses[name].weights_sha256 for name in hashes} == hashes
    assert not uses[VIEW].trained_on_phantoms
    assert uses[VENTRICLE].engine == f"torch {torch.__version__} fp32"
