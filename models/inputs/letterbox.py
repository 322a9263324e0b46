"""From a region of the whole image to a network's square input and back, exactly."""

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from threadpoolctl import ThreadpoolController

from models.calibration import RegionCalibration
from models.clip import Clip

# ITU-R BT.601: the luma weights of the RGB to YBR_FULL conversion in PS3.3 C.7.6.3.1.2.
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


@cache
def _linear_algebra() -> ThreadpoolController:
    """For matrices this small OpenBLAS' threads wait on each other: on a busy machine 10 times as long as one alone takes."""
    return ThreadpoolController()


@dataclass(frozen=True)
class Letterbox:
    """One rectangle of the image (px, `x0_px`, `y0_px` its top left pixel), scaled by one factor so that its longer side
    fills a square of `size_px`, centred, the rest zero.

    Points are (x, y), (0, 0) at the centre of the top left pixel, in the image as in the square. The offsets are fractions of
    a pixel, never rounded, so `to_image` inverts `to_square` exactly.
    """

    x0_px: int
    y0_px: int
    width_px: int
    height_px: int
    size_px: int

    @classmethod
    def of_region(cls, region: RegionCalibration, size_px: int) -> "Letterbox":
        width, height = region.x1_px - region.x0_px + 1, region.y1_px - region.y0_px + 1
        return cls(region.x0_px, region.y0_px, width, height, size_px)

    @classmethod
    def of_clip(cls, clip: Clip, size_px: int) -> "Letterbox":
        """Of its B-mode region, or of the whole image where there is none."""
        region = clip.b_mode_region().region
        return cls.of_region(region, size_px) if region else cls(0, 0, clip.columns, clip.rows, size_px)

    @property
    def scale(self) -> float:
        """Square pixels per image pixel."""
        return self.size_px / max(self.width_px, self.height_px)

    @property
    def _offset(self) -> NDArray[np.float64]:
        offset: NDArray[np.float64] = (self.size_px - self.scale * np.array([self.width_px, self.height_px])) / 2
        return offset

    def to_square(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """`points_px` (n, 2), (x, y) of the whole image, in px of the square: (n, 2)."""
        origin = np.array([self.x0_px, self.y0_px])
        return np.asarray((points_px - origin + 0.5) * self.scale + self._offset - 0.5)

    def to_image(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """`points_px` (n, 2), (x, y) of the square, in px of the whole image: (n, 2)."""
        origin = np.array([self.x0_px, self.y0_px])
        return np.asarray((points_px + 0.5 - self._offset) / self.scale - 0.5 + origin)

    def apply(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Grey squares, float32 (frames, size, size), 0 to 1, of uint8 frames (frames, rows, columns) or (..., 3) RGB."""
        across = _sparse_resampling(self.width_px, self.size_px, self.scale)
        down = _sparse_resampling(self.height_px, self.size_px, self.scale)
        rows = slice(self.y0_px, self.y0_px + self.height_px)
        columns = slice(self.x0_px, self.x0_px + self.width_px)
        squares = np.empty((len(frames), self.size_px, self.size_px), dtype=np.float32)
        with _linear_algebra().limit(limits=1, user_api="blas"):
            for square, frame in zip(squares, frames, strict=True):
                crop = frame[rows, columns].astype(np.float32)
                grey = crop @ _LUMA if crop.ndim == 3 else crop
                square[:] = (across @ (down @ grey).T).T
        squares /= np.float32(255)
        return squares


@lru_cache(maxsize=64)
def _sparse_resampling(length: int, size: int, scale: float) -> csr_array:
    """`_resampling`, of which nearly all is zero: 14 times as quick as the whole matrix at 160 px, 26 times at 512 px."""
    return csr_array(_resampling(length, size, scale))


def _resampling(length: int, size: int, scale: float) -> NDArray[np.float32]:
    """Weights (size, length) that turn a line of `length` px into `size` px with the scaled line in the middle.

    Shrinking averages by overlap, so nothing is skipped; enlarging interpolates linearly; beyond the line is zero.
    """
    edges = (np.arange(size + 1) - (size - scale * length) / 2) / scale  # borders of the new pixels in old ones
    if scale <= 1:
        cells = np.arange(length)
        overlap = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
        return np.asarray(np.clip(overlap, 0, None) * scale, dtype=np.float32)
    centres = (edges[1:] + edges[:-1]) / 2
    inside = (centres > 0) & (centres < length)
    position = np.clip(centres - 0.5, 0, length - 1)
    weights = np.clip(1 - np.abs(position[:, None] - np.arange(length)), 0, None)
    return np.asarray(weights * inside[:, None], dtype=np.float32)
