"""Where a model set is computed. No accelerator is needed: what torch sees is made up."""

import pytest
import torch

from models.analysis.loaded_model import prepare_for_role
from models.engines.backend import BackendError, TorchBackend
from models.engines.devices import device_for
from models.library.model_set import Role
from models.library.registry import load_model


@pytest.mark.parametrize(
    ("wanted", "engine", "seen", "device"),
    [
        ("cpu", "auto", True, "cpu"),
        ("auto", "auto", True, "cuda"),
        ("auto", "torch", True, "cuda"),
        ("auto", "openvino", True, "cpu"),
        ("auto", "auto", False, "cpu"),
        ("cuda", "torch", True, "cuda"),
        ("cuda", "auto", True, "cuda"),
    ],
)
def test_the_device_by_what_is_asked_for_and_seen(
    monkeypatch: pytest.MonkeyPatch, wanted: str, engine: str, seen: bool, device: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: seen)
    assert device_for(wanted, engine) == device


@pytest.mark.parametrize(("engine", "seen", "why"), [("auto", False, "sees no CUDA device"), ("openvino", True, "CPU alone")])
def test_what_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, engine: str, seen: bool, why: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: seen)
    with pytest.raises(BackendError, match=why):
        device_for("cuda", engine)


@pytest.mark.parametrize(
    ("role", "name"), [(Role.VIEW, "phantom_view"), (Role.LV_SEGMENTATION, "phantom_lv"), (Role.MEASUREMENTS, "lvid")]
)
def test_torch_by_name_stays_in_single_precision_on_an_accelerator_too(role: Role, name: str) -> None:
    loaded = prepare_for_role(role, load_model(name, device="meta"), device="cuda", engine="torch")
    assert loaded.use.engine == f"torch {torch.__version__} fp32 on cuda"


def test_single_precision_on_an_accelerator_is_not_rounded_to_ten_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """cuDNN does that to convolutions (TF32) unless it is told not to."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    TorchBackend(torch.nn.Identity())
    assert torch.backends.cudnn.allow_tf32, "nobody asked for an accelerator"
    TorchBackend(torch.nn.Identity(), "cuda")
    assert not torch.backends.cudnn.allow_tf32
