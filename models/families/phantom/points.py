"""A network of our own that marks both ends of the lines of `models.catalogue.LINES`."""

from pathlib import Path

from models.families.phantom.u_net import SmallUNet
from models.library.manifest import Manifest
from models.networks.stored_weights import prepare


class PhantomPoints(SmallUNet):
    """Grey `frames` (n, 1, size, size), float32, 0 to 1 -> logits (n, labels, size, size), a peak at each point."""


def load(manifest: Manifest, weights: Path | None, device: str) -> PhantomPoints:
    return prepare(PhantomPoints(manifest), manifest, weights, device)
