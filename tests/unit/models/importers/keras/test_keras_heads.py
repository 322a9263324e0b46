"""What EchoForge's files may say of head and scaling, and what is refused rather than guessed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from models.errors import KerasFileError, WeightsMismatch
from models.families.echoforge.weights import convnext, densenet, efficientnet, phase, resnet, unet, xception
from models.importers import importer_of
from models.importers.keras.files import KerasFile, KerasLayer
from models.importers.keras.heads import described_head, rescales, saying_its_scaling
from models.importers.torch.files import TorchFile
from models.library.manifest import Value
from models.library.registry import find_manifest, list_models, load_model, recipe_of

IMAGENET = {"mean": [123.675, 116.28, 103.53], "variance": [3409.976025, 3262.6944, 3291.890625]}


def layer(class_name: str, name: str = "", shape: tuple[int, ...] = (), **config: Any) -> KerasLayer:
    weights = {"kernel": np.zeros(shape, np.float32)} if shape else {}
    name = name or class_name.lower()
    return KerasLayer(name, class_name, (name,), config, weights)


STEM = layer("Conv2D", "conv1_conv", (7, 7, 3, 64))
GAP = layer("GlobalAveragePooling2D")
FLATTEN = layer("Flatten")


def dense(name: str, entering: int, leaving: int, activation: str = "softmax") -> KerasLayer:
    return layer("Dense", name, (entering, leaving), activation=activation)


def described(*layers: KerasLayer) -> KerasFile:
    return KerasFile({"class_name": "Functional", "config": {}}, layers)


def asked(module: Any, name: str, *layers: KerasLayer) -> Mapping[str, Value]:
    found: Mapping[str, Value] = module.architecture(described(*layers), find_manifest(name))
    return found


def test_both_known_heads() -> None:
    assert described_head([STEM, FLATTEN, dense("a", 100, 47)]) == {"pooling": "flatten", "hidden": []}
    hidden = [dense("a", 64, 128, "relu"), dense("b", 128, 64, "relu"), dense("c", 64, 2)]
    assert described_head([STEM, GAP, *hidden]) == {"pooling": "average", "hidden": [128, 64]}
    assert described_head([STEM, GAP, FLATTEN, dense("a", 64, 47)])["pooling"] == "average", "flattening a vector does nothing"


def test_pooling_inside_the_backbone_is_no_head() -> None:
    """EfficientNet averages maps in every block, ConvNeXt has Dense layers there."""
    inside = [layer("Conv2D", "stem_conv", (3, 3, 3, 24)), GAP, dense("mixing", 24, 24, "gelu")]
    last = layer("Conv2D", "top_conv", (1, 1, 24, 64))
    assert described_head([*inside, last, FLATTEN, dense("a", 64, 47)]) == {"pooling": "flatten", "hidden": []}


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([STEM, layer("GlobalMaxPooling2D"), dense("a", 64, 47)], "neither averaged nor flattened: .*GlobalMaxPooling2D"),
        ([STEM, GAP], "no Dense layer behind"),
        ([STEM, GAP, dense("a", 64, 32, "tanh"), dense("b", 32, 47)], "activations unlike the known ReLU: tanh"),
    ],
)
def test_another_head_is_refused(layers: list[KerasLayer], message: str) -> None:
    with pytest.raises(KerasFileError, match=message):
        described_head(layers)


def test_scaling_by_255_inside_or_outside() -> None:
    assert rescales([layer("Rescaling", scale=1 / 255, offset=0.0)])
    assert not rescales([STEM])
    with pytest.raises(KerasFileError, match=r"scales by 0\.00784.* adds -1"):
        rescales([layer("Rescaling", scale=1 / 127.5, offset=-1.0)])


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (resnet, "EchoSDNet"),
        (unet, "EchoLVSNet"),
        (xception, "EchoView47_classifier"),
        (densenet, "DenseNet121_TTE47_baseline"),
    ],
)
def test_a_mean_taken_out_is_not_ignored(module: Any, name: str) -> None:
    """With constants the layer has no weights that would be left over, so only the Xception's importer once refused it."""
    with pytest.raises(KerasFileError, match="takes a mean out"):
        asked(module, name, layer("Normalization", **IMAGENET), STEM, GAP, dense("a", 64, 2))


