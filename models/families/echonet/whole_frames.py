"""What EchoNet-Measurements' B-mode networks see of a clip, corrected: whole frames, fitted into their screen."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.clip import Clip
from models.families.echonet.frames import Frames, Screen
from models.library.manifest import Manifest


class WholeFrames:
    """`screen` says how an image is fitted."""

    def __init__(self, clip: Clip, manifest: Manifest) -> None:
        self._clip, self.screen = clip, Screen(clip.rows, clip.columns)

    def chosen(self, wanted: Sequence[int]) -> Sequence[int]:
        return wanted

    def batch(self, frames: Sequence[int]) -> Tensor:
        """These `frames`, RGB (n, 3, 480, 640), float32, 0 to 1; fitted once for all networks that ask."""
        screen = self.screen
        kept = self._clip.cache.frames(screen)
        if missing := kept.missing(frames):
            kept.keep(missing, [screen.fit(frame) for frame in self._clip.take(missing)])
        return as_values(kept.of(frames))

    def to_image(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """`points_px` (..., 2), (x, y) px of the screen, in px of the whole image (..., 2)."""
        return self.screen.to_image(points_px)


def as_values(frames: Sequence[Frames] | Frames) -> Tensor:
    """RGB frames (rows, columns, 3), uint8, of one size -> (n, 3, rows, columns), float32, 0 to 1."""
    return torch.from_numpy(np.stack(list(frames))).permute(0, 3, 1, 2).float() / 255
