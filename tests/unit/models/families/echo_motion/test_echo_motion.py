"""Echo-Motion: the published sizes, attention by hand, clips whose padding does not matter, two views that meet."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from models.errors import ManifestError, WeightsError
from models.families.echo_motion.attention import ConvBlockAttention, DualAttention, SqueezeExcitation
from models.families.echo_motion.biplane import CrossView
from models.families.echo_motion.frames import Preparation
from models.families.echo_motion.networks import EchoMotionNet, load
from models.families.echo_motion.temporal import masked_mean
from models.library.registry import find_manifest, list_models, load_model

SEGMENTERS = [f"EchoMotionNet_{encoder}_{attention}" for encoder in ("B0", "B1", "B2") for attention in ("SE", "CBAM", "DANet")]
CLIPS = ["EchoMotionNet_BiLSTM", "EchoMotionNet_TemporalTransformer"]
# The larger encoders are further sizes of the same network.
SIZED = [
    pytest.param(name, marks=() if name in CLIPS or "_B0_" in name else pytest.mark.slow) for name in (*SEGMENTERS, *CLIPS)
]
ENCODER = {"B0": 3_319_392, "B1": 13_151_424, "B2": 24_196_288}  # SegFormer's own, without head


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def test_the_models_are_exactly_these_and_have_no_weights() -> None:
    manifests = [manifest for manifest in list_models() if manifest.family == "echo_motion"]
    assert {manifest.name for manifest in manifests} == {*SEGMENTERS, *CLIPS, "EchoMotionNet_A4C_A2C"}
    for manifest in manifests:
        source = manifest.publication
        assert source is not None
        assert not source.weights_file
        assert not manifest.trained_on_phantoms
    with pytest.raises(WeightsError, match="nobody has published weights"):
        load_model("EchoMotionNet_B0_SE", pretrained=True)


def test_figures_of_the_withdrawn_first_version_are_marked_as_such() -> None:
    for name in SEGMENTERS:
        metrics = find_manifest(name).metrics
        assert metrics["first_version_dice"] == 0.89
        assert "since removed" in str(metrics["measured_on"])
    assert not find_manifest("EchoMotionNet_BiLSTM").metrics


@pytest.mark.parametrize("name", SIZED)
def test_the_encoder_has_the_published_number_of_weights(name: str) -> None:
    network = load_model(name, device="meta").network
    variant = str(network.manifest.architecture["encoder"])
    assert sum(parameter.numel() for parameter in network.encoder.parameters()) == ENCODER[variant]
    assert not list(network.encoder.buffers())


@pytest.mark.slow
@pytest.mark.parametrize("name", SIZED[: len(SEGMENTERS)])
def test_logits_have_the_size_of_the_frame(name: str) -> None:
    network = load_model(name, device="meta").network
    with torch.inference_mode():
        assert network(torch.empty(2, 3, 224, 224, device="meta")).shape == (2, 1, 224, 224)
        assert network(torch.empty(1, 3, 96, 64, device="meta")).shape == (1, 1, 96, 64)


@pytest.mark.parametrize("changed", [{"network": "u_net"}, {"encoder": "B6"}, {"attention": "ECA"}])
def test_an_unknown_part_is_refused_by_name(changed: dict[str, str]) -> None:
    manifest = find_manifest("EchoMotionNet_B0_SE")
    with pytest.raises(ManifestError, match=next(iter(changed.values()))):
        load(replace(manifest, architecture={**manifest.architecture, **changed}), None, "meta")


def test_se_s_gate_is_the_papers_formula() -> None:
    block = SqueezeExcitation(32)
    maps = torch.rand(1, 32, 2, 3)
    first, _, second = block.gate_layers
    means = maps.numpy().reshape(32, 6).mean(axis=1)
    hidden = np.maximum(first.weight.detach().numpy() @ means + first.bias.detach().numpy(), 0)
    assert hidden.shape == (2,)  # 32 / 16
    gate = 1 / (1 + np.exp(-(second.weight.detach().numpy() @ hidden + second.bias.detach().numpy())))
    np.testing.assert_allclose(block.gate(maps)[0].detach().numpy(), gate, rtol=1e-5)
    assert torch.allclose(block(maps)[0, 5], maps[0, 5] * float(gate[5]))


def test_cbam_pools_mean_and_largest_in_this_order() -> None:
    block = ConvBlockAttention(16)
    maps = torch.arange(16 * 9, dtype=torch.float32).view(1, 16, 3, 3) / 100
    nn.init.zeros_(block.spatial.weight)
    nn.init.zeros_(block.spatial.bias)
    with torch.no_grad():
        block.spatial.weight[0, 0, 3, 3] = 1.0  # the mean at the place itself
        assert torch.allclose(block.spatial_gate(maps)[0, 0], maps.mean(dim=1)[0].sigmoid())
        block.spatial.weight[0, 0, 3, 3] = 0.0
        block.spatial.weight[0, 1, 3, 4] = 1.0  # the largest value one place to the right
        assert torch.allclose(block.spatial_gate(maps)[0, 0, :, :2], maps.amax(dim=1)[0, :, 1:].sigmoid())
    both = block.gate_layers(maps.mean(dim=(2, 3))) + block.gate_layers(maps.amax(dim=(2, 3)))
    assert torch.allclose(block.channel_gate(maps), both.sigmoid())


def test_cbam_weighs_channels_before_places() -> None:
    block = ConvBlockAttention(16)
    maps = torch.randn(1, 16, 3, 3)
    weighed = maps * block.channel_gate(maps)[..., None, None]
    assert torch.allclose(block(maps), weighed * block.spatial_gate(weighed))
    assert not torch.allclose(block.spatial_gate(weighed), block.spatial_gate(maps))


def test_danet_starts_as_identity_and_its_rows_sum_to_one() -> None:
    block = DualAttention(16)
    maps = torch.randn(2, 16, 3, 4)
    assert torch.equal(block(maps), maps)
    assert block.position_weights(maps).shape == (2, 12, 12)
    assert torch.allclose(block.position_weights(maps).sum(dim=2), torch.ones(2, 12))
    assert block.channel_weights(maps).shape == (2, 16, 16)
    assert torch.allclose(block.channel_weights(maps).sum(dim=2), torch.ones(2, 16))


def test_danet_adds_what_each_place_and_each_channel_takes_from_all() -> None:
    """Two cells, eight channels, by loops."""
    block = DualAttention(8)
    maps = torch.randn(1, 8, 1, 2)
    values, places, channels = block.value(maps)[0, :, 0], block.position_weights(maps)[0], block.channel_weights(maps)[0]
    expected = maps.clone()
    for channel in range(8):
        for cell in range(2):
            by_place = sum(places[cell, other] * values[channel, other] for other in range(2))
            by_channel = sum(channels[channel, other] * maps[0, other, 0, cell] for other in range(8))
            expected[0, channel, 0, cell] += 0.5 * by_place + 0.25 * by_channel
    with torch.no_grad():
        block.position_share.fill_(0.5)
        block.channel_share.fill_(0.25)
        assert torch.allclose(block(maps), expected, atol=1e-5)


@pytest.mark.parametrize("attention", ["SE", "CBAM", "DANet"])
def test_every_weight_of_a_segmenter_gets_a_gradient(attention: str) -> None:
    network = load_model(f"EchoMotionNet_B0_{attention}").network
    if attention == "DANet":  # at its start queries, keys and values have none, see its docstring
        nn.init.constant_(network.attention.position_share, 0.1)
        nn.init.constant_(network.attention.channel_share, 0.1)
    network(torch.rand(2, 3, 64, 64)).square().sum().backward()
    assert _without_gradient(network) == []


@pytest.mark.parametrize("name", CLIPS)
def test_every_weight_of_a_clip_network_gets_a_gradient(name: str) -> None:
    network = load_model(name).network
    ef, phases = network(torch.rand(1, 3, 3, 64, 64))
    (ef.sum() + phases.square().sum()).backward()
    assert _without_gradient(network) == []


@pytest.mark.slow
def test_every_weight_of_the_biplane_network_gets_a_gradient() -> None:
    network = load_model("EchoMotionNet_A4C_A2C").network
    network(torch.rand(1, 3, 3, 64, 64), torch.rand(1, 3, 2, 64, 64)).sum().backward()
    assert _without_gradient(network) == []


def _without_gradient(network: nn.Module) -> list[str]:
    """A bias that a softmax or a norm cancels has a gradient of rounding errors: it is there, and that is enough."""
    return [
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is None or (not name.endswith("bias") and not bool(parameter.grad.any()))
    ]


@pytest.mark.parametrize("name", CLIPS)
def test_padded_frames_do_not_change_the_answer(name: str) -> None:
    network = load_model(name).network
    features = torch.randn(2, 7, 256)
    lengths = torch.tensor([4, 7])
    with torch.inference_mode():
        padded = network.answer(features, lengths)
        alone = network.answer(features[:1, :4])
        other = features.clone()
        other[0, 4:] = 100.0
        disturbed = network.answer(other, lengths)
        unaware = network.answer(features)
    assert torch.allclose(padded.ef_percent[0], alone.ef_percent[0], atol=1e-4)
    assert torch.allclose(padded.phase_logits[0, :4], alone.phase_logits[0], atol=1e-5)
    assert torch.allclose(padded.ef_percent, disturbed.ef_percent, atol=1e-4)
    assert torch.allclose(padded.phase_logits[0, :4], disturbed.phase_logits[0, :4], atol=1e-5)
    assert abs(float(unaware.ef_percent[0] - alone.ef_percent[0])) > 1e-3  # so the lengths matter


@pytest.mark.parametrize("name", CLIPS)
def test_the_order_of_frames_matters(name: str) -> None:
    network = load_model(name).network
    features = torch.randn(1, 6, 256)
    with torch.inference_mode():
        forward, backward = network.answer(features), network.answer(features.flip(1))
    assert not torch.allclose(forward.phase_logits, backward.phase_logits.flip(1), atol=1e-4)


def test_an_untrained_ejection_fraction_is_near_the_mean() -> None:
    with torch.inference_mode():
        for name in CLIPS:
            ef, phases = load_model(name)(torch.rand(2, 3, 3, 32, 64), torch.tensor([3, 1]))
            assert ef.shape == (2,)
            assert phases.shape == (2, 3, 2)
            assert bool((ef - 55).abs().lt(3).all())


def test_a_mean_leaves_padding_out() -> None:
    tokens = torch.tensor([[[1.0], [3.0], [float("nan")]]])
    assert masked_mean(tokens, torch.tensor([2])).tolist() == [[2.0]]


@pytest.mark.slow
def test_both_views_may_have_any_number_of_frames() -> None:
    network = load_model("EchoMotionNet_A4C_A2C").network
    with torch.inference_mode():
        long_four = network(torch.rand(2, 3, 4, 64, 32), torch.rand(2, 3, 1, 32, 32))
        long_two = network(torch.rand(2, 3, 1, 32, 32), torch.rand(2, 3, 4, 64, 32))
    assert long_four.shape == long_two.shape == (2,)


def test_padding_of_neither_view_changes_the_biplane_answer() -> None:
    network = load_model("EchoMotionNet_A4C_A2C").network
    four, two = torch.randn(1, 5, 256), torch.randn(1, 6, 256)
    with torch.inference_mode():
        padded = network.answer(four, two, torch.tensor([3]), torch.tensor([2]))
        alone = network.answer(four[:, :3], two[:, :2])
        unaware = network.answer(four, two)
    assert torch.allclose(padded, alone, atol=1e-4)
    assert abs(float(unaware - alone)) > 1e-3


def test_each_view_has_its_own_encoder_and_mark_and_both_share_the_fusion() -> None:
    network = load_model("EchoMotionNet_A4C_A2C").network
    features = torch.randn(1, 3, 256)
    other = torch.randn(1, 2, 256)
    assert network.a4c_encoder is not network.a2c_encoder
    with torch.inference_mode():
        assert not torch.allclose(network.answer(features, other), network.answer(other, features))
        network.view_marks.zero_()
        half = network.ef_head.in_features // 2
        network.ef_head.weight[:, half:] = network.ef_head.weight[:, :half]
        assert torch.allclose(network.answer(features, other), network.answer(other, features))


def test_each_view_looks_at_the_other() -> None:
    block = CrossView(16, 4).eval()
    own, other = torch.randn(1, 3, 16), torch.randn(1, 5, 16)
    fused = block(own, other)
    assert fused.shape == own.shape
    assert not torch.allclose(fused, block(own, torch.randn(1, 5, 16)))
    assert torch.allclose(fused, block(own, other.flip(1)), atol=1e-6)  # order is told by the tokens themselves


def test_filters_equalise_and_smooth_and_answer_the_same_twice() -> None:
    preparation = Preparation.of(find_manifest("EchoMotionNet_B0_SE"))
    random = np.random.default_rng(0)
    low_contrast = (100 + 10 * random.random((2, 64, 80))).astype(np.uint8)
    prepared = preparation.preprocess(low_contrast)
    assert prepared.dtype == np.uint8
    assert prepared.shape == (2, 64, 80)
    assert np.array_equal(prepared, preparation.preprocess(low_contrast))
    assert np.array_equal(prepared, preparation.preprocess(np.repeat(low_contrast[..., None], 3, axis=3)))
    unsmoothed = replace(preparation, diameter_px=1, sigma_px=0.01, sigma_grey=0.01).preprocess(low_contrast)
    assert unsmoothed.std() > 1.5 * low_contrast.std()  # CLAHE widens
    assert np.abs(np.diff(prepared.astype(int))).mean() < 0.8 * np.abs(np.diff(unsmoothed.astype(int))).mean()


def test_parameters_of_the_filters_are_the_manifest_s() -> None:
    manifest = find_manifest("EchoMotionNet_B0_SE")
    other = replace(manifest, architecture={**manifest.architecture, "clahe_clip_limit": 9.5}, input_shape=(3, 64, 64))
    assert Preparation.of(manifest).clip_limit == 2.0
    assert Preparation.of(other).clip_limit == 9.5
    assert Preparation.of(other).size_px == 64
    assert isinstance(load(other, None, "meta"), EchoMotionNet)
