"""Logits and features of a classifier in one call, as an engine computes them."""

from torch import Tensor, nn

from models.library.protocols import DescribingClassifier


class Described(nn.Module):
    """A classifier that gives its features as well as its logits: the distance from its training data needs them.

    `frames` (n, channels, h, w), float32, as the network takes them -> logits (n, labels) and features (n, width).
    """

    def __init__(self, classifier: DescribingClassifier) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        return self.classifier.describe(frames)
