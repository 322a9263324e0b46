"""EchoNet-Measurements' PLAX quality: whether a parasternal long-axis clip is good enough to measure in.

The authors describe a network on clips of 112 x 112 pixels and publish neither it nor its classes. Chosen here: the network of
EchoNet-Dynamic, R(2+1)D with 18 layers, one output, 32 frames spread over the clip, the B-mode region in the middle of black.
"""

import cv2
import numpy as np
import torch
from torch import Tensor

from models.clip import Clip
from models.library.manifest import Manifest
from models.library.reading import ONE_DECODING, Decoding, Reading, ReadValue
from models.networks.linear_values import short_name
from models.networks.reading_network import ReadingNetwork
from models.networks.vision import r2plus1d_18

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
        device = next(self.network.parameters()).device
        values = torch.from_numpy(clip_squares(clip)).to(device).permute(3, 0, 1, 2)[None].float() / 255
        with torch.inference_mode():
            quality = 100 * float(self(values).sigmoid())
        row: dict[str, str | int | float | None] = {"filename": None, "quality": round(quality, 1)}
        return Reading(
            values=(ReadValue("image_quality", "{0:100}", quality, detail=short_name(self.manifest)),),
            columns=("quality",),
            rows=(row,),
            notes=(ONE_DECODING, "architecture not published: ours"),
            folder_columns=("filename", "quality"),
        )


def clip_squares(clip: Clip) -> np.ndarray[tuple[int, int, int, int], np.dtype[np.uint8]]:
    """32 RGB frames (32, 112, 112, 3), 0 to 255, spread evenly over the clip, of a shorter one some twice.

    They show its B-mode region, or all of it.
    """
    region = clip.b_mode_region().region
    x0, y0, x1, y1 = region.corners_px if region else (0, 0, clip.columns - 1, clip.rows - 1)
    frames = clip.take([round(number) for number in np.linspace(0, clip.number_of_frames - 1, _FRAMES)])
    scale = _SIDE / max(x1 - x0 + 1, y1 - y0 + 1)
    width, height = max(round((x1 - x0 + 1) * scale), 1), max(round((y1 - y0 + 1) * scale), 1)
    left, upper = (_SIDE - width) // 2, (_SIDE - height) // 2
    squares = np.zeros((_FRAMES, _SIDE, _SIDE, 3), np.uint8)
    for square, frame in zip(squares, frames, strict=True):
        region_px = np.ascontiguousarray(frame[y0 : y1 + 1, x0 : x1 + 1])
        square[upper : upper + height, left : left + width] = cv2.resize(
            region_px, (width, height), interpolation=cv2.INTER_AREA
        )
    return squares


def build(manifest: Manifest) -> PlaxQuality:
    return PlaxQuality(manifest)
