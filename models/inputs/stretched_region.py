"""The calibrated region stretched to a network's rectangle by area, its proportions not kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.clip import Clip
from models.inputs.clip_input import ClipInput, rectangle_to_image
from models.inputs.clip_squares import image_window
from models.library.manifest import Manifest
from models.library.reading import Decoding


@dataclass(frozen=True)
class StretchedRegion:
    """The whole image where there is no region, and in the published decoding.

    Frames are RGB (n, 3, height, width), float32, 0 to 255.
    """

    clip: Clip
    height_px: int
    width_px: int
    decoding: Decoding = Decoding.CORRECTED

    def chosen(self, wanted: Sequence[int]) -> Sequence[int]:
        return wanted

    def batch(self, frames: Sequence[int]) -> Tensor:
        """These `frames`, RGB (n, 3, height, width), float32, 0 to 255."""
        (x0, y0, x1, y1), _ = image_window(self.clip, self.decoding)
        size = self.width_px, self.height_px
        cut = (np.ascontiguousarray(frame[y0:y1, x0:x1]) for frame in self.clip.take(frames))
        resized = [cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in cut]
        return torch.from_numpy(np.stack(resized)).permute(0, 3, 1, 2).float()

    def to_image(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """`points_px` (n, 2), (x, y) px of the rectangle, in px of the whole image (n, 2)."""
        return rectangle_to_image(points_px, image_window(self.clip, self.decoding)[0], self.width_px, self.height_px)


def stretched_region(clip: Clip, manifest: Manifest) -> ClipInput:
    _, height, width = manifest.input_shape
    return StretchedRegion(clip, height, width)
