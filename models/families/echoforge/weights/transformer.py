"""EchoForge's ViT baseline, from the layers of keras_cv_attention_models to timm's.

How many heads a block has cannot be told from its tensors: the file's description says it, in the shapes it cuts queries into.
"""

import re
from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from models.errors import KerasFileError
from models.importers.importer import Importer
from models.importers.keras.files import KerasLayer
from models.importers.keras.heads import hidden_widths, is_dense, keras_file, paired_head, rescales
from models.importers.keras.kecam_layers import every, parts
from models.importers.keras.layers import Places, as_is, place_layers
from models.library.manifest import Manifest, Value

_BLOCK = re.compile(r"block(\d+)_(attn_ln|attn_qkv|attn_output|mlp_ln|mlp_dense_1|mlp_dense_2)")
_IN_BLOCK = {
    "attn_ln": "norm1",
    "attn_qkv": "attn.qkv",
    "attn_output": "attn.proj",
    "mlp_ln": "norm2",
    "mlp_dense_1": "mlp.fc1",
    "mlp_dense_2": "mlp.fc2",
}
_AROUND = {
    "stem_conv": "backbone.patch_embed.proj",
    "cls_token": "backbone",
    "positional_embedding": "backbone",
    "out_ln": "backbone.norm",
}
_TOKENS: Places = {"tokens": ("cls_token", as_is), "positional_embedding": ("pos_embed", as_is)}
_HEAD = ("SlicingOpLambda", "LayerNormalization", "Dropout", "Flatten", "Dense", "Activation")


def architecture(file: object, manifest: Manifest) -> Mapping[str, Value]:
    """Sizes, heads, head and scaling, where the file describes its model. Raises KerasFileError for what is not known of it."""
    source = keras_file(file)
    if source.config is None:
        return {}
    encoder, behind = parts(source.layers, "out_ln", _HEAD, manifest)
    classes = [layer.class_name for layer in behind]
    if classes.count("SlicingOpLambda") != 1:
        raise KerasFileError("the class token is not taken out behind the encoder")
    if "Dense" in classes and "LayerNormalization" in classes[classes.index("Dense") :]:
        raise KerasFileError("the head normalises behind a Dense layer; the class token itself is known")
    stem = [layer.weights["kernel"].shape for layer in encoder if layer.name == "stem_conv"]
    blocks = {found[1] for layer in encoder if (found := _BLOCK.fullmatch(layer.name))}
    if not stem or not blocks:
        raise KerasFileError("no ViT of keras_cv_attention_models: it has no stem_conv, or no block")
    every(encoder, "_mlp_gelu", len(blocks))
    patch_px, width = int(stem[0][0]), int(stem[0][-1])
    return {
        "patch_px": patch_px,
        "width": width,
        "depth": len(blocks),
        "heads": _heads(encoder, width, len(blocks)),
        "head_norm": "LayerNormalization" in classes,
        "rescale": rescales(source.layers),
        "hidden": hidden_widths([layer for layer in behind if is_dense(layer)]),
    }


def _heads(encoder: Sequence[KerasLayer], width: int, blocks: int) -> int:
    shapes = [layer.config["target_shape"] for layer in encoder if layer.class_name == "Reshape"]
    cut = [tuple(shape[1:]) for shape in shapes if len(shape) == 3]
    if len(cut) != 3 * blocks or len(set(cut)) != 1 or cut[0][0] * cut[0][1] != width:
        raise KerasFileError(f"queries, keys and values of {width} channels are not cut into heads in a known way: {set(cut)}")
    return int(cut[0][0])


def place(file: object, network: nn.Module) -> dict[str, Tensor]:
    """The state of an EchoForgeTransformer, may be on the meta device. Raises WeightsMismatch, KerasFileError."""
    source = keras_file(file)
    backbone = {layer.path: place for layer in source.layers if layer.weights and (place := _place(layer))}
    backbone |= {layer.path: "norm" for layer in source.layers if layer.path not in backbone and "gamma" in layer.weights}
    named = [(layer, backbone[layer.path]) for layer in source.layers if layer.path in backbone]
    own = {type(network.get_submodule("backbone")): _TOKENS}
    return place_layers(source, [*named, *paired_head(source.layers, backbone, network)], network, own)


def _place(layer: KerasLayer) -> str:
    """The module for a layer; empty where the layer is none of the encoder's."""
    found = _BLOCK.fullmatch(layer.name)
    return f"backbone.blocks.{found[1]}.{_IN_BLOCK[found[2]]}" if found else _AROUND.get(layer.name, "")


IMPORTER = Importer(architecture, place, of_keras=True)
