"""A loaded model: its network, its family's recipe, its manifest."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from models.errors import UnsuitableModel
from models.library.manifest import Manifest
from models.library.model_set import Role
from models.library.protocols import (
    Classifier,
    ClipEncoder,
    DescribingClassifier,
    DistributionReference,
    Encoder,
    GroupReader,
    LearningReference,
    Reader,
    ScriptOptions,
    Segmenter,
)
from models.library.recipe import Answer, Encodes, Recipe

if TYPE_CHECKING:  # for its name alone
    from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Model:
    """`model(x)` is `model.network(x)`; `network` is a torch module in inference mode.

    `trained`: weights were given, and the manifest calls them trained. `new_head`: its last layer is random and waits for a
    training; `features_only`: the network gives features instead of answers. The properties hand out the network as what its
    recipe says that it is. They raise UnsuitableModel where it says otherwise.
    """

    network: "nn.Module"
    recipe: Recipe
    manifest: Manifest
    trained: bool = True
    new_head: bool = False
    features_only: bool = False

    def __call__(self, *inputs: Any) -> Any:
        return self.network(*inputs)

    def preprocess(self, images: Any, frames: Sequence[int] | None = None) -> "Tensor":
        """What the network is shown of `images`: the tensor that the node feeds it, on the network's device.

        `images` is a clip, or uint8, 0 to 255, of one image (rows, columns) or (rows, columns, 3) or of a clip (frames, rows,
        columns) or (frames, rows, columns, 3). Gives float32 (n, channels, rows, columns), of a network of clips (1, channels,
        n, rows, columns). `frames` are those that are wanted, by default all.
        """
        inputs = importlib.import_module(f"{__name__.removesuffix('.library.model')}.inputs.preprocessing")  # stands above
        place = next(self.network.parameters(), None)
        batch: Tensor = inputs.prepared(self.manifest, images, frames)
        return batch if place is None else batch.to(place.device)

    @property
    def classifier(self) -> Classifier:
        return cast(Classifier, self._as("gives no classes", fits=self.recipe.answers is Answer.CLASSES))

    @property
    def describing(self) -> DescribingClassifier:
        return cast(DescribingClassifier, self._as("gives no features with its classes", fits=self.describes))

    @property
    def describes(self) -> bool:
        """Whether it is a classifier that can tell an image unlike those it was taught on: it needs its features for that."""
        return self.recipe.answers is Answer.CLASSES and Role.DISTRIBUTION in self.recipe.roles

    @property
    def segmenter(self) -> Segmenter:
        return cast(Segmenter, self._as("outlines nothing", fits=self.recipe.answers is Answer.MASK))

    @property
    def encoder(self) -> Encoder:
        return cast(Encoder, self._as("gives no features", fits=self.recipe.encodes is not None))

    @property
    def clip_encoder(self) -> ClipEncoder:
        return cast(ClipEncoder, self._as("gives no features of clips", fits=self.recipe.encodes is Encodes.CLIPS))

    @property
    def reader(self) -> Reader:
        if not self.recipe.reads(self.manifest):
            raise UnsuitableModel(f"model {self.manifest.name} has a head of somebody's own, and nothing says how it is read")
        return cast(Reader, self._as("reads no single clip", fits=self.recipe.clips_read == 1))

    @property
    def group_reader(self) -> GroupReader:
        return cast(GroupReader, self._as("reads no clips together", fits=self.recipe.clips_read > 1))

    @property
    def script_options(self) -> ScriptOptions:
        return cast(ScriptOptions, self._as("reads no clips", fits=self.recipe.clips_read > 0))

    @property
    def reference(self) -> DistributionReference:
        """Also where it keeps nothing of its training data: then it has no class."""
        return cast(DistributionReference, self._as("tells no distance", fits=Role.DISTRIBUTION in self.recipe.roles))

    @property
    def learning_reference(self) -> LearningReference:
        return cast(LearningReference, self._as("learns no reference", fits=self.describes))

    @property
    def embedder(self) -> "Model | None":
        """The model in whose features it tells the distance; None where those are its own, or it tells none."""
        return cast(_InFeaturesOfAnother, self.network).embedder if self.recipe.reference else None

    @property
    def knows_its_training_data(self) -> bool:
        """Whether it can tell an image unlike those it was taught on."""
        return Role.DISTRIBUTION in self.recipe.roles and len(self.reference.class_means) > 0

    def _as(self, otherwise: str, *, fits: bool) -> "nn.Module":
        if self.features_only:
            raise UnsuitableModel(f"model {self.manifest.name} was loaded for its features alone")
        if not fits:
            raise UnsuitableModel(f"model {self.manifest.name} {otherwise}")
        return self.network


class _InFeaturesOfAnother(DistributionReference, Protocol):
    embedder: Model
