"""Frames or clips as points in the feature space of an encoder: what enters its head, or all it gives where it has none."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.clip import Clip
from models.errors import NoEmbedding
from models.inputs.clip_input import network_input
from models.inputs.stretched_frame import stretched_frames
from models.library.model import Model
from models.library.protocols import Encoder
from models.library.recipe import Encodes

BATCH = 16


def encodes_clips(model: Model) -> bool:
    """Whether its features are those of a whole clip, not of a frame."""
    return model.recipe.encodes is Encodes.CLIPS


def require_embedding(model: Model) -> None:
    """Raises NoEmbedding for a model that gives features of neither frames nor clips."""
    if model.recipe.encodes is None:
        raise NoEmbedding(f"model {model.manifest.name} gives no features of frames or clips")


def embed(model: Model, clip: Clip) -> NDArray[np.float32]:
    """The features of a clip (1, width), or of each of its frames (n, width), as the model is an encoder of either.

    Raises NoEmbedding, and `ReadingError` for a clip that its network cannot be asked about.
    """
    require_embedding(model)
    if encodes_clips(model) or not model.manifest.input_shape:
        return np.asarray(features_as_learnt(model, clip, range(clip.number_of_frames)).numpy())
    return embed_frames(model, clip.frames)


def embed_frames(model: Model, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 RGB frames (n, rows, columns, 3) -> features (n, width), float32.

    Each frame is stretched to the network's input, as EchoForge trains; values stay 0 to 255. Raises NoEmbedding.
    """
    require_embedding(model)
    starts = range(0, len(frames), BATCH)
    batches = (stretched_frames(frames[start : start + BATCH], model.manifest) for start in starts)
    return np.concatenate([_features(model.encoder, batch).numpy() for batch in batches])


def features_as_learnt(
    model: Model,
    clip: Clip,
    indices: Sequence[int],
    run: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Features (n, width), float32, of these frames, or (1, width) of the clip, prepared as for the view classifiers of the
    node.

    `frames` shares them with other networks. `run` computes in place of the encoder: a batch (n, ...) -> features (n, width).
    Raises as `embed` does.
    """
    if encodes_clips(model):
        return torch.from_numpy(model.clip_encoder.embed_clip(clip))[None]
    parts = (indices[start : start + BATCH] for start in range(0, len(indices), BATCH))
    batches = (network_input(clip, model.manifest, part) for part in parts)
    return torch.cat([run(batch) if run else _features(model.encoder, batch) for batch in batches])


def _features(encoder: Encoder, batch: Tensor) -> Tensor:
    device = next(encoder.parameters()).device
    with torch.inference_mode():
        return encoder.embed(batch.to(device)).float().cpu()
