"""EchoForge's EfficientNetV2 baseline, from Keras' layers to timm's.

Keras counts the blocks of a stage by letters: `block4b_project_conv`. Which of timm's names it has depends on the kind of the
block: those of the first three stages have no depthwise convolution, those of the first one do not expand either.
"""

import re
from collections import Counter
from collections.abc import Mapping

from torch import Tensor, nn

from models.errors import KerasFileError
from models.importers.importer import Importer
from models.importers.keras.files import KerasFile, KerasLayer
from models.importers.keras.graph import Steps, finish, start
from models.importers.keras.heads import described_head, is_scaling, keras_file, paired_head, rescales
from models.importers.keras.layers import place_layers
from models.library.manifest import Manifest, Value

_BLOCK = re.compile(r"block(\d)([a-z])_(\w+)")
_NAMED = {"stem_conv": "conv_stem", "stem_bn": "bn1", "top_conv": "conv_head", "top_bn": "bn2"}
_PLAIN = {"project_conv": "conv", "project_bn": "bn1"}
_FUSED = {"expand_conv": "conv_exp", "expand_bn": "bn1", "project_conv": "conv_pwl", "project_bn": "bn2"}
_INVERTED = {
    "expand_conv": "conv_pw",
    "expand_bn": "bn1",
    "dwconv2": "conv_dw",
    "bn": "bn2",
    "se_reduce": "se.conv_reduce",
    "se_expand": "se.conv_expand",
    "project_conv": "conv_pwl",
    "project_bn": "bn3",
}
_SQUEEZED = 4  # the first stage whose blocks weigh their channels
_SIGNED = (1 / 128, -1.0)  # Keras' own scaling to -1 ... 1
_SMALL = (2, 4, 4, 6, 9, 15)  # blocks of the stages
_OTHER_SIZES = {
    (1, 2, 2, 3, 5, 8): "B0",
    (2, 3, 3, 4, 6, 9): "B1",
    (2, 3, 3, 4, 6, 10): "B2",
    (2, 3, 3, 5, 7, 12): "B3",
    (3, 5, 5, 7, 14, 18, 5): "M",
    (4, 7, 7, 10, 19, 25, 7): "L",
}


def architecture(file: object, manifest: Manifest) -> Mapping[str, Value]:
    """Head and scaling, where the file describes its model: both known heads of the baselines. Raises KerasFileError for other
    sizes than S.
    """
    source = keras_file(file)
    _refuse_other_sizes(source)
    if source.config is None:
        return {}
    signed = any(is_scaling(layer, *_SIGNED) for layer in source.layers)
    return {"rescale": rescales(source.layers, also=_SIGNED), "preprocessing": signed} | described_head(source.layers)


def _refuse_other_sizes(source: KerasFile) -> None:
    blocks = {(int(found[1]), found[2]) for layer in source.layers if (found := _BLOCK.fullmatch(layer.name))}
    stages = Counter(stage for stage, _ in blocks)
    counts = tuple(stages[stage] for stage in range(1, max(stages, default=0) + 1))
    if counts and counts != _SMALL:
        size = f"EfficientNetV2-{_OTHER_SIZES[counts]}" if counts in _OTHER_SIZES else "EfficientNet of an unknown size"
        stated = ", ".join(map(str, counts))
        raise KerasFileError(f"an {size}: {stated} blocks; here is V2-S, which has {', '.join(map(str, _SMALL))}")


def steps(asked: Mapping[str, Value]) -> Steps:
    """Those of the network. The first block of a stage adds nothing where it changes the width."""
    own = Steps(lambda name: name if name in _NAMED or _BLOCK.fullmatch(name) else "")
    maps = start(own, asked)
    if asked["preprocessing"]:
        maps = own.step("Rescaling 0.0078125 -1", maps)
    maps = own.chain(maps, "Conv2D stem_conv", "BatchNormalization stem_bn", "silu")
    for stage, blocks in enumerate(_SMALL, 1):
        for block in range(blocks):
            inner = _block_steps(own, maps, f"block{stage}{chr(ord('a') + block)}", stage)
            maps = own.step("Add", inner, maps) if block or stage == 1 else inner
    finish(own, own.chain(maps, "Conv2D top_conv", "BatchNormalization top_bn", "silu"), asked)
    return own


def _block_steps(own: Steps, maps: int, name: str, stage: int) -> int:
    projected = [f"Conv2D {name}_project_conv", f"BatchNormalization {name}_project_bn"]
    if stage == 1:
        return own.chain(maps, *projected, "silu")
    maps = own.chain(maps, f"Conv2D {name}_expand_conv", f"BatchNormalization {name}_expand_bn", "silu")
    if stage >= _SQUEEZED:
        maps = own.chain(maps, f"DepthwiseConv2D {name}_dwconv2", f"BatchNormalization {name}_bn", "silu")
        squeezed = own.chain(maps, "GlobalAveragePooling2D", "Reshape 1 1 channels", f"Conv2D {name}_se_reduce", "silu")
        maps = own.step("Multiply", maps, own.chain(squeezed, f"Conv2D {name}_se_expand", "sigmoid"))
    return own.chain(maps, *projected)


def place(file: object, network: nn.Module) -> dict[str, Tensor]:
    """The state of an EchoForgeEfficientNet, which may be on the meta device. Raises as `place_layers`, and KerasFileError."""
    source = keras_file(file)
    modules = dict(network.named_modules())
    backbone = {layer.path: place for layer in source.layers if layer.weights and (place := _place(layer, modules))}
    named = [(layer, backbone[layer.path]) for layer in source.layers if layer.path in backbone]
    return place_layers(source, [*named, *paired_head(source.layers, backbone, network)], network)


def _place(layer: KerasLayer, modules: Mapping[str, nn.Module]) -> str:
    """The module for a layer; empty where the layer is none of EfficientNet's."""
    if layer.name in _NAMED:
        return f"backbone.{_NAMED[layer.name]}"
    found = _BLOCK.fullmatch(layer.name)
    if found is None:
        return ""
    block = f"backbone.blocks.{int(found[1]) - 1}.{ord(found[2]) - ord('a')}"
    kinds = {"conv_dw": _INVERTED, "conv_exp": _FUSED, "conv": _PLAIN}
    parts = next((parts for own, parts in kinds.items() if f"{block}.{own}" in modules), {})
    return f"{block}.{parts[found[3]]}" if found[3] in parts else ""


IMPORTER = Importer(architecture, place, steps, preprocessing="brings it to -1 ... 1", of_keras=True)
