"""EchoLVSNet from Keras' layers. Their names are numbers of the session ("conv2d_7"), so each kind is told by its order."""

from collections.abc import Mapping

from torch import Tensor, nn

from models.families.echoforge.unet import WIDTHS
from models.importers.importer import Importer
from models.importers.keras.files import KerasLayer
from models.importers.keras.graph import Steps, start
from models.importers.keras.heads import keras_file, rescales
from models.importers.keras.layers import place_layers
from models.library.manifest import Manifest, Value

_KINDS: dict[str, type[nn.Module]] = {"norm": nn.BatchNorm2d, "up": nn.ConvTranspose2d, "conv": nn.Conv2d}


def architecture(file: object, manifest: Manifest) -> Mapping[str, Value]:
    """Scaling, where the file describes its model."""
    source = keras_file(file)
    return {} if source.config is None else {"rescale": rescales(source.layers)}


def steps(asked: Mapping[str, Value]) -> Steps:
    """Those of the network. Its sides are even down to the bridge, where both kinds of padding pool alike."""
    own = Steps()
    maps, skipped = start(own, asked), []
    for width in WIDTHS:
        maps = _pair(own, maps, width)
        skipped.append(maps)
        maps = own.step("MaxPooling2D 2 2 valid", maps)
        own.also("MaxPooling2D 2 2 same", skipped[-1], maps)
    maps = _pair(own, maps, 2 * WIDTHS[-1])
    for width, wide in zip(reversed(WIDTHS), reversed(skipped), strict=True):
        joined = own.step("Concatenate", own.step(f"Conv2DTranspose {width}", maps), wide)
        maps = _pair(own, own.chain(joined, "BatchNormalization", "relu"), width)
    own.outputs = {own.chain(maps, "Conv2D 1", "sigmoid")}
    return own


def _pair(own: Steps, maps: int, width: int) -> int:
    return own.chain(maps, *(2 * [f"Conv2D {width}", "BatchNormalization", "relu"]))


def place(file: object, network: nn.Module) -> dict[str, Tensor]:
    """The state of an EchoForgeUNet, which may be on the meta device. Raises WeightsMismatch, KerasFileError."""
    source = keras_file(file)
    pairs: list[tuple[KerasLayer, str]] = []
    for kind, module_class in _KINDS.items():
        layers = [layer for layer in source.layers if layer.weights and _kind(layer) == kind]
        modules = [name for name, module in network.named_modules() if isinstance(module, module_class)]
        pairs += zip(layers, modules, strict=False)
    return place_layers(source, pairs, network)


def _kind(layer: KerasLayer) -> str:
    """Key of `_KINDS`, by class, or where the file does not say that, by weights and name; empty for anything else."""
    if "moving_mean" in layer.weights:
        return "norm"
    kernel = layer.weights.get("kernel")
    if kernel is None or kernel.ndim != 4:
        return ""
    return "up" if "Transpose" in layer.class_name or "transpose" in layer.name else "conv"


IMPORTER = Importer(architecture, place, steps, of_keras=True)
