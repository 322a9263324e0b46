"""What networks can do, as types. A model's recipe says which of them its network is (`library.model` hands them out)."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from models.catalogue import View
from models.clip import Clip
from models.library.manifest import Manifest
from models.library.reading import Decoding, Reading
from models.results import Beat, ReadValue

if TYPE_CHECKING:  # for their names alone: nothing here is computed
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn


class Network(Protocol):
    """What every network is to those who only run it."""

    def __call__(self, *inputs: Any) -> Any: ...

    def parameters(self) -> "Iterator[nn.Parameter]": ...


class Classifier(Network, Protocol):
    """A network that says which class an image or a clip is of.

    `inputs` is one batch, frames (n, channels, height, width) or clips (n, channels, frames, height, width), float32. It gives
    logits (n, classes), float32.
    """

    def __call__(self, *inputs: "Tensor") -> "Tensor": ...


class Segmenter(Network, Protocol):
    """A network that marks a structure.

    `inputs` is one batch of frames (n, channels, height, width), float32. It gives logits (n, 1, height, width), float32, above
    0 inside the structure.
    """

    def __call__(self, *inputs: "Tensor") -> "Tensor": ...


class Encoder(Network, Protocol):
    """Features of frames, or of clips: what enters the head, or all there is where it has none."""

    def embed(self, batch: "Tensor") -> "Tensor":
        """Features (n, width) of `batch`: frames (n, channels, height, width) or clips (n, channels, frames, height, width).

        Both are float32.
        """
        ...


class ClipEncoder(Encoder, Protocol):
    """An encoder that cuts its input out of a clip itself."""

    def embed_clip(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> "NDArray[np.float32]":
        """Features (width,), float32, of the clip. Raises ReadingError as a ClipReader does."""
        ...


class ClipReader(Protocol):
    """What measures a clip. Raises `ReadingError` for one that it cannot be asked about (form, not content)."""

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """Its own, then those of the networks that it asks."""
        ...

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading: ...


class Reader(ClipReader, Protocol):
    """A loaded network that measures."""

    def read_values(self, clip: Clip, beats: Sequence[Beat] = (), view: View | None = None) -> tuple[ReadValue, ...]:
        """The values of `read`, corrected, without the table; one for each of these `beats` where it can use them.

        `view` is what the clip shows, where it is known: of a model that reads several views only that one's values.
        """
        ...


class GroupReader(Protocol):
    """A loaded network that measures on several clips together. Raises as a ClipReader does."""

    @property
    def manifests(self) -> tuple[Manifest, ...]: ...

    def read_group(self, clips: Sequence[Clip]) -> Reading:
        """`clips` are one of each view, in the order of `quantities.views_together` of its manifest."""
        ...


class ScriptOptions(Protocol):
    """What the authors' scripts leave to their user. `kernel` smooths diameters, of a reader that `has_published_phases`."""

    in_folder: bool  # some scripts treat a folder otherwise than a file
    kernel: bool

    @property
    def has_published_phases(self) -> bool: ...


class DescribingClassifier(Classifier, Protocol):
    """A classifier that gives its features as well."""

    def describe(self, frames: "Tensor") -> "tuple[Tensor, Tensor]":
        """Frames (n, channels, height, width) -> logits (n, classes) and features (n, width), float32."""
        ...


class DistributionReference(Network, Protocol):
    """A network that keeps the means of its training data and tells how far from them an image lies."""

    @property
    def class_means(self) -> "Tensor":
        """Features (classes, width), float32; no row where nothing was learnt."""
        ...

    def distance(self, features: "Tensor") -> "Tensor":
        """Features (n, width) -> distance (n,) from the nearest class, float32, about 1 for an image of the training."""
        ...


class LearningReference(DistributionReference, DescribingClassifier, Protocol):
    """A classifier that learns the reference of its own features."""

    def learn_reference(self, features: "Tensor", classes: "Tensor") -> None:
        """Sets the means from features (n, width), float32, of training frames of `classes` (n,), int64, 0-based."""
        ...
