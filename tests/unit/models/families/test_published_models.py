"""Every published model is here by its name, with as many weights as the original. Built without memory, on "meta"."""

import pytest
import torch

from models.catalogue import ECHOVIEW47
from models.library.registry import find_manifest, list_models, load_model
from models.networks.stored_weights import WeightCount, count_weights

DEEPLAB_STATISTICS = 56_704
ONE_POINT = WeightCount(39_633_729, DEEPLAB_STATISTICS)
TWO_POINTS = WeightCount(39_633_986, DEEPLAB_STATISTICS)
XCEPTION_STATISTICS = 54_528
PUBLISHED: dict[str, WeightCount] = {
    "EchoView47_contrastive_encoder": WeightCount(20_806_952, XCEPTION_STATISTICS),
    "EchoView47_classifier": WeightCount(20_903_255, XCEPTION_STATISTICS),
    "EchoView47_TMED2": WeightCount(20_817_197, XCEPTION_STATISTICS),
    "EchoFine_contrastive_encoder": WeightCount(20_806_952, XCEPTION_STATISTICS),
    "EchoFine_classifier": WeightCount(20_903_255, XCEPTION_STATISTICS),
    **{f"EchoFine_TMED2_fold{fold}": WeightCount(20_817_197, XCEPTION_STATISTICS) for fold in range(3)},
    "EchoLVSNet_full": WeightCount(31_109_921, 16_000),
    "Xception_TTE47_baseline": WeightCount(25_523_543, XCEPTION_STATISTICS),
    "ResNet50_TTE47_baseline": WeightCount(28_251_183, 53_120),
    "ResNet101_TTE47_baseline": WeightCount(47_269_423, 105_344),
    "DenseNet121_TTE47_baseline": WeightCount(9_312_175, 83_648),
    "EfficientNetV2_TTE47_baseline": WeightCount(23_125_375, 153_872),
    "ConvNeXt_TTE47_baseline": WeightCount(29_588_879, 0),
    "ViT_TTE47_baseline": WeightCount(85_836_335, 0),
    "SwinTransformerV2_TTE47_baseline": WeightCount(29_346_905, 0),
    "EchoSDNet": WeightCount(15_246_658, 8_611_712),
    "EchoLVSNet": WeightCount(31_109_921, 16_000),
    "EchoPDNet": WeightCount(60_706_334, 53_120),
    "echonet_dynamic/ef_r2plus1d_18": WeightCount(31_300_638, 25_350),
    "echonet_dynamic/lv_deeplabv3_resnet50": ONE_POINT,
    "EchoPrime_video_encoder": WeightCount(34_623_872, 0),
    "EchoPrime_view_classifier": WeightCount(87_577_739, 0),
    "PanEcho": WeightCount(27_820_128 + 14_186_496 + 769 * 58, 0),
    **{
        f"echonet_measurements/{name}": TWO_POINTS
        for name in ["ivs", "lvid", "lvpw", "aorta", "aortic_root", "la", "rv_base", "pa", "ivc", "mvpeak_2c", "tapse_2c"]
    },
    **{f"echonet_measurements/{name}": ONE_POINT for name in ["avvmax", "trvmax", "mrvmax", "lvotvmax", "latevel", "medevel"]},
    **{f"echonet_measurements/{name}": ONE_POINT for name in ["la_area", "ra_area"]},
    **{f"echonet_measurements/vti_{name}": ONE_POINT for name in ["mv", "av", "lvot", "rvot", "pv"]},
}


