"""Networks that are asked outside the model set, by another engine: the same answers, and what computed them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from models.analysis.engine_choice import move_to_engine
from models.library.registry import load_model
from tests.loaded import as_model

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "answer", "for_features"),
    [
        ("phantom_view", lambda network, frames: network(frames), False),
        ("phantom_view", lambda network, frames: network.embed(frames), True),
        ("phantom_lv", lambda network, frames: network(frames), False),
    ],
)
def test_an_engine_answers_as_torch_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, answer: Callable[[Any, Tensor], Tensor], for_features: bool
) -> None:
    pytest.importorskip("openvino")
    monkeypatch.setenv("ECHONODE_CACHE", str(tmp_path))
    network = load_model(name, pretrained=True).network
    side = network.manifest.input_size_px
    frames = torch.rand(3, 1, side, side, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = answer(network, frames)
        said = move_to_engine(as_model(network), engine="openvino", device="cpu", for_features=for_features)
        found = answer(network, frames)
    assert said.startswith("OpenVINO")
    assert not torch.equal(found, expected)  # another engine rounds otherwise: this is not torch again
    share = 0.05 if "bf16" in said else 1e-3
    assert (found - expected).abs().max() <= share * expected.abs().max()


def test_torch_stays_where_it_is() -> None:
    network = load_model("phantom_view", pretrained=True).network
    forward = network.forward
    assert move_to_engine(as_model(network), engine="torch", device="cpu") == f"torch {torch.__version__} fp32"
    assert network.forward == forward


def test_an_encoder_of_clips_stays_with_torch() -> None:
    network = load_model("EchoPrime_video_encoder", device="meta").network
    assert move_to_engine(as_model(network), engine="auto", device="cpu", for_features=True).startswith("torch")
