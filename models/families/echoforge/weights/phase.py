"""EchoPDNet from Keras' layers: the ResNet by name, the two LSTMs and the two Dense layers by order."""

from collections.abc import Mapping

from torch import Tensor, nn

from models.families.echoforge.weights.resnet import resnet_modules, resnet_name, resnet_steps
from models.importers.importer import Importer
from models.importers.keras.graph import Steps, start
from models.importers.keras.heads import head_dense, keras_file, rescales
from models.importers.keras.layers import place_layers
from models.library.manifest import Manifest, Value

_UNPUBLISHED = {
    "rescale": "true where its authors trained it on frames divided by 255, false where on 0 to 255; no other is known here"
}


def architecture(file: object, manifest: Manifest) -> Mapping[str, Value]:
    """Scaling, where the file's model does it. Where it does not, its authors did so outside, in a way that is not published,
    and whoever imports it must say.
    """
    source = keras_file(file)
    return {"rescale": True} if source.config is not None and rescales(source.layers) else {}


def steps(asked: Mapping[str, Value]) -> Steps:
    """Those of the network."""
    own = Steps(resnet_name)
    features = own.chain(resnet_steps(own, start(own, asked), "ResNet50"), "GlobalAveragePooling2D")
    recurrent = [f"LSTM {units} tanh sigmoid True False False" for units in (2048, 512)]
    own.outputs = {own.chain(features, recurrent[0], "Dense", "relu", recurrent[1], "Flatten", "Dense")}
    return own


def place(file: object, network: nn.Module) -> dict[str, Tensor]:
    """The state of an EchoForgePhase, which may be on the meta device. Raises WeightsMismatch, KerasFileError."""
    source = keras_file(file)
    backbone = resnet_modules(source.layers)
    pairs = [(layer, backbone[layer.path]) for layer in source.layers if layer.path in backbone]
    recurrent = [layer for layer in source.layers if "recurrent_kernel" in layer.weights]
    dense = [layer for layer in head_dense(source.layers, backbone) if layer not in recurrent]
    pairs += zip(recurrent, ("lstm1", "lstm2"), strict=False)
    pairs += zip(dense, ("dense", "head"), strict=False)
    return place_layers(source, pairs, network)


IMPORTER = Importer(architecture, place, steps, unpublished=_UNPUBLISHED, of_keras=True)
