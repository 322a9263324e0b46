"""Torch weights of every family: the file's names are the network's, but for the name of the wrapper around the network."""

from collections.abc import Mapping

from torch import Tensor, nn

from models.errors import TorchFileError
from models.importers.importer import Importer
from models.importers.placement import checked
from models.importers.torch.files import TorchFile, single
from models.library.manifest import Manifest, Value


def architecture(file: object, manifest: Manifest) -> Mapping[str, Value]:
    """Tensors do not describe a network: what the manifest says stands."""
    return {}


def place(file: object, network: nn.Module) -> dict[str, Tensor]:
    """The state of `network`, which may be on the meta device. Raises TorchFileError and WeightsMismatch."""
    if not isinstance(file, TorchFile):
        raise TorchFileError("this network's weights come in a file of torch, not of Keras")
    prefix = _prefix(file.tensors, network)
    placed = {prefix + name: single(tensor) for name, tensor in file.tensors.items()}
    return checked(placed, network)


def _prefix(tensors: Mapping[str, Tensor], network: nn.Module) -> str:
    """The name of the submodule the file describes: the one under which most of its names are found, or none."""
    expected = network.state_dict().keys()
    candidates = ["", *dict.fromkeys(f"{name.partition('.')[0]}." for name in expected)]
    return max(candidates, key=lambda prefix: sum(prefix + name in expected for name in tensors))


IMPORTER = Importer(architecture, place)
