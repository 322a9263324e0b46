"""Whether an outline has the shape of a ventricle: hardly a dent."""

import cv2
import numpy as np

from models.derive.ventricle.outline import Points, polygon_area


def hollow_percent(points: Points) -> float:
    """How much of its convex hull the closed outline `points` (n, 2), (x, y) in any unit, leaves empty.

    >>> square = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])
    >>> hollow_percent(square), hollow_percent(np.insert(square, 4, [2.0, 2.0], axis=0))
    (0.0, 25.0)
    """
    hull = cv2.convexHull(points.astype(np.float32))[:, 0].astype(np.float64)
    whole = polygon_area(hull)
    return 100 * (1 - polygon_area(points) / whole) if whole > 0 else 100.0
