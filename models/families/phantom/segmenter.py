"""A network of our own that marks structures: the left ventricular cavity up to the annulus line, and others by label."""

from pathlib import Path

from models.families.phantom.u_net import SmallUNet
from models.library.manifest import Manifest
from models.networks.stored_weights import prepare


class PhantomSegmenter(SmallUNet):
    """Grey `frames` (n, 1, size, size), float32, 0 to 1 -> logits (n, labels, size, size), above 0 inside a structure."""


def load(manifest: Manifest, weights: Path | None, device: str) -> PhantomSegmenter:
    return prepare(PhantomSegmenter(manifest), manifest, weights, device)
