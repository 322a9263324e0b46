"""What Echo-Motion's networks see of a clip, and where its squares lie in the image."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from models.clip import Clip
from models.families.echo_motion.frames import Preparation
from models.inputs.letterbox import Letterbox
from models.library.manifest import Manifest

AT_ONCE = 8  # frames that the readers ask about together


class SmoothedFrames:
    """The segmenters': any frames."""

    def __init__(self, clip: Clip, manifest: Manifest) -> None:
        self.clip, self._preparation = clip, Preparation.of(manifest)

    @property
    def box(self) -> Letterbox:
        return self._preparation.letterbox(self.clip)

    def chosen(self, wanted: Sequence[int]) -> Sequence[int]:
        return wanted

    def batch(self, frames: Sequence[int]) -> Tensor:
        """These `frames`, (n, 3, size, size), float32, 0 to 1, three times the same grey."""
        return self._preparation.squares(self.clip, list(frames))

    def to_image(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """`points_px` (n, 2), (x, y) px of the square, in px of the whole image (n, 2)."""
        return self.box.to_image(points_px)


class SmoothedClip(SmoothedFrames):
    """Those of networks over a whole clip: all its frames."""

    def chosen(self, wanted: Sequence[int]) -> Sequence[int]:
        return range(self.clip.number_of_frames)
