"""What a family's module of weights declares, as its `IMPORTER`: how a published file becomes the state of a network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor, nn

from models.importers.keras.graph import Steps
from models.library.manifest import Manifest, Value


@dataclass(frozen=True)
class Importer:
    """`file` is a KerasFile or a TorchFile.

    `architecture` is what the file itself asks for in [architecture], but for how many outputs: that says whose file it is.
    `place` gives the state of a network of that architecture. `steps` lists what such a network computes, for a file that
    describes its model. `settings` are those that the importer alone knows. `unpublished` are those that nobody has published,
    with what to say of each. `preprocessing` are the words for what its networks do beside scaling. `of_keras`: the published
    file is one of Keras; torch's tensors are taken by the network's own names then.
    """

    architecture: Callable[[object, Manifest], Mapping[str, Value]]
    place: Callable[[object, nn.Module], dict[str, Tensor]]
    steps: Callable[[Mapping[str, Value]], Steps] | None = None
    settings: tuple[str, ...] = ()
    unpublished: Mapping[str, str] = field(default_factory=dict)
    preprocessing: str = ""
    of_keras: bool = False
