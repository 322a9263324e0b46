"""From the frames of a clip to the input of a network: decoded once, prepared once, shared by all that take the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.clip import Clip
from models.inputs.letterbox import Letterbox


class Fit(StrEnum):
    """How an image becomes a network's rectangle.

    LETTERBOX: the calibrated region (the whole image where there is none), grey, in proportion, centred, the rest black.
    STRETCH: the whole image in colour, its proportions not kept, interpolated linearly; EchoForge's classifiers were taught so.
    """

    LETTERBOX = "letterbox"
    STRETCH = "stretch"


@dataclass(frozen=True)
class Preparation:
    """What a network takes: `channels` 1 (grey) or 3 (RGB), values 0 to `largest`, then minus `mean`, by `deviation` each."""

    fit: Fit
    height_px: int
    width_px: int
    channels: int = 1
    largest: float = 1.0
    mean: tuple[float, ...] = (0.0,)
    deviation: tuple[float, ...] = (1.0,)

    @property
    def geometry(self) -> tuple[Fit, int, int]:
        """What two networks must have in common to share prepared frames."""
        return self.fit, self.height_px, self.width_px


class ClipFrames:
    """The frames of one clip, prepared for any number of networks."""

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self._kept: dict[tuple[Fit, int, int], dict[int, NDArray[np.float32]]] = {}

    @property
    def number_of_frames(self) -> int:
        return self._clip.number_of_frames

    def batch(self, preparation: Preparation, indices: Sequence[int], *, keep: bool = False) -> Tensor:
        """Frames (n, channels, height, width), float32, 0 to `preparation.largest` before its mean and deviation are applied.

        `keep`: other networks will ask for these frames in this geometry.
        """
        kept = self._kept.get(preparation.geometry, {})
        missing = [index for index in indices if index not in kept]
        fresh = dict(zip(missing, self._prepared(preparation, missing), strict=True))
        if keep:
            self._kept.setdefault(preparation.geometry, {}).update(fresh)
        images = np.stack([kept[index] if index in kept else fresh[index] for index in indices])
        return _values(images, preparation)

    def letterbox(self, size_px: int) -> Letterbox:
        region = self._clip.b_mode_region().region
        whole = Letterbox(0, 0, self._clip.columns, self._clip.rows, size_px)
        return Letterbox.of_region(region, size_px) if region else whole

    def _prepared(self, preparation: Preparation, indices: Sequence[int]) -> NDArray[np.float32]:
        """0 to 1: grey (n, h, w), or colours (n, h, w, 3)."""
        if not indices:
            return np.empty((0, preparation.height_px, preparation.width_px), np.float32)
        frames = self._clip.take(indices)
        if preparation.fit is Fit.LETTERBOX:
            return self.letterbox(preparation.height_px).apply(frames)
        size = (preparation.width_px, preparation.height_px)
        resized = [cv2.resize(frame, size, interpolation=cv2.INTER_LINEAR) for frame in frames]
        return np.stack(resized).astype(np.float32) / np.float32(255)


def _values(images: NDArray[np.float32], preparation: Preparation) -> Tensor:
    values = torch.from_numpy(images)
    values = values.permute(0, 3, 1, 2) if values.ndim == 4 else values[:, None]
    if values.shape[1] != preparation.channels:
        values = values.expand(-1, 3, -1, -1) if preparation.channels == 3 else values.mean(dim=1, keepdim=True)
    if preparation.largest != 1:
        values = values * preparation.largest
    if any(preparation.mean) or any(part != 1 for part in preparation.deviation):
        mean, deviation = (torch.tensor(part)[:, None, None] for part in (preparation.mean, preparation.deviation))
        values = (values - mean) / deviation
    return values
