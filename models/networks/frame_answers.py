"""A network asked about the frames of a clip, several at a time."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

from models.inputs.clip_input import ClipInput


def frame_answers(
    network: nn.Module, seen: ClipInput, frames: Sequence[int], at_once: int, ask: Callable[[Tensor], Tensor] | None = None
) -> Iterator[Tensor]:
    """What the network gives of each of these frames, logits or values (outputs, ...), float32 in main memory.

    `ask` is another of its methods than the call: frames (n, channels, height, width), float32, in, outputs (n, ...) out.
    """
    place = next(network.parameters())
    for first in range(0, len(frames), at_once):
        batch = seen.batch(frames[first : first + at_once]).to(place.device, place.dtype)
        with torch.inference_mode():
            outputs = (ask or network)(batch).float().cpu()
        yield from outputs
