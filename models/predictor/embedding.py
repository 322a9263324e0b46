"""Frames or clips as points in the feature space of an encoder: what enters its head, or all it gives where it has none."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.clip import Clip
from models.families.whole_frames import stretched
from models.manifest import Manifest

BATCH = 16


class NoEmbedding(ValueError):
    """The network gives no features of frames or clips."""


def encodes_clips(network: nn.Module) -> bool:
    """Whether its features are those of a whole clip, not of a frame."""
    return hasattr(network, "embed_clip")


def embed(network: nn.Module, clip: Clip) -> NDArray[np.float32]:
    """The features of a clip (1, width), or of each of its frames (n, width), as the network is an encoder of either.

    Raises NoEmbedding, and `families.reading.ReadingError` for a clip that its network cannot be asked about.
    """
    if not encodes_clips(network):
        return embed_frames(network, clip.frames)
    features: NDArray[np.float32] = network.embed_clip(clip)  # type: ignore[operator]
    return features[None]


def embed_frames(network: nn.Module, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 RGB frames (n, rows, columns, 3) -> features (n, width), float32.

    Each frame is stretched to the network's input, as EchoForge trains; values stay 0 to 255. Raises NoEmbedding.
    """
    features_of = getattr(network, "embed", None)
    manifest = getattr(network, "manifest", None)
    if features_of is None or not isinstance(manifest, Manifest) or len(manifest.input_shape) != 3:
        raise NoEmbedding(f"model {getattr(manifest, 'name', '?')} gives no features of frames or clips")
    device = next(network.parameters()).device
    batches = (stretched(frames[start : start + BATCH], manifest) for start in range(0, len(frames), BATCH))
    with torch.inference_mode():
        features = [features_of(batch.to(device)).float().cpu().numpy() for batch in batches]
    return np.concatenate(features)
