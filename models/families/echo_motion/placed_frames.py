"""A clip as Echo-Motion's segmenters take it, and where its squares lie in the image."""

from collections.abc import Sequence

from torch import Tensor

from models.clip import Clip
from models.families.echo_motion.frames import Preparation
from models.inputs.clip_frames import ClipFrames
from models.inputs.placed_frames import PlacedFrames, Points, pairs
from models.library.manifest import Manifest


class Placed:
    """The squares of `Preparation`, and where they lie.

    `batch` gives (n, 3, size, size), float32, 0 to 1. `to_image` takes `points_px` (n, 2), (x, y) of the square, and gives px
    of the whole image.
    """

    def __init__(self, clip: Clip, manifest: Manifest) -> None:
        self._clip, self._preparation = clip, Preparation.of(manifest)

    def batch(self, indices: Sequence[int]) -> Tensor:
        return self._preparation.squares(self._clip, list(indices))

    def to_image(self, points_px: Points) -> Sequence[tuple[float, float]]:
        return pairs(self._preparation.letterbox(self._clip).to_image(points_px))


def placed(clip: Clip, frames: ClipFrames, manifest: Manifest) -> PlacedFrames:
    return Placed(clip, manifest)
