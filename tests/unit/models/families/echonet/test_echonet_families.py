"""EchoNet-Dynamic and EchoNet-Measurements: torchvision's networks behind one call."""

from dataclasses import replace

import pytest
import torch

from models.errors import ManifestError
from models.families.echonet.dynamic import load
from models.library.registry import find_manifest, load_manifest, load_model
from models.networks.reading_network import as_if_trained
from models.networks.vision import DeepLab


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.mark.slow
def test_an_untrained_ejection_fraction_is_near_the_data_s_mean() -> None:
    network = as_if_trained(load_model("echonet_dynamic/ef_r2plus1d_18").network)
    assert network.network.get_parameter("fc.bias").item() == pytest.approx(55.6)
    with torch.inference_mode():
        ef_percent = network(torch.zeros(2, 3, 4, 32, 32))
    assert ef_percent.shape == (2,)
    assert ef_percent[0].item() == pytest.approx(55.6, abs=0.01)


@pytest.mark.slow
def test_logits_are_those_of_torchvision_at_the_size_of_the_frame() -> None:
    network = as_if_trained(load_model("echonet_measurements/lvid").network)
    frames = torch.rand(1, 3, 48, 64)
    with torch.inference_mode():
        logits = network(frames)
        assert logits.shape == (1, 2, 48, 64)
        assert torch.equal(logits, network.network(frames)["out"])
        assert set(network.network(frames)) == {"out"}


def test_atrous_rates_and_keys_are_the_published_ones() -> None:
    """The published files hold 362 tensors; a network with auxiliary classifier or other dilations would not take them."""
    network = as_if_trained(load_model("lvid", device="meta").network).network
    assert len(network.state_dict()) == 362
    rates = [network.get_submodule(f"classifier.0.convs.{index}.0").dilation[0] for index in (1, 2, 3)]
    assert rates == [12, 24, 36]


def test_both_families_share_the_segmenter() -> None:
    assert isinstance(as_if_trained(load_model("echonet_dynamic/lv_deeplabv3_resnet50", device="meta").network), DeepLab)
    assert isinstance(as_if_trained(load_model("tapse_2c", device="meta").network), DeepLab)


def test_an_unknown_network_is_refused() -> None:
    manifest = replace(find_manifest("echonet_dynamic/ef_r2plus1d_18"), architecture={"network": "r3d_18"})
    with pytest.raises(ManifestError, match="unknown network 'r3d_18'"):
        load(manifest, None, "meta")


def test_an_unknown_task_is_refused() -> None:
    manifest = replace(find_manifest("lvid"), architecture={"task": "strain", "outputs": 2})
    with pytest.raises(ManifestError, match="unknown task 'strain'"):
        as_if_trained(load_manifest(manifest, device="meta").network)