def test_the_published_models_are_exactly_these() -> None:
    """Those whose weights are published; a family without published weights has tests of its own."""
    published = {m.name for m in list_models() if m.publication and m.publication.weights_file}
    assert published == set(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_it_has_as_many_weights_as_the_original(name: str) -> None:
    network = load_model(name, device="meta").network
    assert count_weights(network) == PUBLISHED[name]
    assert not network.training


@pytest.mark.parametrize(
    ("name", "total"),
    [
        ("EchoView47_contrastive_encoder", 20_861_480),
        ("EchoView47_classifier", 20_957_783),
        ("Xception_TTE47_baseline", 25_578_071),
        ("ResNet50_TTE47_baseline", 28_304_303),
        ("ResNet101_TTE47_baseline", 47_374_767),
        ("DenseNet121_TTE47_baseline", 9_395_823),
        ("EfficientNetV2_TTE47_baseline", 23_279_247),
        ("ConvNeXt_TTE47_baseline", 29_588_879),
        ("EchoSDNet", 23_858_370),
        ("EchoLVSNet", 31_125_921),
        ("EchoPDNet", 60_759_454),
    ],
)
def test_it_has_the_total_that_keras_prints(name: str, total: int) -> None:
    assert count_weights(load_model(name, device="meta").network).total == total


def test_frozen_parameters_count_as_not_trainable() -> None:
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2)).requires_grad_(False)
    network[0].bias.requires_grad_(True)
    assert count_weights(network) == WeightCount(trainable=2, non_trainable=6 + 2 + 2 + 4)


VECTORS = {"EchoPrime_video_encoder": 512, "EchoPrime_view_classifier": 11, "PanEcho": 58}


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
def test_it_takes_the_input_and_gives_the_output_of_its_manifest(name: str) -> None:
    """A free side (-1) takes any crop."""
    manifest = find_manifest(name)
    shape = [{0: 426, 1: 1024}[index % 2] if side == -1 else side for index, side in enumerate(manifest.input_shape, start=1)]
    with torch.inference_mode():
        output = load_model(name, device="meta")(torch.empty(2, *shape, device="meta"))
    outputs = manifest.architecture.get("outputs", len(manifest.labels))
    if name == "echonet_dynamic/ef_r2plus1d_18":
        assert output.shape == (2,)
    elif manifest.family == "echoforge_phase":
        assert output.shape == (2, shape[1])
    elif manifest.family.startswith("echoforge") and "pooling" in manifest.architecture:
        assert output.shape == (2, outputs or 2048)
    elif name in VECTORS:
        assert output.shape == (2, VECTORS[name])
    else:
        assert output.shape == (2, outputs, *shape[-2:])


@pytest.mark.parametrize("name", PUBLISHED)
def test_it_says_whose_it_is(name: str) -> None:
    manifest = find_manifest(name)
    source = manifest.publication
    assert source is not None
    assert all((source.paper, source.code_licence, source.weights_origin, source.weights_file, manifest.licence))
    assert all((manifest.input_values, manifest.output_values, manifest.intended_use))
    assert not manifest.trained_on_phantoms
    if manifest.family == "echonet_measurements" and source.weights_origin == "github.com/echonet/measurements, Git LFS":
        assert len(source.weights_sha256) == 64
    if manifest.metrics:
        assert "published" in str(manifest.metrics["measured_on"])


@pytest.mark.parametrize("name", PUBLISHED)
def test_labels_are_the_outputs_or_are_not_published(name: str) -> None:
    manifest = find_manifest(name)
    if manifest.labels:
        assert len(manifest.labels) == manifest.architecture.get("outputs", 1)
    elif name not in ("EchoView47_contrastive_encoder", "EchoFine_contrastive_encoder", "EchoPrime_video_encoder"):
        assert "not published" in manifest.output_values


def test_no_two_weights_are_the_same_file() -> None:
    sources = [m.publication for m in list_models() if m.publication and m.publication.weights_file]
    hashes = [source.weights_sha256 for source in sources if source.weights_sha256]
    assert len(set(hashes)) == len(hashes) == 17
    assert len({(source.weights_origin, source.weights_file) for source in sources}) == len(sources)


def test_the_47_views_stand_in_the_catalogue_s_order() -> None:
    names = tuple(item.name for item in ECHOVIEW47)
    assert find_manifest("EchoView47_classifier").labels == names
    assert find_manifest("Xception_TTE47_baseline").labels == names
