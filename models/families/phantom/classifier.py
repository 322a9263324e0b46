"""A small convolutional classifier of single grey frames, trained on the phantom: the view, or the grade of image quality.

With `reference_classes` in its manifest it also measures how far a frame lies from those classes of its training data, in the
features of all its stages (`mahalanobis`).
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from models.library.manifest import Manifest
from models.networks.engine_slots import EngineSlots
from models.networks.mahalanobis import nearest_class_distance
from models.networks.stored_weights import prepare
from models.networks.widths import list_of_int


class PhantomClassifier(EngineSlots):
    """Grey `frames` (n, 1, size, size), float32, 0 to 1 -> logits (n, labels).

    `channels` is the width of each stage, halving the size. `class_means` (classes, width) and `precision` (width, width), the
    inverse covariance of the features, are what it knows of its training data.
    """

    class_means: Tensor
    precision: Tensor

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        channels = list_of_int(manifest.architecture["channels"])
        entered = [1, *channels[:-1]]
        self.stages = nn.ModuleList(_stage(n_in, n_out) for n_in, n_out in zip(entered, channels, strict=True))
        self.head = nn.Sequential(nn.Dropout(0.1), nn.Linear(2 * channels[-1], len(manifest.labels)))
        classes, width = int(str(manifest.architecture.get("reference_classes", 0))), sum(channels)
        self.register_buffer("class_means", torch.zeros(classes, width))
        self.register_buffer("precision", torch.zeros(width, width) if classes else torch.zeros(0, 0))

    def forward(self, frames: Tensor) -> Tensor:
        return self.describe(frames)[0]

    def describe(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (n, labels) and features (n, width) of `frames`: the mean of every channel of every stage.

        Early stages carry texture, late ones anatomy; what is new to a network may show in either.
        """
        means = []
        maps = frames - 0.2
        for stage in self.stages:
            maps = stage(maps)
            means.append(maps.mean(dim=(2, 3)))
        logits = self.head(torch.cat([means[-1], maps.amax(dim=(2, 3))], dim=1))
        return logits, torch.cat(means, dim=1)

    def embed(self, frames: Tensor) -> Tensor:
        """The features alone, (n, width), of `frames`."""
        return self.describe(frames)[1]

    def distance(self, features: Tensor) -> Tensor:
        """Distance (n,), float32, of `features` (n, width) to the nearest reference class.

        It is about 1 for a frame of the training data.
        """
        return nearest_class_distance(features, self.class_means, self.precision)

    def learn_reference(self, features: Tensor, classes: Tensor) -> None:
        """Sets the means and the shared precision from `features` (n, width), float32, of training frames.

        `classes` (n,), int64, are the 0-based indices of their classes. A class without a frame repeats the mean of the first
        that has one: so it is never the nearest.
        """
        features = features.double()
        shown = sorted(set(classes.tolist()))
        first = features[classes == shown[0]].mean(dim=0)
        means = torch.stack(
            [features[classes == index].mean(dim=0) if index in shown else first for index in range(len(self.class_means))]
        )
        residuals = features - means[classes]
        covariance = residuals.T @ residuals / len(residuals)
        # A channel that never varied must not make the distance infinite: 1 % of each variance, and a floor, is added.
        ridge = 0.01 * covariance.diagonal() + 1e-6 * covariance.diagonal().mean() + 1e-12
        self.class_means.copy_(means)
        self.precision.copy_(torch.linalg.inv(covariance + torch.diag(ridge)))


def _stage(n_in: int, n_out: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(n_out),
        nn.ReLU(inplace=True),
        nn.Conv2d(n_out, n_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(n_out),
        nn.ReLU(inplace=True),
    )


def load(manifest: Manifest, weights: Path | None, device: str) -> PhantomClassifier:
    return prepare(PhantomClassifier(manifest), manifest, weights, device)
