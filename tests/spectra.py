"""The maps that a perfect network would give for drawn Doppler and M-mode displays (`models.phantom.displays`)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.phantom.displays import COLUMNS, ROWS


def heat_map(
    points_px: Sequence[tuple[float, float]],
    heights: Sequence[float] | None = None,
    sigma_px: float = 5.0,
    size: tuple[int, int] = (ROWS, COLUMNS),
) -> NDArray[np.float32]:
    """Probabilities (rows, columns) of a perfect network: a Gaussian at each point of the whole image."""
    found = np.full(size, 1e-4, np.float32)
    for point, height in zip(points_px, heights or [0.95] * len(points_px), strict=True):
        across, down = (
            np.exp(-((np.arange(length, dtype=np.float32) - at) ** 2) / (2 * sigma_px**2))
            for length, at in zip(size[::-1], point, strict=True)
        )
        np.maximum(found, np.outer(np.float32(height) * down, across), out=found)
    return found


def logits(probability: NDArray[np.floating]) -> NDArray[np.float32]:
    bounded = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.log(bounded / (1 - bounded)).astype(np.float32)