def test_efficientnet_has_a_scaling_of_its_own() -> None:
    tail = (layer("Conv2D", "top_conv", (1, 1, 256, 1280)), GAP, dense("a", 1280, 47))
    signed = layer("Rescaling", scale=1 / 128, offset=-1)
    found = asked(efficientnet, "EfficientNetV2_TTE47_baseline", signed, *tail)
    assert (found["rescale"], found["preprocessing"]) == (False, True)
    found = asked(efficientnet, "EfficientNetV2_TTE47_baseline", layer("Rescaling", scale=1 / 255), *tail)
    assert (found["rescale"], found["preprocessing"]) == (True, False)


def _efficientnet(*blocks: int) -> list[KerasLayer]:
    """One layer of each block."""
    names = [f"block{stage}{chr(ord('a') + block)}_project_bn" for stage, of in enumerate(blocks, 1) for block in range(of)]
    return [layer("BatchNormalization", name) for name in names]


@pytest.mark.parametrize(
    ("size", "blocks"),
    [
        ("an EfficientNetV2-M: 3, 5, 5, 7, 14, 18, 5 blocks", (3, 5, 5, 7, 14, 18, 5)),
        ("an EfficientNetV2-B0: 1, 2, 2, 3, 5, 8 blocks", (1, 2, 2, 3, 5, 8)),
        ("an EfficientNetV2-L: 4, 7, 7, 10, 19, 25, 7 blocks", (4, 7, 7, 10, 19, 25, 7)),
        ("an EfficientNet of an unknown size: 2, 4 blocks", (2, 4)),
    ],
)
@pytest.mark.parametrize("describes_itself", [True, False])
def test_efficientnet_of_another_size_is_named(size: str, blocks: tuple[int, ...], describes_itself: bool) -> None:
    """Bug prevented: hundreds of lines of misplaced tensors in place of one word."""
    tail = [layer("Conv2D", "top_conv", (1, 1, 256, 1280)), GAP, dense("a", 1280, 47)]
    source = described(*_efficientnet(*blocks), *tail)
    source = source if describes_itself else replace(source, config=None)
    with pytest.raises(KerasFileError, match=rf"^{size}; here is V2-S, which has 2, 4, 4, 6, 9, 15$"):
        efficientnet.architecture(source, find_manifest("EfficientNetV2_TTE47_baseline"))
    efficientnet.architecture(
        described(*_efficientnet(2, 4, 4, 6, 9, 15), *tail), find_manifest("EfficientNetV2_TTE47_baseline")
    )


@pytest.mark.parametrize(("size", "blocks"), [("tiny", 9), ("small", 27)])
def test_convnext_small_is_named_though_its_stem_is_tiny_s(size: str, blocks: int) -> None:
    stem = layer("Conv2D", f"convnext_{size}_stem_conv", (4, 4, 3, 96))
    third = [layer("Dense", f"convnext_{size}_stage_2_block_{block}_pointwise_conv_1", (384, 1536)) for block in range(blocks)]
    asked_for = [stem, *third, layer("LayerNormalization"), GAP, dense("a", 768, 47)]
    if blocks == 9:
        assert asked(convnext, "ConvNeXt_TTE47_baseline", *asked_for)["network"] == "Tiny"
        return
    with pytest.raises(KerasFileError, match="a ConvNeXt Small: 27 blocks in the third stage, where Tiny has 9"):
        asked(convnext, "ConvNeXt_TTE47_baseline", *asked_for)


@pytest.mark.parametrize(("channels", "network"), [(96, "Tiny"), (128, "Base")])
def test_convnext_tells_its_size_by_its_stem(channels: int, network: str) -> None:
    size = network.lower()
    stem = layer("Conv2D", f"convnext_{size}_stem_conv", (4, 4, 3, channels))
    norm = layer("LayerNormalization", "layer_normalization")
    behind_norm = asked(convnext, "ConvNeXt_TTE47_baseline", stem, norm, GAP, dense("a", 768, 47))
    before_norm = asked(
        convnext, "ConvNeXt_TTE47_baseline", layer("Normalization", **IMAGENET), stem, GAP, norm, dense("a", 768, 47)
    )
    assert behind_norm == {
        "network": network, "rescale": False, "preprocessing": False, "pooling": "average", "hidden": []
    }  # fmt: skip
    assert (before_norm["pooling"], before_norm["preprocessing"]) == ("average_first", True)


