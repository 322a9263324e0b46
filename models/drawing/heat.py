"""A heat map laid over the frame it explains."""

import cv2
import numpy as np
from numpy.typing import NDArray

_MOST_COLOUR = 0.6  # of the hottest place; the image stays visible under it


def heated(frame: NDArray[np.uint8], heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """`frame`, RGB (rows, columns, 3), 0 to 255, under `heat` (rows, columns), 0 to 1: (rows, columns, 3).

    Heat goes from blue over yellow to red; nothing is laid over where it is 0.
    """
    levels = np.rint(np.clip(heat, 0, 1) * 255).astype(np.uint8)
    colours = cv2.applyColorMap(levels, cv2.COLORMAP_TURBO)[..., ::-1].astype(np.float32)
    share = _MOST_COLOUR * np.clip(heat, 0, 1)[..., None]
    return np.asarray(np.rint(frame * (1 - share) + colours * share), dtype=np.uint8)
