"""What a network is explained on: what its own reader shows it first of a clip, and where that lies in the image."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from models.clip import Clip
from models.inputs.clip_input import Points, as_clip, input_of, takes_clips
from models.inputs.clip_squares import evenly
from models.library.manifest import Manifest

_MOST_FRAMES = 32  # of a clip whose network takes any number


@dataclass(frozen=True, eq=False)
class Shown:
    """`values` are frames (n, c, h, w), or one clip (1, c, n, h, w), float32, prepared as the network takes them.

    `frames` are their n indices in the clip, -1 for padding. `to_image` (2, 3) takes (x, y, 1) px of the network's input to px
    of the whole image, (0, 0) the centre of the first pixel.
    """

    values: Tensor
    frames: tuple[int, ...]
    to_image: Points

    def in_image(self, heat: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
        """`heat` (h, w) of the network's input as a map of the image (rows, columns), in its unit.

        It is 0 where the network saw nothing.
        """
        whole = np.vstack([self.to_image, [0.0, 0.0, 1.0]])
        turned = cv2.warpAffine(heat, np.linalg.inv(whole)[:2], (columns, rows), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        return np.asarray(turned, dtype=np.float32)


def shown_of(clip: Clip, manifest: Manifest, wanted: Sequence[int]) -> Shown:
    """The wanted frames to a network of frames; one that chooses for itself is shown its own, of several beats the first.

    Raises ManifestError and ReadingError as `inputs.clip_input` does.
    """
    with clip.cache.shared():
        seen = input_of(clip, manifest)
        frames = seen.chosen(wanted)
        if takes_clips(manifest):
            frames = [frames[place] for place in evenly(len(frames), _MOST_FRAMES)]
        batch = seen.batch(frames)[: len(frames)]
        values = as_clip(batch) if takes_clips(manifest) else batch
        return Shown(values, tuple(frames), _affine(seen.to_image))


def _affine(to_image: Callable[[Points], Points]) -> Points:
    """The matrix of a mapping that moves and scales."""
    origin, right, below = to_image(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    return np.stack([right - origin, below - origin, origin], axis=1)
