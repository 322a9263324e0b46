"""A spectral or M-mode display as a network of our own sees it: windows of one pace, all of them as high as the display.

A column is always as long, whatever the sweep, and rows run from the velocity towards the transducer down to that away from
it, or from the probe downwards. So waves look alike on every display.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.calibration import DisplayChoice, PhysicalUnit, RegionCalibration
from models.clip import Clip
from models.derive.displays.spectral_image import grey, without_green_trace
from models.inputs.clip_input import ClipInput
from models.library.manifest import Manifest

SECONDS_PER_COLUMN = 0.01
ROWS, COLUMNS = 192, 256


@dataclass(frozen=True, eq=False)
class DisplayWindows:
    """Windows of `picture`, a grey display (rows, columns), uint8, 0 to 255, whose top left pixel is at `corner_px` (x, y).

    A column of the picture is `columns_per_px` of the network's columns long. `mirrored` and `turned`: the picture's columns
    or rows run against those of the image. What a network is given are windows (n, 1, rows, columns), float32, 0 to 1; beyond
    the display they are black.
    """

    picture: NDArray[np.uint8]
    corner_px: tuple[int, int]
    columns_per_px: float
    mirrored: bool = False
    turned: bool = False

    @property
    def columns(self) -> int:
        """Of the whole display, at the network's pace."""
        width: int = self.picture.shape[1]
        return max(1, round(width * self.columns_per_px))

    def starts(self) -> list[int]:
        """The first columns of half-overlapping windows that cover the display."""
        if self.columns <= COLUMNS:
            return [0]
        number = math.ceil((self.columns - COLUMNS) / (COLUMNS // 2)) + 1
        return [round(start) for start in np.linspace(0, self.columns - COLUMNS, number)]

    def paced(self) -> NDArray[np.uint8]:
        """The display at the network's size: uint8 (rows, columns), 0 to 255."""
        size = (self.columns, ROWS)
        small = size[0] < self.picture.shape[1], size[1] < self.picture.shape[0]
        way = cv2.INTER_AREA if all(small) else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(self.picture, size, interpolation=way), np.uint8)

    def chosen(self, wanted: Sequence[int]) -> Sequence[int]:
        """The first window."""
        return (0,)

    def batch(self, frames: Sequence[int]) -> Tensor:
        """The windows with these numbers (`frames`), (n, 1, rows, columns), float32, 0 to 1."""
        paced, starts = self.paced(), self.starts()
        windows = np.zeros((len(frames), 1, ROWS, COLUMNS), np.float32)
        for place, number in enumerate(frames):
            part = paced[:, starts[number] : starts[number] + COLUMNS]
            windows[place, 0, :, : part.shape[1]] = part / np.float32(255)
        return torch.from_numpy(windows)

    def to_image(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """`points_px` (n, 2), (x, y) px of the display at the network's size, in px of the whole image (n, 2)."""
        rows, columns = self.picture.shape
        scale = np.array([columns / self.columns, rows / ROWS])
        x, y = ((points_px + 0.5) * scale - 0.5).T
        x, y = (columns - 1 - x if self.mirrored else x), (rows - 1 - y if self.turned else y)
        return np.stack([x, y], axis=1) + np.array(self.corner_px, np.float64)


def windows_of(clip: Clip, choice: DisplayChoice, frame_index: int) -> DisplayWindows:
    """Of the region that shows the trace; of one without a clock, or without a region, the image is stretched to a window."""
    frame = clip.take([frame_index])[0]
    seen = choice.seen
    x0, y0, x1, y1 = seen.corners_px if seen else (0, 0, clip.columns - 1, clip.rows - 1)
    display = without_green_trace(frame[y0 : y1 + 1, x0 : x1 + 1])
    picture = np.rint(grey(display)).astype(np.uint8)
    mirrored, turned = bool(seen and seen.physical_delta_x < 0), bool(seen and _runs_up(seen))
    picture = np.ascontiguousarray(picture[:: -1 if turned else 1, :: -1 if mirrored else 1])
    clock = abs(seen.physical_delta_x) if seen and seen.physical_unit_x == PhysicalUnit.SECONDS else 0.0
    pace = clock / SECONDS_PER_COLUMN if clock else COLUMNS / picture.shape[1]
    return DisplayWindows(picture, (x0, y0), pace, mirrored, turned)


def _runs_up(region: RegionCalibration) -> bool:
    """Whether an axis of velocity grows downwards: what flows towards the transducer is drawn below."""
    return region.physical_unit_y == PhysicalUnit.CM_PER_SECOND and region.physical_delta_y > 0


def display_windows(clip: Clip, manifest: Manifest) -> ClipInput:
    """Of the last frame: an image without a region is a window as it is."""
    choice = clip.spectral_region()
    choice = choice if choice.seen else clip.m_mode_region()
    return windows_of(clip, choice, clip.number_of_frames - 1)
