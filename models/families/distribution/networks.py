"""Whether an image is like those of one hospital, by its place among them in the features of any network of the library.

The network is another model, which the manifest names with the hash of its weights. `echonode models judge` learns the rest:
the mean of each class, one covariance for all, and the limit, which stands in the manifest.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.clip import Clip
from models.errors import ManifestError, WeightsError
from models.inputs.clip_input import ClipInput, input_of
from models.library.manifest import Manifest
from models.library.model import Model
from models.library.registry import embedder_of, load_manifest
from models.networks.mahalanobis import nearest_class_distance
from models.networks.stored_weights import prepare


class LearntClasses(nn.Module):
    """What the weights file holds, of features of one embedder.

    `class_means` (classes, width) and `precision` (width, width), the inverse covariance, are float32. `embedder_digest` (32,)
    is uint8: which features these are, as `digest_of` gives it.
    """

    class_means: Tensor
    precision: Tensor
    embedder_digest: Tensor

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.register_buffer("class_means", torch.zeros(classes, width))
        self.register_buffer("precision", torch.zeros(width, width))
        self.register_buffer("embedder_digest", torch.zeros(32, dtype=torch.uint8))


class ImageDistribution(nn.Module):
    """A `batch` of the embedder's input (n, ...), float32 -> distances (n, 1) and features (n, width), float32.

    A distance is about 1 for an image of the training; it has no unit. `class_means` (classes, width) are float32 features.
    """

    def __init__(self, manifest: Manifest, embedder: Model, learnt: LearntClasses) -> None:
        super().__init__()
        self.manifest = manifest
        self.embedder = embedder
        self.encoder = embedder.network  # so that it is moved with the rest
        self.learnt = learnt

    @property
    def class_means(self) -> Tensor:
        return self.learnt.class_means

    def forward(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        features = self.embedder.encoder.embed(batch)
        return self.distance(features)[:, None], features

    def distance(self, features: Tensor) -> Tensor:
        """Distance (n,), float32, of `features` (n, width) to the nearest class."""
        return nearest_class_distance(features, self.learnt.class_means, self.learnt.precision)


def seen_by_embedder(clip: Clip, manifest: Manifest) -> ClipInput:
    """What the network sees in whose features it was learnt. Raises ManifestError where that is not there."""
    return input_of(clip, named_embedder(manifest))


def named_embedder(manifest: Manifest) -> Manifest:
    named = embedder_of(manifest)
    if named is None:
        raise ManifestError(f"model {manifest.name}: [architecture] embedder is missing")
    return named


def digest_of(embedder: Manifest) -> Tensor:
    """All that the features of a model depend on, as a uint8 SHA-256 (32,): its weights, its architecture and its input."""
    size = [*embedder.input_shape, embedder.input_size_px]
    said = [embedder.weights_sha256, embedder.family, sorted(embedder.architecture.items()), size]
    return torch.from_numpy(np.frombuffer(hashlib.sha256(json.dumps(said).encode()).digest(), np.uint8).copy())


def stored_reference(class_means: NDArray[np.float64], precision: NDArray[np.float64], embedder: Manifest) -> dict[str, Tensor]:
    """The weights file's tensors, of `class_means` (classes, width) and `precision` (width, width) in the features.

    `precision` is the inverse covariance.
    """
    kept = LearntClasses(*class_means.shape)
    kept.class_means.copy_(torch.from_numpy(class_means))
    kept.precision.copy_(torch.from_numpy(precision))
    kept.embedder_digest.copy_(digest_of(embedder))
    return dict(kept.state_dict())


def load(manifest: Manifest, weights: Path | None, device: str) -> ImageDistribution:
    """With its embedder, which needs its own weights where this one gets weights. Raises ManifestError, also for an embedder
    that is not the one it was learnt with, and WeightsError.
    """
    named = named_embedder(manifest)
    classes, width = (int(str(manifest.architecture[key])) for key in ("reference_classes", "width"))
    learnt = prepare(LearntClasses(classes, width), manifest, weights, device)
    if weights is not None and not torch.equal(learnt.embedder_digest.cpu(), digest_of(named)):
        raise WeightsError(f"{manifest.weights_file} was learnt with other settings of {named.name} than those here")
    embedder = load_manifest(named, pretrained=weights is not None, device=device)
    return ImageDistribution(manifest, embedder, learnt).eval()
