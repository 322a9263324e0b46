"""EchoApex' backbone and adapters, and its answers about whole clips."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from models.errors import ManifestError, WeightsError
from models.families.echo_apex.backbone import Adapter
from models.families.echo_apex.networks import load
from models.library.manifest import Manifest
from models.library.registry import find_manifest, list_models, load_model
from models.networks.reading_network import as_if_trained
from models.networks.stored_weights import count_weights
from models.results import ReadValue, Reason
from tests.unit.models.families.echo_apex.tiny_apex import SIDE_PX, moving_clip, tiny, tiny_manifest

APEX = [manifest for manifest in list_models() if manifest.family == "echo_apex"]
TASKS = ("views", "segmentation", "lvh", "ef")
FROZEN = {"S": 21_628_800, "B": 85_724_928, "L": 303_227_904}  # at 224 px
TRAINED = {
    "views": (1_197_330, 2_393_106, 6_362_130),
    "segmentation": (4_336_896, 5_624_064, 9_654_016),
    "lvh": (2_324_230, 3_709_702, 7_805_190),
    "ef": (2_441_729, 3_827_201, 7_922_689),
}


def batch(task: str, number: int = 2, frames: int = 3) -> torch.Tensor:
    shape = (number, 3, SIDE_PX, SIDE_PX) if task in ("segmentation", "lvh") else (number, 3, frames, SIDE_PX, SIDE_PX)
    return torch.rand(shape, generator=torch.Generator().manual_seed(3))


def test_there_are_twelve_and_their_manifests_say_what_they_are() -> None:
    assert {m.name for m in APEX} == {f"EchoApex_ViT-{size}_{task}" for size in "SBL" for task in TASKS}
    for manifest in APEX:
        source = manifest.publication
        assert source is not None
        assert (source.weights_file, source.weights_origin) == ("", "none published")
        assert "our architecture from the abstract" in source.code_licence
        assert manifest.architecture["backbone"] == {"S": "small", "B": "base", "L": "large"}[manifest.name[13]]
    views = find_manifest("EchoApex_ViT-B_views")
    assert views.labels == ()
    assert "not published" in views.output_values
    with pytest.raises(WeightsError, match="nobody has published weights"):
        load_model("EchoApex_ViT-B_views", pretrained=True)


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("size", ["S", "B", "L"])
def test_backbones_are_frozen_adapters_and_decoders_are_not(size: str, task: str) -> None:
    network = as_if_trained(load_model(f"EchoApex_ViT-{size}_{task}", device="meta").network)
    count = count_weights(network)
    assert (count.non_trainable, count.trainable) == (FROZEN[size], TRAINED[task]["SBL".index(size)])
    outputs = network(torch.empty(2, *network.manifest.input_shape, device="meta"))
    expected: tuple[int, ...] = {"views": (2, 18), "segmentation": (2, 1, 224, 224), "lvh": (2, 6, 224, 224), "ef": (2,)}[task]
    assert outputs.shape == expected


@pytest.mark.parametrize(("size", "weights"), [("S", 22_056_192), ("B", 86_579_712), ("L", 304_367_616)])
def test_backbones_are_dinov2_s_at_their_own_size(size: str, weights: int) -> None:
    manifest = replace(find_manifest(f"EchoApex_ViT-{size}_lvh"), input_shape=(3, 518, 518))
    assert count_weights(load(manifest, None, "meta").encoder.backbone).total == weights


def test_an_adapter_begins_as_identity() -> None:
    adapter, tokens = Adapter(8, 2), torch.randn(3, 5, 8)
    assert torch.equal(adapter(tokens), tokens)
    torch.nn.init.ones_(adapter.up.weight)
    assert not torch.equal(adapter(tokens), tokens)


def test_fresh_adapters_leave_the_backbone_as_timm_computes_it() -> None:
    encoder, frames = tiny("lvh").encoder, batch("lvh")
    expected = encoder.backbone.forward_features((frames - encoder.mean) / encoder.deviation)
    assert torch.allclose(encoder(frames), expected, atol=1e-6)
    for index in range(4):
        for place in ("attention", "mlp"):
            up = encoder.adapters.get_submodule(f"{index}.{place}").up
            torch.nn.init.normal_(up.weight)
            assert not torch.allclose(encoder(frames), expected, atol=1e-3), (index, place)
            torch.nn.init.zeros_(up.weight)


def test_a_backbone_without_adapters_is_timm_s() -> None:
    encoder, frames = tiny("lvh", bottleneck=0).encoder, batch("lvh")
    assert len(encoder.adapters) == 0
    expected = encoder.backbone.forward_features((frames - encoder.mean) / encoder.deviation)
    assert torch.allclose(encoder(frames), expected, atol=1e-6)


@pytest.mark.parametrize("task", TASKS)
def test_training_moves_adapters_and_decoder_and_no_backbone(task: str) -> None:
    network = tiny(task).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    optimiser = torch.optim.SGD((p for p in network.parameters() if p.requires_grad), lr=10.0)
    optimiser.zero_grad()
    network(batch(task)).square().mean().backward()
    optimiser.step()
    moved = {name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])}
    assert not [name for name in moved if name.startswith("encoder.backbone.")]
    assert [name for name in moved if name.startswith("encoder.adapters.")]
    assert [name for name in moved if not name.startswith("encoder.")]


def test_full_fine_tuning_is_a_setting() -> None:
    assert all(parameter.requires_grad for parameter in tiny("views", freeze_backbone=False).parameters())


def test_views_are_averaged_over_the_sequence() -> None:
    network, clips = tiny("views"), batch("views", frames=5)
    with torch.inference_mode():
        whole = network(clips)
        single = torch.stack([network(clips[:, :, index : index + 1]) for index in range(5)])
    assert torch.allclose(whole, single.mean(dim=0), atol=1e-5)
    assert single.std(dim=0).max() > 1e-3


def test_the_ejection_fraction_depends_on_the_order_of_frames_and_is_a_percentage() -> None:
    network, clips = tiny("ef"), batch("ef", frames=6)
    with torch.inference_mode():
        ef_percent, reversed_percent = network(clips), network(clips.flip(2))
    assert ((ef_percent > 0) & (ef_percent < 100)).all()
    assert (ef_percent - reversed_percent).abs().max() > 1e-3
    torch.nn.init.constant_(network.head.bias, 50.0)
    with torch.inference_mode():
        assert network(clips).tolist() == [100.0, 100.0]


def only(network: Any, **changes: Any) -> ReadValue:
    (value,) = network.read(moving_clip(**changes)).values
    return value  # type: ignore[no-any-return]


def test_an_ejection_fraction_is_read_off_a_clip_and_not_off_a_single_frame() -> None:
    network = tiny("ef")
    timed = replace(moving_clip(), frame_times_ms=np.arange(20) * 40.0, heart_rate_bpm=80.0)
    (value,) = network.read(timed).values
    assert (value.key, value.unit, value.detail) == ("ef_video_regression", "%", "from 16 frames")
    assert value.value is not None
    (part,) = network.read(replace(timed, heart_rate_bpm=50.0)).values
    assert (part.reasons, part.detail) == ((Reason.NO_CARDIAC_CYCLE,), "the clip shows 800 ms, a beat takes 1200 ms")
    assert only(network).detail == "the clip states no frame times"
    assert only(network, frames=1).reasons == (Reason.NO_CARDIAC_CYCLE,)


def test_views_without_names_are_numbered() -> None:
    network = tiny("views")
    reading = network.read(moving_clip())
    assert [row["View"] for row in reading.rows] == [f"view {number}" for number in range(1, 19)]
    assert sum(row["Probability"] for row in reading.rows) == pytest.approx(1.0)
    named: Manifest = replace(network.manifest, labels=tuple("abcdefghijklmnopqr"))
    network.manifest = named
    again = network.read(moving_clip())
    best = max(range(18), key=lambda index: reading.rows[index]["Probability"])
    assert again.values[0].detail == "abcdefghijklmnopqr"[best]
    assert again.values[0].value == reading.values[0].value


def test_the_embedding_is_the_mean_class_token_and_needs_no_decoder() -> None:
    network, clips = tiny("views", decoder="untrained"), batch("views", frames=5)
    with torch.inference_mode():
        embeddings = network.embed(clips)
        single = torch.stack([network.encoder(clips[:, :, index])[:, 0] for index in range(5)])
        assert torch.allclose(network.head(embeddings), network(clips), atol=1e-5)
    assert torch.allclose(embeddings, single.mean(dim=0), atol=1e-5)
    assert network.embed_clip(moving_clip()).shape == (32,)


@pytest.mark.parametrize("task", ["views", "lvh", "ef"])
def test_nothing_is_read_with_an_untrained_decoder(task: str) -> None:
    for value in tiny(task, decoder="untrained").read(moving_clip()).values:
        assert value.value is None
        assert value.reasons == (Reason.UNTRAINED_WEIGHTS,)
        assert "untrained" in value.detail


@pytest.mark.parametrize(("key", "value"), [("task", "strain"), ("backbone", "giant")])
def test_an_unknown_part_is_refused(key: str, value: str) -> None:
    manifest = tiny_manifest("views")
    with pytest.raises(ManifestError, match=f"unknown {key} '{value}'"):
        load(replace(manifest, architecture={**manifest.architecture, key: value}), None, "meta")
