"""EchoNet-Measurements' PLAX quality: whether a parasternal long-axis clip is good enough to measure in.

The authors describe a network on clips of 112 x 112 pixels and publish neither it nor its classes. Chosen here: the network of
EchoNet-Dynamic, R(2+1)D with 18 layers, one output, 32 frames spread over the clip, the B-mode region in the middle of black.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.clip import Clip
from models.families.echonet.whole_frames import as_values
from models.inputs.clip_input import network_input, rectangle_to_image
from models.inputs.clip_squares import image_window
from models.library.manifest import Manifest
from models.library.reading import ONE_DECODING, Decoding, Reading
from models.networks.linear_values import short_name
from models.networks.reading_network import ReadingNetwork
from models.networks.vision import r2plus1d_18
from models.results import ReadValue

_FRAMES, _SIDE = 32, 112


class PlaxQuality(ReadingNetwork):
    """RGB `clips` (n, 3, 32, 112, 112), float32, 0 to 1 -> logits (n,); their sigmoid, in percent, is the quality."""

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        self.network = r2plus1d_18(outputs=1)

    def forward(self, clips: Tensor) -> Tensor:
        logits: Tensor = self.network(clips)[:, 0]
        return logits

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        """One number from 0 to 100. There is one decoding: nothing is published that could be done otherwise."""
        place = next(self.network.parameters())
        values = network_input(clip, self.manifest, ())
        with torch.inference_mode():
            quality = 100 * float(self(values.to(place.device, place.dtype)).sigmoid())
        row: dict[str, str | int | float | None] = {"filename": None, "quality": round(quality, 1)}
        return Reading(
            values=(ReadValue("image_quality", "{0:100}", quality, detail=short_name(self.manifest)),),
            columns=("quality",),
            rows=(row,),
            notes=(ONE_DECODING, "architecture not published: ours"),
            folder_columns=("filename", "quality"),
        )


class QualitySquares:
    """32 frames spread evenly over the clip, of a shorter one some twice: the B-mode region in the middle of black, or all."""

    def __init__(self, clip: Clip, manifest: Manifest) -> None:
        self._clip = clip
        self._window, _ = image_window(clip, Decoding.CORRECTED)
        x0, y0, x1, y1 = self._window
        scale = _SIDE / max(x1 - x0, y1 - y0)
        self._size = max(round((x1 - x0) * scale), 1), max(round((y1 - y0) * scale), 1)
        self._corner = (_SIDE - self._size[0]) // 2, (_SIDE - self._size[1]) // 2

    def chosen(self, wanted: Sequence[int]) -> Sequence[int]:
        return [round(number) for number in np.linspace(0, self._clip.number_of_frames - 1, _FRAMES)]

    def batch(self, frames: Sequence[int]) -> Tensor:
        """These `frames`, RGB (n, 3, 112, 112), float32, 0 to 1."""
        (x0, y0, x1, y1), (width, height), (left, upper) = self._window, self._size, self._corner
        squares = np.zeros((len(frames), _SIDE, _SIDE, 3), np.uint8)
        for square, frame in zip(squares, self._clip.take(frames), strict=True):
            region_px = np.ascontiguousarray(frame[y0:y1, x0:x1])
            square[upper : upper + height, left : left + width] = cv2.resize(
                region_px, (width, height), interpolation=cv2.INTER_AREA
            )
        return as_values(squares)

    def to_image(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """`points_px` (n, 2), (x, y) px of the square, in px of the whole image (n, 2)."""
        return rectangle_to_image(points_px - np.array(self._corner), self._window, *self._size)


def build(manifest: Manifest) -> PlaxQuality:
    return PlaxQuality(manifest)
