"""What a network sees of a clip, and where that lies in the image: its recipe names it, everybody asks it here."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from models.clip import Clip
from models.errors import UnsuitableModel
from models.library.manifest import Manifest
from models.library.registry import named, recipe_of

Points = NDArray[np.float64]

PADDING = -1  # in the place of a frame that the clip does not have


class ClipInput(Protocol):
    """One clip as one network sees it."""

    def chosen(self, wanted: Sequence[int]) -> Sequence[int]:
        """The frames that the network is asked about first where these are wanted, `PADDING` for one that is not there.

        A network that chooses for itself takes its own. Raises ReadingError for a clip that it cannot be asked about.
        """
        ...

    def batch(self, frames: Sequence[int]) -> Tensor:
        """These `frames` as the network takes them: (n, channels, height, width), float32, 0 to 1 or 0 to 255."""
        ...

    def to_image(self, points_px: Points) -> Points:
        """`points_px` (n, 2), float64, (x, y) px of the network's input, in px of the whole image (n, 2).

        It scales and moves.
        """
        ...


def input_of(clip: Clip, manifest: Manifest) -> ClipInput:
    """Raises UnsuitableModel for one whose family does not say what it sees, ReadingError for a clip that cannot be cut."""
    if not (path := recipe_of(manifest).sees):
        raise UnsuitableModel(f"model {manifest.name}: nothing says how its family {manifest.family} sees a frame")
    make: Callable[[Clip, Manifest], ClipInput] = named(path)
    return make(clip, manifest)


def on_map(placed: ClipInput, point_px: Points) -> Points:
    """`point_px` (2,), (x, y) px of the whole image, in px of the network's map: (2,), also where it lies outside it.

    It inverts `to_image`, which scales and moves.
    """
    origin, right, below = placed.to_image(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    return np.asarray(np.linalg.solve(np.stack([right - origin, below - origin], axis=1), point_px - origin))


def takes_clips(manifest: Manifest) -> bool:
    """Whether the network is given a clip, (n, channels, frames, height, width), not frames."""
    return len(manifest.input_shape) == 4


def as_clip(frames: Tensor) -> Tensor:
    """`frames` (n, channels, height, width), float32, 0 to 1 or 0 to 255 -> the one clip (1, channels, n, height, width)."""
    return frames.transpose(0, 1)[None]


def network_input(clip: Clip, manifest: Manifest, wanted: Sequence[int]) -> Tensor:
    """What the network is shown first: frames (n, channels, height, width) or a clip (1, channels, n, height, width), float32.

    Values are 0 to 1 or 0 to 255, as its manifest states. Raises as `input_of` and `ClipInput.chosen` do.
    """
    seen = input_of(clip, manifest)
    frames = seen.batch(seen.chosen(wanted))
    return as_clip(frames) if takes_clips(manifest) else frames


def rectangle_to_image(points_px: Points, window: tuple[float, float, float, float], width: int, height: int) -> Points:
    """`points_px` (n, 2), float64, (x, y) px of a picture of this `width` and `height`, in px of the image (n, 2).

    The picture shows the `window` x0, y0, x1, y1 of the image, the last exclusive.
    """
    x0, y0, x1, y1 = window
    scale = np.array([(x1 - x0) / width, (y1 - y0) / height])
    return np.asarray((points_px + 0.5) * scale - 0.5 + np.array([x0, y0]))


def pairs(points_px: Points) -> tuple[tuple[float, float], ...]:
    """`points_px` (n, 2), float64, (x, y), as pairs of numbers."""
    return tuple((float(x), float(y)) for x, y in points_px)
