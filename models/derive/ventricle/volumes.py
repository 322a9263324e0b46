"""Left ventricular volume by the method of discs, in one plane and in two, from outlines in centimetres.

Source: Lang et al., Recommendations for Cardiac Chamber Quantification by Echocardiography in Adults (ASE/EACVI), J Am Soc
Echocardiogr 2015;28:1-39: twenty discs along the long axis from the middle of the mitral annulus line to the apex.

An outline is an array of shape (points, 2), (x, y) in cm. Its first and last point are the ends of the mitral annulus line.
`results.Contour` keeps the same points in px: `to_cm` comes first, because a pixel need not be square.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.results import Point

Outline = NDArray[np.float64]

DISCS = 20


def to_cm(points_px: Sequence[Point], cm_per_px: Point) -> Outline:
    """Scale each axis by its own delta, before any length or angle is taken: (points, 2), (x, y) in cm.

    >>> to_cm([(10, 10), (20, 30)], (0.1, 0.05)).tolist()
    [[1.0, 0.5], [2.0, 1.5]]
    """
    return np.asarray(points_px, dtype=np.float64) * np.asarray(cm_per_px, dtype=np.float64)


def area_cm2(outline_cm: Outline) -> float:
    """Area inside the closed outline `outline_cm` (points, 2), (x, y).

    >>> area_cm2(np.array([[0, 0], [4, 0], [4, 3], [0, 3]]))
    12.0
    """
    x, y = _checked(outline_cm).T
    return 0.5 * abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))))


def length_cm(outline_cm: Outline) -> float:
    """Long axis of `outline_cm` (points, 2), (x, y): from the middle of the annulus line to the farthest point, the apex.

    >>> length_cm(np.array([[-2.0, 0], [-1, 6], [0, 8], [1, 6], [2, 0]]))
    8.0
    """
    return disc_diameters_cm(outline_cm)[1]


def disc_diameters_cm(outline_cm: Outline, discs: int = DISCS) -> tuple[NDArray[np.float64], float]:
    """Diameters (discs,) in cm at the middle of each disc, from the base to the apex, and the length of the long axis.

    `outline_cm` is (points, 2), (x, y). Where a folded outline crosses a disc several times, only what lies inside counts.
    Raises ValueError for an outline without extent or with a coordinate that is not finite.

    >>> diameters, length = disc_diameters_cm(np.array([[-2.0, 0], [-2, 8], [0, 8.5], [2, 8], [2, 0]]))
    >>> length, diameters[0].item(), diameters.size
    (8.5, 4.0, 20)
    """
    outline = _checked(outline_cm)
    base = (outline[0] + outline[-1]) / 2
    from_base = outline - base
    length = float(np.hypot(*from_base.T).max())
    if length == 0:
        raise ValueError("outline without extent")
    axis = from_base[np.hypot(*from_base.T).argmax()] / length
    along = from_base @ axis
    across = from_base @ np.array([-axis[1], axis[0]])
    middles = (np.arange(discs) + 0.5) * length / discs
    return np.array([_width(along, across, middle) for middle in middles]), length


def single_plane_volume_ml(outline_cm: Outline) -> float:
    """Method of discs in the plane of `outline_cm` (points, 2), (x, y): every disc a circle.

    A half ellipsoid of 8 cm length and 4 cm base has 2/3 pi * 8 * 2 * 2 = 67.02 mL:

    >>> angle = np.linspace(0, np.pi, 721)
    >>> half_ellipse = np.column_stack([2 * np.cos(angle), 8 * np.sin(angle)])
    >>> abs(single_plane_volume_ml(half_ellipse) / 67.02 - 1) < 0.001
    True
    """
    diameters, length = disc_diameters_cm(outline_cm)
    return math.pi / 4 * float(np.sum(diameters**2)) * length / DISCS


def biplane_volume_ml(a4c_cm: Outline, a2c_cm: Outline) -> float:
    """Method of discs in two planes: every disc an ellipse, the longer of the two axes as the length.

    `a4c_cm` and `a2c_cm` are outlines (points, 2), (x, y).

    A half ellipsoid of 8 cm length and a base of 4 by 5 cm has 2/3 pi * 8 * 2 * 2.5 = 83.78 mL:

    >>> angle = np.linspace(0, np.pi, 721)
    >>> a4c = np.column_stack([2.0 * np.cos(angle), 8 * np.sin(angle)])
    >>> a2c = np.column_stack([2.5 * np.cos(angle), 8 * np.sin(angle)])
    >>> abs(biplane_volume_ml(a4c, a2c) / 83.78 - 1) < 0.001
    True
    """
    a4c_diameters, a4c_length = disc_diameters_cm(a4c_cm)
    a2c_diameters, a2c_length = disc_diameters_cm(a2c_cm)
    return math.pi / 4 * float(a4c_diameters @ a2c_diameters) * max(a4c_length, a2c_length) / DISCS


def _width(along: NDArray[np.float64], across: NDArray[np.float64], at: float) -> float:
    """Length of the part of the line `along == at` that lies inside the outline (even-odd rule)."""
    next_along, next_across = np.roll(along, -1), np.roll(across, -1)
    crosses = (along <= at) != (next_along <= at)
    share = (at - along[crosses]) / (next_along[crosses] - along[crosses])
    cuts = np.sort(across[crosses] + share * (next_across[crosses] - across[crosses]))
    return float(np.sum(cuts[1::2] - cuts[::2]))


def _checked(outline_cm: Outline) -> Outline:
    outline = np.asarray(outline_cm, dtype=np.float64)
    if outline.ndim != 2 or outline.shape[1] != 2 or len(outline) < 3:
        raise ValueError(f"an outline has shape (points, 2) with at least 3 points, not {outline.shape}")
    if not np.isfinite(outline).all():
        raise ValueError("outline with a coordinate that is not finite")
    return outline
