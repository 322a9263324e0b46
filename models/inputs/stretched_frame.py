"""The whole image stretched to a network's rectangle, its proportions not kept: EchoForge's networks were taught so."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.clip import Clip
from models.inputs.clip_input import ClipInput, rectangle_to_image
from models.library.manifest import Manifest


@dataclass(frozen=True)
class StretchedFrame:
    """Frames are (n, channels, height, width), float32, 0 to 255: RGB, or their mean where `channels` is 1."""

    clip: Clip
    channels: int
    height_px: int
    width_px: int

    def chosen(self, wanted: Sequence[int]) -> Sequence[int]:
        return wanted

    def batch(self, frames: Sequence[int]) -> Tensor:
        """These `frames`, (n, channels, height, width), float32, 0 to 255."""
        shape = self.channels, self.height_px, self.width_px
        kept = self.clip.cache.frames((StretchedFrame, shape))
        if missing := kept.missing(frames):
            kept.keep(missing, _stretched(self.clip.take(missing), *shape))
        return torch.stack(kept.of(frames)).contiguous(memory_format=torch.channels_last)

    def to_image(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """`points_px` (n, 2), (x, y) px of the rectangle, in px of the whole image (n, 2)."""
        whole = (0, 0, self.clip.columns, self.clip.rows)
        return rectangle_to_image(points_px, whole, self.width_px, self.height_px)


def stretched(clip: Clip, manifest: Manifest) -> ClipInput:
    return StretchedFrame(clip, *manifest.input_shape)


def stretched_frames(frames: NDArray[np.uint8], manifest: Manifest) -> Tensor:
    """RGB `frames` (n, rows, columns, 3), 0 to 255, of no clip, as `StretchedFrame` shows them.

    Gives (n, channels, height, width), float32, 0 to 255.
    """
    return _stretched(frames, *manifest.input_shape)


def _stretched(frames: NDArray[np.uint8], channels: int, height: int, width: int) -> Tensor:
    """Linearly and without smoothing or rounding, as TensorFlow's `resize` does."""
    images = torch.from_numpy(frames.astype(np.float32)).permute(0, 3, 1, 2)
    if channels == 1:
        images = images.mean(dim=1, keepdim=True)
    return functional.interpolate(images, (height, width), mode="bilinear", align_corners=False)
