"""What a plane shows at a moment: its loops and lines, and a map of what lies where."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from models.phantom.counterpart.body import Body
from models.phantom.counterpart.section import Loop, Plane, loops, pieces
from models.phantom.rendered import SectorShape

MM_PER_PX = 0.6
_SHIFT = 4  # fractional bits of OpenCV's vertices


class Kind(IntEnum):
    """What a place of the map is."""

    AROUND = 0
    PERICARDIUM = 1
    FAT = 2
    ATRIAL_WALL = 3
    RV_WALL = 4
    MUSCLE = 5
    LINING = 6
    PAPILLARY = 7
    BLOOD = 8
    VESSEL_WALL = 9
    LEAFLET = 10
    CHORD = 11
    VEIN_WALL = 12
    ANNULUS = 13


@dataclass(frozen=True, eq=False)
class Cut:
    """A plane through the heart at a moment: closed `loops` and open `pieces`, float64 (pieces, 2, 2) in mm, by surface.

    `spots`, float64 (spots, 2) in mm, are where it meets the fibrous rings of the valves between atria and ventricles.
    """

    loops: Mapping[str, list[Loop]]
    pieces: Mapping[str, NDArray[np.float64]]
    spots: NDArray[np.float64]


def cut(body: Body, plane: Plane) -> Cut:
    """Every surface of `body` that the plane meets."""
    closed = {name: found for name, stack in body.chambers.items() if (found := loops(stack, plane))}
    sheets = {name: lines for name, sheet in body.sheets.items() if len(lines := pieces(sheet, plane))}
    spots = np.concatenate([_met(ring, plane) for ring in (body.left.endo[0], body.right.body[0])])
    return Cut(closed, sheets, spots)


def _met(ring: NDArray[np.float64], plane: Plane) -> NDArray[np.float64]:
    """Where a closed ring (points, 3) passes through the plane, (places, 2) in mm."""
    height, flat = plane.height(ring), plane.flat(ring)
    after, beyond = np.roll(height, -1), np.roll(flat, -1, axis=0)
    at = (height > 0) != (after > 0)
    share = (height[at] / (height[at] - after[at]))[:, None]
    return np.asarray(flat[at] * (1 - share) + beyond[at] * share)


@dataclass(frozen=True, eq=False)
class Canvas:
    """A grid of `MM_PER_PX` over the sector, `size` (columns, rows); its first px is at `corner` (2,) mm, float64."""

    corner: NDArray[np.float64]
    size: tuple[int, int]

    @classmethod
    def over(cls, sector: SectorShape) -> "Canvas":
        wide = sector.far_mm * np.sin(sector.half_angle_rad) + 6
        top = sector.near_mm * np.cos(sector.half_angle_rad) - 6
        return cls(np.array([-wide, top]), (int(2 * wide / MM_PER_PX) + 1, int((sector.far_mm + 6 - top) / MM_PER_PX) + 1))

    def px(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places float64 (..., 2) in mm as px of the canvas."""
        return (places - self.corner) / MM_PER_PX


# Painted from the back to the front: (surface, wall, width of the wall in mm, what fills it).
_WALLED = (
    ("pa_branch", Kind.VESSEL_WALL, 1.5), ("ivc", Kind.VEIN_WALL, 1.3), ("vein_0", Kind.ATRIAL_WALL, 1.2),
    ("vein_1", Kind.ATRIAL_WALL, 1.2), ("vein_2", Kind.ATRIAL_WALL, 1.2), ("la", Kind.ATRIAL_WALL, 2.0),
    ("ra", Kind.ATRIAL_WALL, 1.8),
)  # fmt: skip
_OUTER = ("lv_epi", "rv_wall", "la", "ra", "rvot", "pa", "aorta")


