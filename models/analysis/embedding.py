"""Frames or clips as points in the feature space of an encoder: what enters its head, or all it gives where it has none."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.analysis.adapters import classifier_input
from models.clip import Clip
from models.errors import NoEmbedding
from models.inputs.clip_frames import ClipFrames
from models.inputs.stretched_frame import stretched_frames
from models.library.manifest import Manifest

BATCH = 16


def encodes_clips(network: nn.Module) -> bool:
    """Whether its features are those of a whole clip, not of a frame."""
    return hasattr(network, "embed_clip")


def require_embedding(network: nn.Module) -> None:
    """Raises NoEmbedding for a network that gives features of neither frames nor clips."""
    manifest = getattr(network, "manifest", None)
    of_frames = isinstance(manifest, Manifest) and (len(manifest.input_shape) == 3 or manifest.input_size_px > 0)
    if not encodes_clips(network) and not (of_frames and hasattr(network, "embed")):
        raise NoEmbedding(f"model {getattr(manifest, 'name', '?')} gives no features of frames or clips")


def embed(network: nn.Module, clip: Clip) -> NDArray[np.float32]:
    """The features of a clip (1, width), or of each of its frames (n, width), as the network is an encoder of either.

    Raises NoEmbedding, and `ReadingError` for a clip that its network cannot be asked about.
    """
    require_embedding(network)
    if encodes_clips(network) or not network.manifest.input_shape:  # type: ignore[union-attr]
        return np.asarray(features_as_judged(network, clip, range(clip.number_of_frames)).numpy())
    return embed_frames(network, clip.frames)


def embed_frames(network: nn.Module, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 RGB frames (n, rows, columns, 3) -> features (n, width), float32.

    Each frame is stretched to the network's input, as EchoForge trains; values stay 0 to 255. Raises NoEmbedding.
    """
    require_embedding(network)
    starts = range(0, len(frames), BATCH)
    batches = (stretched_frames(frames[start : start + BATCH], network.manifest) for start in starts)  # type: ignore[arg-type]
    return np.concatenate([_features(network, batch).numpy() for batch in batches])


def features_as_judged(
    encoder: Any,
    clip: Clip,
    indices: Sequence[int],
    frames: ClipFrames | None = None,
    run: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Features (n, width) of these frames, or (1, width) of the clip, prepared as for the view classifiers of the node.

    `frames` shares them with other networks, `run` computes in place of the encoder. Raises as `embed` does.
    """
    if encodes_clips(encoder):
        return torch.from_numpy(encoder.embed_clip(clip))[None]
    prepared = frames or ClipFrames(clip)
    parts = (indices[start : start + BATCH] for start in range(0, len(indices), BATCH))
    batches = (classifier_input(clip, prepared, encoder.manifest, part) for part in parts)
    return torch.cat([run(batch) if run else _features(encoder, batch) for batch in batches])


def _features(network: Any, batch: Tensor) -> Tensor:
    device = next(network.parameters()).device
    with torch.inference_mode():
        features: Tensor = network.embed(batch.to(device)).float().cpu()
    return features