def test_convnext_of_another_size_or_standard_is_refused() -> None:
    with pytest.raises(KerasFileError, match="stem has 192 channels"):
        asked(convnext, "ConvNeXt_TTE47_baseline", layer("Conv2D", "convnext_large_stem_conv", (4, 4, 3, 192)))
    stem = layer("Conv2D", "convnext_tiny_stem_conv", (4, 4, 3, 96))
    other = layer("Normalization", mean=[0.0] * 3, variance=[1.0] * 3)
    with pytest.raises(KerasFileError, match="another mean and variance"):
        asked(convnext, "ConvNeXt_TTE47_baseline", other, stem, FLATTEN, dense("a", 768, 47))


def test_resnet_tells_its_depth() -> None:
    deep = layer("Conv2D", "conv4_block23_1_conv", (1, 1, 1024, 256))
    tail = (FLATTEN, dense("a", 64, 47))
    assert asked(resnet, "ResNet101_TTE47_baseline", STEM, deep, *tail)["network"] == "ResNet101"
    assert asked(resnet, "ResNet50_TTE47_baseline", STEM, *tail)["network"] == "ResNet50"


@pytest.mark.parametrize(
    ("name", "asked", "text"),
    [
        ("Xception_TTE47_baseline", {"rescale": True}, "the network divides by 255"),
        ("EchoView47_classifier", {"rescale": False}, "the network does not scale"),
        ("EfficientNetV2_TTE47_baseline", {"preprocessing": False}, "the network does not scale"),
        ("EfficientNetV2_TTE47_baseline", {"rescale": True, "preprocessing": False}, "the network divides by 255"),
        ("EchoPDNet", {"rescale": False}, "the network does not scale"),
    ],
)
def test_the_text_of_the_input_follows_the_file(name: str, asked: dict[str, Value], text: str) -> None:
    """Bug prevented: a stored manifest said that the network does not scale, beside rescale = true."""
    published = find_manifest(name)
    stored = saying_its_scaling(
        replace(published, architecture={**published.architecture, **asked}), importer_of(published).preprocessing
    )
    before, _, now = stored.input_values.partition("; ")
    assert now == text
    assert published.input_values.startswith(before)


def test_the_text_of_the_input_stays_where_the_file_asks_for_nothing_else() -> None:
    """And where it speaks of other things than a Keras model's scaling."""
    changed = {
        own.name
        for own in list_models()
        if recipe_of(own).importer and saying_its_scaling(own, importer_of(own).preprocessing) != own
    }
    assert changed == {"EchoPDNet"}, "its text says besides that the scaling is our choice"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "name"),
    [
        (resnet, "EchoSDNet"),
        (unet, "EchoLVSNet"),
        (xception, "EchoView47_classifier"),
        (phase, "EchoPDNet"),
        (densenet, "DenseNet121_TTE47_baseline"),
        (efficientnet, "EfficientNetV2_TTE47_baseline"),
        (convnext, "ConvNeXt_TTE47_baseline"),
    ],
)
def test_weights_alone_leave_the_manifest_as_it_is_and_gaps_are_named(module: Any, name: str) -> None:
    manifest, nothing = find_manifest(name), KerasFile(None, (layer("", "stranger", (3, 3, 8, 8)),))
    assert module.architecture(nothing, manifest) == {}
    with pytest.raises(WeightsMismatch) as refused:
        module.place(nothing, load_model(name, device="meta").network)
    assert len(refused.value.missing) > 10
    with pytest.raises(KerasFileError, match="of Keras, not of torch"):
        module.place(TorchFile({"a": torch.zeros(1)}, "weights"), load_model(name, device="meta").network)
