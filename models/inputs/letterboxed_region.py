"""The calibrated region in proportion, grey, in the middle of a black square."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.clip import Clip
from models.inputs.clip_input import ClipInput
from models.inputs.letterbox import Letterbox
from models.library.manifest import Manifest


@dataclass(frozen=True)
class LetterboxedRegion:
    """The whole image where there is no region. Frames are (n, channels, size, size), float32, 0 to `largest`,
    every channel the same."""

    clip: Clip
    size_px: int
    largest: float = 1.0
    channels: int = 1
    with_display: bool = False

    @property
    def box(self) -> Letterbox:
        return screen_box(self.clip, self.size_px) if self.with_display else Letterbox.of_clip(self.clip, self.size_px)

    def chosen(self, wanted: Sequence[int]) -> Sequence[int]:
        return wanted

    def batch(self, frames: Sequence[int]) -> Tensor:
        """These `frames`, (n, channels, size, size), float32, 0 to `largest`."""
        kept = self.clip.cache.frames((LetterboxedRegion, self.size_px, self.with_display))
        if missing := kept.missing(frames):
            kept.keep(missing, self.box.apply(self.clip.take(missing)))
        values = torch.from_numpy(np.stack(kept.of(frames)))[:, None].expand(-1, self.channels, -1, -1)
        return values if self.largest == 1 else values * self.largest

    def to_image(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """`points_px` (n, 2), (x, y) px of the square, in px of the whole image (n, 2)."""
        return self.box.to_image(points_px)


def screen_box(clip: Clip, size_px: int = 192) -> Letterbox:
    """What tells the view: the two-dimensional image, or the whole screen where its regions hold a display beside it."""
    if clip.spectral_region().seen is None and clip.m_mode_region().seen is None:
        return Letterbox.of_clip(clip, size_px)
    return Letterbox(0, 0, clip.columns, clip.rows, size_px)


def letterboxed(clip: Clip, manifest: Manifest) -> ClipInput:
    """0 to 1."""
    return LetterboxedRegion(clip, _side_px(manifest))


def letterboxed_screen(clip: Clip, manifest: Manifest) -> ClipInput:
    """0 to 1, of a screen with a display the whole."""
    return LetterboxedRegion(clip, _side_px(manifest), with_display=True)


def letterboxed_to_255(clip: Clip, manifest: Manifest) -> ClipInput:
    return LetterboxedRegion(clip, _side_px(manifest), largest=255)


def _side_px(manifest: Manifest) -> int:
    """Of the square, which a manifest states as a shape or as a size."""
    return manifest.input_shape[-1] if manifest.input_shape else manifest.input_size_px
