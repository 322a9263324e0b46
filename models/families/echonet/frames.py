"""What EchoNet-Measurements' B-mode networks see of a clip: whole frames at 640 x 480, and how their pixels map back."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.calibration import RegionCalibration
from models.clip import Clip
from models.errors import ReadingError

Frames = NDArray[np.uint8]

COLUMNS, ROWS = 640, 480
_BATCH = 4


@dataclass(frozen=True)
class Screen:
    """An image of `columns` x `rows`, fitted into 640 x 480 in the middle of black; of 3:4 images nothing is black.

    Points are (x, y) px, (0, 0) at the centre of the top left pixel, on the image as on the network's side; `to_image` inverts
    `to_network` exactly, also where the fitted sides had to be rounded.
    """

    rows: int
    columns: int

    @property
    def _fitted(self) -> tuple[int, int]:
        scale = min(COLUMNS / self.columns, ROWS / self.rows)
        return max(round(self.columns * scale), 1), max(round(self.rows * scale), 1)

    @property
    def _scale(self) -> NDArray[np.float64]:
        return np.asarray(np.array(self._fitted) / np.array([self.columns, self.rows]))

    @property
    def _offset(self) -> NDArray[np.int64]:
        return np.asarray((np.array([COLUMNS, ROWS]) - np.array(self._fitted)) // 2)

    def to_network(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """`points_px` (..., 2), (x, y) of the image, in px of the network's input: (..., 2)."""
        return np.asarray((points_px + 0.5) * self._scale + self._offset - 0.5)

    def to_image(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """`points_px` (..., 2), (x, y) of the network's input or output, in px of the image: (..., 2)."""
        return np.asarray((points_px + 0.5 - self._offset) / self._scale - 0.5)

    def fit(self, frame: Frames) -> Frames:
        """RGB `frame` (rows, columns, 3) -> (480, 640, 3), bilinear, both 0 to 255."""
        left, upper = self._offset
        width, height = self._fitted
        fitted = np.zeros((ROWS, COLUMNS, 3), np.uint8)
        fitted[upper : upper + height, left : left + width] = cv2.resize(frame, (width, height))
        return fitted

    def inside(self, region: RegionCalibration) -> NDArray[np.bool_]:
        """(480, 640), true where a pixel of the network's maps has its centre in this region of the image."""
        rows, columns = np.mgrid[:ROWS, :COLUMNS]
        x, y = np.moveaxis(self.to_image(np.stack([columns, rows], axis=-1).astype(np.float64)), -1, 0)
        x0, y0, x1, y1 = region.corners_px
        return np.asarray((x >= x0 - 0.5) & (x <= x1 + 0.5) & (y >= y0 - 0.5) & (y <= y1 + 0.5))

    def map_to_image(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """`mask` (480, 640), true inside, at the size of the image, (rows, columns), by nearest neighbour."""
        left, upper = self._offset
        width, height = self._fitted
        inside = np.ascontiguousarray(mask[upper : upper + height, left : left + width]).astype(np.uint8)
        return np.asarray(cv2.resize(inside, (self.columns, self.rows), interpolation=cv2.INTER_NEAREST_EXACT) > 0)


def published_frames(clip: Clip) -> tuple[Iterator[Frames], float]:
    """EchoNet-Measurements' own input, frames (rows, columns, 3), 0 to 255, and how many image px one of its px is.

    Frames of DICOM objects are resized to 640 x 480; those of video files stay as they are, and in OpenCV's order, blue first,
    although the networks were trained on RGB. Raises ReadingError for a DICOM image that is not 3:4.
    """
    if clip.from_video_file:
        return (np.ascontiguousarray(frame[..., ::-1]) for frame in clip.frames), 1.0
    if clip.rows * COLUMNS != clip.columns * ROWS:
        raise ReadingError(
            f"the image has {clip.columns} x {clip.rows} pixels; the published decoding takes 4:3 only, the corrected one any"
        )
    return (np.asarray(cv2.resize(frame, (COLUMNS, ROWS)), np.uint8) for frame in clip.frames), clip.rows / ROWS


def swapped_chroma(frames: Frames) -> Frames:
    """RGB `frames` (..., rows, columns, 3), 0 to 255, as one who mistakes Cb for Cr sees them: the same shape; grey stays grey.

    EchoNet-Segmentation hands DICOM's Y, Cb, Cr to OpenCV, whose order is Y, Cr, Cb.
    """
    flat = frames.reshape(-1, frames.shape[-2], 3)
    ycrcb = cv2.cvtColor(flat, cv2.COLOR_RGB2YCrCb)
    swapped = cv2.cvtColor(np.ascontiguousarray(ycrcb[..., [0, 2, 1]]), cv2.COLOR_YCrCb2RGB)
    return np.asarray(swapped, np.uint8).reshape(frames.shape)


def logits(network: nn.Module, frames: Iterator[Frames]) -> Iterator[NDArray[np.float32]]:
    """The maps (outputs, h, w) of each of the `frames` (h, w, 3), 0 to 255, computed several at a time."""
    device = next(network.parameters()).device
    batch: list[Frames] = []
    for frame in frames:
        batch.append(frame)
        if len(batch) == _BATCH:
            yield from _run(network, batch, device)
            batch = []
    if batch:
        yield from _run(network, batch, device)


def _run(network: nn.Module, frames: list[Frames], device: torch.device) -> NDArray[np.float32]:
    values = torch.from_numpy(np.stack(frames)).to(device).permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        maps: NDArray[np.float32] = network(values).float().cpu().numpy()
    return maps
