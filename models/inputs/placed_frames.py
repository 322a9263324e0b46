"""A clip as a segmenter takes it, and where its frames lie in the image."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from models.clip import Clip
from models.inputs.clip_frames import ClipFrames, Fit, Preparation
from models.library.manifest import Manifest

Points = NDArray[np.float64]


class PlacedFrames(Protocol):
    """One clip as a segmenter takes it."""

    def batch(self, indices: Sequence[int]) -> Tensor:
        """These frames as the network takes them: (n, channels, height, width), float32, 0 to 1 or 0 to 255."""
        ...

    def to_image(self, points_px: Points) -> Sequence[tuple[float, float]]:
        """`points_px` (n, 2), (x, y) px of the network's map, in px of the whole image."""
        ...


@dataclass(frozen=True)
class _Letterboxed:
    frames: ClipFrames
    preparation: Preparation

    def batch(self, indices: Sequence[int]) -> Tensor:
        return self.frames.batch(self.preparation, indices)

    def to_image(self, points_px: Points) -> Sequence[tuple[float, float]]:
        return pairs(self.frames.letterbox(self.preparation.height_px).to_image(points_px))


@dataclass(frozen=True)
class _Stretched:
    frames: ClipFrames
    preparation: Preparation
    clip: Clip

    def batch(self, indices: Sequence[int]) -> Tensor:
        return self.frames.batch(self.preparation, indices)

    def to_image(self, points_px: Points) -> Sequence[tuple[float, float]]:
        scale = np.array([self.clip.columns / self.preparation.width_px, self.clip.rows / self.preparation.height_px])
        return pairs((points_px + 0.5) * scale - 0.5)


def letterboxed(clip: Clip, frames: ClipFrames, manifest: Manifest) -> PlacedFrames:
    return _Letterboxed(frames, Preparation(Fit.LETTERBOX, manifest.input_size_px, manifest.input_size_px))


def stretched(clip: Clip, frames: ClipFrames, manifest: Manifest) -> PlacedFrames:
    channels, height, width = manifest.input_shape
    return _Stretched(frames, Preparation(Fit.STRETCH, height, width, channels=channels, largest=255), clip)


def pairs(points_px: Points) -> tuple[tuple[float, float], ...]:
    """`points_px` (n, 2), (x, y), as pairs of numbers."""
    return tuple((float(x), float(y)) for x, y in points_px)
