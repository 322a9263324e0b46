"""Frames as points in the feature space of an encoder: what enters its head, or all it gives where it has none."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from models.manifest import Manifest

BATCH = 16


class NoEmbedding(ValueError):
    """The network gives no features of single frames."""


def embed_frames(network: nn.Module, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 RGB frames (n, rows, columns, 3) -> features (n, width), float32.

    Each frame is resized to the network's input without keeping its aspect ratio, linearly and without smoothing, as EchoForge
    trains (TensorFlow's `resize`); values stay 0 to 255. Raises NoEmbedding.
    """
    embed = getattr(network, "embed", None)
    manifest = getattr(network, "manifest", None)
    if embed is None or not isinstance(manifest, Manifest) or len(manifest.input_shape) != 3:
        raise NoEmbedding(f"model {getattr(manifest, 'name', '?')} gives no features of single frames")
    height, width = manifest.input_shape[-2:]
    device = next(network.parameters()).device
    with torch.inference_mode():
        features = [embed(batch.to(device)).float().cpu().numpy() for batch in _batches(frames, height, width)]
    return np.concatenate(features)


def _batches(frames: NDArray[np.uint8], height: int, width: int) -> Iterator[Tensor]:
    for start in range(0, len(frames), BATCH):
        images = torch.from_numpy(frames[start : start + BATCH].astype(np.float32)).permute(0, 3, 1, 2)
        yield functional.interpolate(images, (height, width), mode="bilinear", align_corners=False)
