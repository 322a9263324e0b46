"""Heat maps for every classifier and segmenter of the library: which parts of the image speak for an answer.

They show what the network looked at, not whether it is right, and are no measurement.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.clip import Clip
from models.explain.activation import evaluating, grad_cam
from models.explain.explained_layer import Place, column_of, name_of, place_of
from models.explain.inputs import Shown, shown_of
from models.library.recipe import Form, Layer

__all__ = [
    "Explanation", "Form", "Layer", "Place",
    "explain_clip", "grad_cam", "place_of",
]  # fmt: skip

_AT_ONCE = 4


@dataclass(frozen=True, eq=False)
class Explanation:
    """`heat` is float32 (frames, rows, columns) in px of the whole image, 0 to 1, of the frames `frame_indices` (0-based).

    `label` is the output that is explained, `score` its logit or value, the mean over what was asked. Of a network of frames
    each map is divided by its own largest value, for each is an answer of its own; of a clip all by the largest of all.
    """

    label: str
    score: float
    frame_indices: tuple[int, ...]
    heat: NDArray[np.float32]


def explain_clip(network: Any, clip: Clip, label: str | None = None, frames: Sequence[int] | None = None) -> Explanation:
    """Grad-CAM of a loaded network for `label` (a class, or an output's number), by default the likeliest,
    of answers that cannot be compared the one named in the table.

    `frames` are those to explain (default: all); a network of clips chooses its own and is explained on those. Of a segmenter
    the answer is the mean logit inside what it marks; where it marks nothing, the largest. Raises NoHeatMap, and ReadingError
    for a clip that the network cannot be asked about.
    """
    place = place_of(network.manifest)
    shown = shown_of(clip, network.manifest, range(clip.number_of_frames) if frames is None else list(frames))
    first = next(network.parameters())
    values = shown.values.to(first.device, first.dtype)
    is_clip = values.dim() == 5
    batches = list(values.split(len(values) if is_clip else _AT_ONCE))  # type: ignore[no-untyped-call]
    column, name = _asked(network, place, batches, label or "")

    def score(answer: Any) -> Tensor:
        return _evidence(place.outputs(answer)[:, column]).sum()

    maps, scores = [], []
    for batch in batches:
        heat, value = grad_cam(network, place.layer, batch, score)
        maps.append(heat.cpu().numpy())
        scores.append(value)
    found = np.concatenate(maps)
    indices, heat_maps = _placed(found[0] if is_clip else found, shown, clip)
    return Explanation(name, sum(scores) / len(values), indices, _normalised(heat_maps, together=is_clip))


def _asked(network: Any, place: Place, batches: Sequence[Tensor], label: str) -> tuple[int, str]:
    """The output that is meant and its name; where none is named, the place's own or the one with the largest mean evidence."""
    label = label or place.default
    count = batches[0:1] if label else batches
    with evaluating(network), torch.inference_mode():
        answers = [place.outputs(network(batch)) for batch in count]
    outputs = answers[0].shape[1]
    if label:
        column = column_of(network, place, label, outputs)
    else:
        evidence = [torch.stack([_evidence(answer[:, index]) for index in range(outputs)], dim=1) for answer in answers]
        column = int(torch.cat(evidence).mean(dim=0).argmax())
    return column, name_of(network, place, column, outputs)


def _evidence(logits: Tensor) -> Tensor:
    """(n,) as they are; maps (n, h, w) -> (n,): the mean above 0, where nothing is the largest."""
    if logits.dim() == 1:
        return logits
    flat = logits.flatten(1)
    marked = flat > 0
    inside = torch.where(marked, flat, 0).sum(dim=1) / marked.sum(dim=1).clamp(min=1)
    return torch.where(marked.any(dim=1), inside, flat.amax(dim=1))


def _placed(maps: NDArray[np.float32], shown: Shown, clip: Clip) -> tuple[tuple[int, ...], NDArray[np.float32]]:
    """Each frame's map in the image; the mean of those of a frame that was shown more than once, none of padding."""
    indices = sorted({index for index in shown.frames if index >= 0})
    in_image = np.zeros((len(indices), clip.rows, clip.columns), dtype=np.float32)
    for row, index in enumerate(indices):
        own = [number for number, frame in enumerate(shown.frames) if frame == index]
        in_image[row] = shown.in_image(maps[own].mean(axis=0), clip.rows, clip.columns)
    return tuple(indices), in_image


def _normalised(maps: NDArray[np.float32], *, together: bool) -> NDArray[np.float32]:
    largest = maps.max(axis=(0, 1, 2) if together else (1, 2), keepdims=True)
    return np.asarray(maps / np.where(largest > 0, largest, 1), dtype=np.float32)
