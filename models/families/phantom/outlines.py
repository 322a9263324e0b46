"""Outlines of the structures that a network of ours marks, frame by frame, and why one does not count."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.clip import Clip
from models.derive.ventricle.field_of_view import FieldOfView, field_of_view
from models.derive.ventricle.outline import cavity_outline, closed_lines, polygon_area
from models.derive.ventricle.sector import probe_position
from models.inputs.clip_input import ClipInput, Points, input_of, on_map
from models.library.manifest import Manifest
from models.library.recipe import LV

CUT_OFF = "is cut off by the edge of the image"
IN_PARTS = "is in several parts"
UNSURE = "has no sure border"
ABSENT = "is not to be seen"

_VENTRICLES = (LV, "rv")  # their annulus lies away from the probe, that of an atrium towards it
_USUAL_LEVEL = 0.5
_LEAST_AREA = 0.004  # share of the map, as of the left ventricle
_LARGEST_SHARE = 0.75  # of all that is marked: less, and nobody knows which part is the chamber
# Where the border would lie a fifth of probability further in or out: of a sure one the smaller area is nearly the larger. On
# held-out hearts of both generators chambers below this share had a mean Dice of 0.1 to 0.4, the others of 0.86 to 0.89.
_MARGIN, _SURE_SHARE = 0.2, 0.75
_POINTS = 96


@dataclass(frozen=True, eq=False)
class ChamberOutline:
    """One structure on one frame: `points_px` (96, 2), (x, y) px of the whole image, None where `why_not` says why.

    The closing edge is the annulus line, as of a `Contour` of the left ventricle.
    """

    points_px: Points | None
    why_not: str = ""


class ChamberOutlines:
    """The outlines of a clip. `probabilities` of a structure are (size, size), 0 to 1, of the network's input."""

    def __init__(self, clip: Clip, manifest: Manifest) -> None:
        self.placed: ClipInput = input_of(clip, manifest)
        self._level = float(manifest.thresholds.get("contour_level", _USUAL_LEVEL))
        self._probe = on_map(self.placed, probe_position(clip))
        self._field: FieldOfView = field_of_view(clip)

    def outline(self, structure: str, probability: NDArray[np.float32]) -> ChamberOutline:
        """Of `probability` (size, size), 0 to 1.

        Of the left ventricle only the beats are told, and part of it tells them as well.
        """
        areas = sorted(map(polygon_area, closed_lines(probability, self._level)), reverse=True)
        if not areas or areas[0] < _LEAST_AREA * probability.size:
            return ChamberOutline(None, ABSENT)
        if areas[0] < _LARGEST_SHARE * sum(areas):
            return ChamberOutline(None, IN_PARTS)
        within, about = (int((probability >= self._level + step).sum()) for step in (_MARGIN, -_MARGIN))
        if structure != LV and within < _SURE_SHARE * about:
            return ChamberOutline(None, UNSURE)
        line = cavity_outline(probability, self._level, _POINTS, self._seen_from(structure, probability))
        if line is None:
            return ChamberOutline(None, "has no annulus where one should be")
        points = self.placed.to_image(line)
        if structure != LV and self._field.cuts_off(closed_evenly(points)):
            return ChamberOutline(None, CUT_OFF)
        return ChamberOutline(points)

    def _seen_from(self, structure: str, probability: NDArray[np.float32]) -> Points:
        """From where the annulus lies on the far side: of an atrium that is the side opposite to the probe."""
        if structure in _VENTRICLES:
            return self._probe
        rows, columns = np.nonzero(probability >= self._level)
        middle = np.array([columns.mean(), rows.mean()])
        return np.asarray(2 * middle - self._probe)


def closed_evenly(points_px: Points) -> Points:
    """`points_px` (n, 2), (x, y) px, with the closing edge as densely set as the others: (m, 2) px.

    A ventricle's annulus line is its closing edge, and that may lie on the edge of the image as well.
    """
    step = float(np.linalg.norm(np.diff(points_px, axis=0), axis=1).mean())
    more = max(int(np.linalg.norm(points_px[0] - points_px[-1]) / max(step, 1e-9)), 1)
    share = np.linspace(0, 1, more, endpoint=False)[1:, None]
    return np.vstack([points_px, points_px[-1] * (1 - share) + points_px[0] * share])
