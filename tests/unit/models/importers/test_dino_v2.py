"""DINOv2's backbone into EchoApex: names, positions of another size, and a decoder that nobody has trained."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from models.errors import ImportSettingError, TorchFileError, WeightsMismatch
from models.families.echo_apex.weights import place, resized_positions
from models.importers import TorchFile, import_weights
from models.library.manifest import write_manifest
from models.library.registry import load_manifest
from models.networks.vision import make_importable
from models.results import Reason
from tests.unit.models.families.echo_apex.tiny_apex import moving_clip, tiny, tiny_manifest

POSITIONS = torch.randn(1, 1 + 37 * 37, 8, generator=torch.Generator().manual_seed(1))


def backbone(**changes: int) -> dict[str, Tensor]:
    """The names Meta and timm publish, with the token for masking that only Meta's file has."""
    state: dict[str, Tensor] = tiny("lvh", **changes).encoder.backbone.state_dict()
    return {**state, "mask_token": torch.zeros(1, 32)}


def saved(tensors: dict[str, Tensor], folder: Path) -> Path:
    torch.save(tensors, folder / "dinov2.pth")
    return folder / "dinov2.pth"


def tiny_name(task: str, folder: Path, **changes: int) -> str:
    path = folder / f"{task}.toml"
    write_manifest(tiny_manifest(task, **changes), path)
    return str(path)


def test_positions_of_as_many_cells_are_taken_as_they_are() -> None:
    assert resized_positions(POSITIONS, POSITIONS.shape[1]) is POSITIONS


def test_positions_are_interpolated_as_timm_does_it() -> None:
    make_importable()
    from timm.layers import resample_abs_pos_embed

    resized = resized_positions(POSITIONS, 1 + 16 * 16)
    assert resized.shape == (1, 257, 8)
    assert torch.equal(resized, resample_abs_pos_embed(POSITIONS, new_size=[16, 16]))
    assert torch.equal(resized[:, 0], POSITIONS[:, 0])


def test_a_flat_field_stays_flat_and_a_slope_a_slope() -> None:
    flat = torch.full((1, 1 + 37 * 37, 2), 3.0)
    assert torch.allclose(resized_positions(flat, 257), torch.full((1, 257, 2), 3.0), atol=1e-5)
    across = torch.arange(37.0).repeat(37)[None, :, None]
    slope = resized_positions(torch.cat([torch.zeros(1, 1, 1), across], dim=1), 257)[0, 1:, 0].reshape(16, 16)
    centres = (torch.arange(16) + 0.5) * 37 / 16 - 0.5
    assert torch.allclose(slope[:, 3:-3], centres[3:-3].expand(16, -1), atol=0.05)


def test_positions_of_no_square_are_refused() -> None:
    with pytest.raises(TorchFileError, match="6 positions are no square grid"):
        resized_positions(torch.zeros(1, 7, 8), 257)


def test_a_backbone_goes_round_unchanged(tmp_path: Path) -> None:
    tensors = backbone()
    manifest = import_weights(
        tiny_name("lvh", tmp_path), saved(tensors, tmp_path), settings={"decoder": "untrained"}, folder=tmp_path / "models"
    )
    assert manifest.architecture["decoder"] == "untrained"
    network = load_manifest(manifest, pretrained=True).network
    found = network.encoder.backbone.state_dict()
    assert found.keys() == tensors.keys() - {"mask_token"}
    assert all(torch.equal(tensor, tensors[name]) for name, tensor in found.items())
    frames = torch.rand(1, 3, 56, 56)
    with torch.inference_mode():
        assert torch.equal(network.encoder(frames), tiny("lvh", bottleneck=0).encoder(frames)), "adapters must have no effect"
    assert {value.reasons for value in network.read(moving_clip()).values} == {(Reason.UNTRAINED_WEIGHTS,)}


def test_a_backbone_of_another_size_differs_in_its_positions_alone(tmp_path: Path) -> None:
    tensors = backbone(side_px=84)
    manifest = import_weights(
        tiny_name("ef", tmp_path), saved(tensors, tmp_path), settings={"decoder": "untrained"}, folder=tmp_path / "models"
    )
    found = load_manifest(manifest, pretrained=True).network.encoder.backbone.state_dict()
    other = [name for name, tensor in found.items() if not torch.equal(tensor, tensors[name])]
    assert other == ["pos_embed"]
    assert torch.equal(found["pos_embed"], resized_positions(tensors["pos_embed"], 17))


def test_the_untrained_decoder_is_the_same_every_time() -> None:
    network = tiny("views", decoder="untrained")
    first, second = (place(TorchFile(backbone(), "plain"), network) for _ in range(2))
    assert all(torch.equal(first[name], tensor) for name, tensor in second.items())


def test_an_untrained_decoder_must_be_meant(tmp_path: Path) -> None:
    with pytest.raises(TorchFileError, match="--set decoder=untrained"):
        import_weights(tiny_name("ef", tmp_path), saved(backbone(), tmp_path), folder=tmp_path / "models")


def test_the_eighteen_views_must_be_named(tmp_path: Path) -> None:
    name, file = tiny_name("views", tmp_path), saved(backbone(), tmp_path)
    with pytest.raises(ImportSettingError, match="18 outputs whose order is not published"):
        import_weights(name, file, settings={"decoder": "untrained"}, folder=tmp_path / "models")


def test_a_network_of_our_own_training_comes_whole(tmp_path: Path) -> None:
    network = tiny("lvh")
    manifest = import_weights(tiny_name("lvh", tmp_path), saved(network.state_dict(), tmp_path), folder=tmp_path / "models")
    assert manifest.architecture["decoder"] == "trained"
    frames = torch.rand(1, 3, 56, 56)
    with torch.inference_mode():
        assert torch.allclose(load_manifest(manifest, pretrained=True)(frames), network(frames), atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "extra", "message"),
    [
        ({"width": 16}, {}, r"misshaped.*encoder\.backbone\.cls_token"),
        ({"blocks": 3}, {}, r"missing.*encoder\.backbone\.blocks\.3\."),
        ({}, {"register_tokens": torch.zeros(1, 4, 32)}, r"unexpected.*encoder\.backbone\.register_tokens"),
    ],
)
def test_another_backbone_is_refused(changes: dict[str, int], extra: dict[str, Tensor], message: str) -> None:
    network = tiny("ef", decoder="untrained")
    with pytest.raises(WeightsMismatch, match=message):
        place(TorchFile(backbone(**changes) | extra, "plain"), network)
