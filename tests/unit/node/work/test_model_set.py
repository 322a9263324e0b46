"""The model set from the configuration to the worker processes: every role by name, and what is refused at the start."""

import pickle
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from models.analysis import predictor
from models.library.manifest import write_manifest
from models.library.model_set import ModelSet, ModelSettings, Role
from models.library.registry import find_manifest
from node.checks import run_checks
from node.errors import ConfigError
from node.settings import NodeSettings, ResearchSettings, Settings, load_settings
from node.work.model_check import require_models


def plan(**models: Any) -> ModelSet:
    return Settings(models=ModelSettings(**models)).model_set


def test_every_setting_reaches_the_plan_which_holds_plain_values() -> None:
    chosen = {
        "view": "v", "quality": "q", "lv_segmentation": "s", "measurements": ("m",), "distribution": "d", "phase": "p",
        "split_screen": "x", "engine": "torch", "device": "auto",
    }  # fmt: skip
    assert ModelSettings.model_fields.keys() == chosen.keys()
    made = plan(**chosen)
    assert {name: getattr(made, name) for name in chosen} == chosen
    assert pickle.loads(pickle.dumps(made)) == made
    assert list(made.named_models()) == [
        (Role.VIEW, "v"), (Role.QUALITY, "q"), (Role.LV_SEGMENTATION, "s"), (Role.MEASUREMENTS, "m"),
        (Role.DISTRIBUTION, "d"), (Role.PHASE, "p"), (Role.SPLIT_SCREEN, "x"),
    ]  # fmt: skip


def test_a_part_without_a_name_is_nobody_s() -> None:
    assert [role for role, _ in plan(quality="").named_models()] == [Role.VIEW, Role.LV_SEGMENTATION]


def test_a_role_has_a_key_and_the_default_file_says_it() -> None:
    assert [key for key in ModelSettings.model_fields if key not in ("engine", "device")] == list(Role)


def test_the_strictness_is_no_key_of_the_models() -> None:
    """One value in the node, and one place in the configuration: [research]."""
    with pytest.raises(ValidationError, match="research_override"):
        Settings.model_validate({"models": {"research_override": True}})
    assert Settings(research=ResearchSettings(override=True)).model_set == ModelSet(research_override=True)
    assert Settings().model_set == ModelSet()
    with pytest.raises(ValidationError, match="engine"):
        ModelSet().but(engine="abacus")


def test_every_role_is_loaded_for_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[tuple[Any, ...]] = []

    def load_for_role(role: Role, name: str, **where: str) -> SimpleNamespace:
        loaded.append((role, name, *where.values()))
        return SimpleNamespace(model=SimpleNamespace(knows_its_training_data=False))

    monkeypatch.setattr(predictor, "load_for_role", load_for_role)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    models = plan(distribution="d", measurements=("m", "n"), phase="p", split_screen="x", device="auto")
    opened = predictor.open_model_set(models)
    assert loaded == [(role, name, "cuda", "auto") for role, name in models.named_models()]
    assert {role: len(models) for role, models in opened.models.items()} == {
        role: 2 if role is Role.MEASUREMENTS else 1 for role in Role
    }


@pytest.mark.parametrize(
    ("models", "why"),
    [
        ({"distribution": "phantom_quality"}, r"models\.distribution: phantom_quality keeps nothing of its training data"),
        ({"distribution": "EchoPDNet"}, r"models\.distribution: EchoPDNet is of the family echoforge_phase"),
        ({"phase": "phantom_view"}, r"models\.phase: phantom_view is of the family phantom_classifier"),
        ({"phase": "EchoPDNet"}, r"models\.phase: .*echonode models import EchoPDNet"),
        ({"split_screen": "EchoSDNet"}, r"models\.split_screen: EchoSDNet has classes in an order that nobody has stated"),
        ({"split_screen": "nobody"}, r"models\.split_screen: no model 'nobody'"),
    ],
)
def test_what_cannot_take_its_part_stops_the_start(models: dict[str, str], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        require_models(plan(**models))


def test_a_reference_with_other_weights_stops_the_start(tmp_path: Path) -> None:
    require_models(plan(distribution="phantom_view"))
    own = replace(find_manifest("phantom_view"), name="own", weights_file="own.safetensors")
    write_manifest(own, tmp_path / "manifests" / "own.toml")
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "own.safetensors").write_bytes(b"other weights")
    path = str(tmp_path / "manifests" / "own.toml")
    with pytest.raises(ConfigError, match=r"models\.distribution: the weights of own are not those its manifest names"):
        require_models(plan(distribution=path))


@pytest.mark.parametrize("seen", [True, False])
def test_a_device_that_is_not_there_stops_the_start(monkeypatch: pytest.MonkeyPatch, seen: bool, tmp_path: Path) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: seen)
    require_models(plan(device="auto"))
    require_models(plan(device="cpu"))
    settings = Settings(node=NodeSettings(data_dir=tmp_path, min_free_disk_mb=0), models=ModelSettings(device="cuda"))
    (checked,) = [result for result in run_checks(settings) if result.name == "device"]
    assert checked.ok is seen
    if seen:
        require_models(plan(device="cuda"))
        assert checked.message == "the networks are computed on: cuda"
    else:
        assert checked.message.startswith("models.device: torch sees no CUDA device here")
        with pytest.raises(ConfigError, match=r"models\.device: torch sees no CUDA device here"):
            require_models(plan(device="cuda"))


def test_openvino_on_cuda_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    with pytest.raises(ConfigError, match=r"models\.device: OpenVINO computes on the CPU alone"):
        require_models(plan(device="cuda", engine="openvino"))


def test_an_unknown_device_is_a_wrong_configuration(tmp_path: Path) -> None:
    path = tmp_path / "echonode.toml"
    path.write_text('[models]\ndevice = "tpu"\n')
    with pytest.raises(ConfigError, match=r"models\.device"):
        load_settings(path)