class Painter:
    """Draws a cut on a canvas, in the order in which the things of a heart lie over one another."""

    def __init__(self, canvas: Canvas, found: Cut, effusion_mm: float) -> None:
        self._canvas, self._cut = canvas, found
        self._effusion = effusion_mm
        self.map = np.zeros((canvas.size[1], canvas.size[0]), np.uint8)

    def _vertices(self, points: NDArray[np.float64]) -> NDArray[np.int32]:
        return np.round(self._canvas.px(points) * (1 << _SHIFT)).astype(np.int32)

    def fill(self, name: str, kind: Kind) -> None:
        for loop in self._cut.loops.get(name, ()):
            cv2.fillPoly(self.map, [self._vertices(loop.points)], int(kind), shift=_SHIFT)

    def rim(self, name: str, kind: Kind, mm: float) -> None:
        """A wall of `mm` on either side of every loop, without the openings."""
        width = max(1, round(2 * mm / MM_PER_PX))
        for loop in self._cut.loops.get(name, ()):
            cap = loop.on_cap
            whole = not cap.any()
            line = loop.points if whole else np.roll(loop.points, -int(np.argmax(cap & ~np.roll(cap, -1))) - 1, axis=0)
            if not whole:
                line = line[~np.roll(cap, -int(np.argmax(cap & ~np.roll(cap, -1))) - 1)]
            if len(line) > 1:
                cv2.polylines(self.map, [self._vertices(line)], whole, int(kind), width, shift=_SHIFT)

    def lines(self, prefix: str, kind: Kind, mm: float) -> None:
        width = max(1, round(mm / MM_PER_PX))
        for name, found in self._cut.pieces.items():
            if name.startswith(prefix):
                cv2.polylines(self.map, list(self._vertices(found)), False, int(kind), width, shift=_SHIFT)

    def paint(self) -> NDArray[np.uint8]:
        """The finished map, uint8 (rows, columns), 0 to 13: `Kind` of every px."""
        self._sac()
        for name, wall, mm in _WALLED:
            self.rim(name, wall, mm)
        for name, _, _ in _WALLED:
            self.fill(name, Kind.BLOOD)
        for name in ("rvot", "pa"):
            self.rim(name, Kind.RV_WALL if name == "rvot" else Kind.VESSEL_WALL, 2.2 if name == "rvot" else 1.2)
        self.fill("rv_wall", Kind.RV_WALL)
        self.fill("lv_epi", Kind.MUSCLE)
        for name in ("rvot", "pa", "rv"):
            self.fill(name, Kind.BLOOD)
        self.fill("lv", Kind.LINING)
        self.fill("lv_blood", Kind.BLOOD)
        self.rim("aorta", Kind.VESSEL_WALL, 1.3)
        self.fill("tract", Kind.BLOOD)
        self.fill("aorta", Kind.BLOOD)
        for spot in self._cut.spots:
            cv2.circle(
                self.map,
                self._vertices(spot).tolist(),
                round(2.0 / MM_PER_PX * (1 << _SHIFT)),
                int(Kind.ANNULUS),
                -1,
                shift=_SHIFT,
            )
        self.lines("chord", Kind.CHORD, 0.6)
        for name in self._cut.loops:
            if name.startswith("papillary"):
                self.fill(name, Kind.PAPILLARY)
        for prefix, mm in (("mitral", 1.6), ("tricuspid", 1.3), ("aortic", 1.1), ("pulmonary", 1.0)):
            self.lines(prefix, Kind.LEAFLET, mm)
        return self.map

    def _sac(self) -> None:
        """The pericardium around everything, with fat or an effusion within."""
        for name in _OUTER:
            if self._effusion > 0 and name not in ("aorta", "pa", "la"):
                self.fill(name, Kind.PERICARDIUM)
                self.rim(name, Kind.PERICARDIUM, self._effusion + 3.0)
            elif name in ("lv_epi", "rv_wall"):
                self.rim(name, Kind.PERICARDIUM, 2.6)
        for name in _OUTER:
            if self._effusion > 0 and name not in ("aorta", "pa", "la"):
                self.rim(name, Kind.BLOOD, self._effusion + 1.0)
            self.rim(name, Kind.FAT, 1.7)
