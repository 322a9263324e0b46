"""Where a network's input lies in the image: truth drawn in the image becomes a target at the network's size."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.inputs.clip_input import ClipInput

_FINEST = 4  # samples of the image along a side of one pixel of the input


@dataclass(frozen=True, eq=False)
class Placement:
    """`matrix` (2, 2) and `offset` (2,), float64: image point = matrix @ input point + offset, both (x, y) px."""

    matrix: NDArray[np.float64]
    offset: NDArray[np.float64]

    @classmethod
    def of(cls, seen: ClipInput) -> "Placement":
        """A `ClipInput` scales and moves, so three points tell it."""
        origin, right, down = np.asarray(seen.to_image(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])), np.float64)
        return cls(np.stack([right - origin, down - origin], axis=1), origin)

    def to_input(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """`points_px` (n, 2), (x, y) px of the image, in px of the network's input (n, 2)."""
        return np.asarray(np.linalg.solve(self.matrix, (points_px - self.offset).T).T)

    def mask(self, mask: NDArray[np.bool_], height: int, width: int) -> NDArray[np.float32]:
        """`mask` (rows, columns) of the image as the share of each pixel of the input: (height, width), 0 to 1.

        A pixel of the input that covers several of the image is sampled as finely as that, so no thin structure is lost.
        """
        shrunk = float(np.abs(np.linalg.svd(self.matrix, compute_uv=False)).max())
        fine = min(max(math.ceil(shrunk), 1), _FINEST)
        # A sample of the fine grid lies at ((x + 0.5) / fine - 0.5) of the input.
        matrix = np.column_stack([self.matrix / fine, self.offset + self.matrix @ np.full(2, 0.5 / fine - 0.5)])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        warped = cv2.warpAffine(mask.astype(np.float32), matrix, (width * fine, height * fine), flags=flags)
        if fine > 1:
            warped = cv2.resize(warped, (width, height), interpolation=cv2.INTER_AREA)
        return np.asarray(warped, np.float32)
