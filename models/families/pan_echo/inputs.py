"""What PanEcho sees of a clip: runs of consecutive frames, the middle of the region, in standard deviations of ImageNet.

Which frames of a longer video are shown is not published: here up to four runs of 16, spread evenly.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.clip import Clip
from models.inputs.clip_input import as_clip, rectangle_to_image
from models.inputs.clip_squares import IMAGENET_MEAN, IMAGENET_STD, centre_square, image_window, resized
from models.inputs.normalisation import Normalisation
from models.library.manifest import Manifest
from models.library.reading import Decoding

FRAMES, _RUNS = 16, 4
RESIZED_PX, SHOWN_PX = 256, 224
_MARGIN_PX = (RESIZED_PX - SHOWN_PX) // 2
_IMAGENET = Normalisation(torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD))


class FrameRuns:
    """`note` says where the image was cut from."""

    def __init__(self, clip: Clip, manifest: Manifest, decoding: Decoding = Decoding.CORRECTED) -> None:
        self._clip = clip
        self.window, self.note = image_window(clip, decoding)

    def chosen(self, wanted: Sequence[int]) -> Sequence[int]:
        return frame_runs(self._clip.number_of_frames)[0]

    def runs(self) -> Tensor:
        """All that is asked about: (runs, 3, frames, 224, 224), float32, in standard deviations, no unit."""
        return torch.cat([as_clip(self.batch(frames)) for frames in frame_runs(self._clip.number_of_frames)])

    def batch(self, frames: Sequence[int]) -> Tensor:
        """These `frames`, RGB (n, 3, 224, 224), float32, in standard deviations, no unit.

        They are shrunk to 256 px by area, and the middle of that is shown.
        """
        squares = resized(self._clip.take(frames), centre_square(self.window), RESIZED_PX, cv2.INTER_AREA)
        middle = np.ascontiguousarray(squares[:, _MARGIN_PX:-_MARGIN_PX, _MARGIN_PX:-_MARGIN_PX])
        return _IMAGENET.apply(middle).transpose(0, 1)

    def to_image(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """`points_px` (n, 2), (x, y) px of what is shown, in px of the whole image (n, 2)."""
        return rectangle_to_image(points_px + _MARGIN_PX, centre_square(self.window), RESIZED_PX, RESIZED_PX)


def frame_runs(number_of_frames: int) -> Sequence[range]:
    """Up to four runs of 16 frames, spread evenly; a shorter clip is one run of what it has.

    >>> [run.start for run in frame_runs(100)], [len(run) for run in frame_runs(5)]
    ([0, 28, 56, 84], [5])
    """
    last = number_of_frames - FRAMES
    if last <= 0:
        return [range(number_of_frames)]
    wanted = min(_RUNS, -(-number_of_frames // FRAMES))
    return [range(start, start + FRAMES) for start in (last * run // (wanted - 1) for run in range(wanted))]
