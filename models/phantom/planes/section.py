"""What a plane cuts: the kinds of tissue in it, the structures they make up, and how far their borders are."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.phantom.heart import LV_VOLUME, HeartState, Kind, Points, Tissue, tissue_at
from models.phantom.heart.chambers import ventricular
from models.phantom.planes.placement import Placement
from models.phantom.rendered import STRUCTURES

# `lv` by the convention of Lang et al., J Am Soc Echocardiogr 2015;28:1-39: trabeculae and papillary muscles belong to the
# cavity. `lv_wall` is what its outline encloses: the wall and the cavity.
KINDS: Mapping[str, tuple[Kind, ...]] = {
    "lv": LV_VOLUME,
    "lv_wall": (*LV_VOLUME, Kind.LV_WALL),
    "la": (Kind.LA,),
    "ra": (Kind.RA,),
    "rv": (Kind.RV_CAVITY, Kind.RV_BAND),
    "aorta": (Kind.AORTA, Kind.AORTIC_CUSP, Kind.AORTIC_ARCH),
}
OTHER_KINDS: Mapping[str, tuple[Kind, ...]] = {"pa": (Kind.PULMONARY_ARTERY, Kind.PULMONARY_CUSP), "ivc": (Kind.IVC,)}
# What lies between the probe and the heart's own walls.
OUTSIDE = (Kind.LUNG, Kind.CHEST_WALL, Kind.LIVER, Kind.FAT, Kind.PERICARDIUM, Kind.EFFUSION)


def members(kinds: tuple[Kind, ...]) -> Tensor:
    """A table (kinds,), bool, true at the index of each of `kinds`."""
    table = torch.zeros(max(Kind) + 1, dtype=torch.bool)
    table[[int(kind) for kind in kinds]] = True
    return table


_MEMBERS = {name: members(kinds) for name, kinds in {**KINDS, **OTHER_KINDS}.items()}
assert tuple(KINDS) == STRUCTURES


@dataclass(frozen=True, eq=False)
class Anatomy:
    """What points of any shape belong to: `kind`, int8, an index of `Kind`, and `edge_mm`, any float dtype.

    The second is mm to the next border. Both have that one shape.

    As `Tissue`, but leaflets, chordae and fibrous rings are what they stand in: outlines run straight through them.
    """

    kind: Tensor
    edge_mm: Tensor

    def is_in(self, structure: str) -> Tensor:
        """A bool, true in `structure`, of the points' shape: any shape."""
        return _MEMBERS[structure][self.kind.long()]


def _unshifted(state: HeartState, points: Points) -> Points:
    """Where `points` would lie if the heart had not moved with the breath."""
    return Points(*(part - shift for part, shift in zip(points, state.shift_mm, strict=True)))


def anatomy_of(state: HeartState, points: Points, tissue: Tissue) -> Anatomy:
    """Of `tissue` at `points`, mm of the heart frame: tensors of the points' own shape and any float dtype."""
    still = _unshifted(state, points)
    ventricles, height = ventricular(state, still), still.z - state.base_z_mm
    below = height <= 0
    cavity = (ventricles.inner < 0) & ~below
    kind = tissue.kind.clone()
    kind[cavity & ~_MEMBERS["lv"][kind.long()]] = int(Kind.LV_CAVITY)
    mitral = _MEMBERS["lv"][kind.long()] & ~cavity
    kind[mitral & below] = int(Kind.LA)
    kind[mitral & ~below] = int(Kind.LV_WALL)
    tricuspid = kind == int(Kind.TRICUSPID_LEAFLET)
    kind[tricuspid & (ventricles.plane > 0)] = int(Kind.RV_CAVITY)
    kind[tricuspid & (ventricles.plane <= 0)] = int(Kind.RA)
    # Where a leaflet stands open, the plane of its ring is the border.
    left = torch.minimum(tissue.edge_mm, height.abs())
    right = torch.minimum(tissue.edge_mm, ventricles.plane.abs())
    edge = torch.where(ventricles.outer < 0, left, tissue.edge_mm)
    return Anatomy(kind, torch.where((kind == int(Kind.RV_CAVITY)) | (kind == int(Kind.RA)), right, edge))


def endocardium_mm(state: HeartState, points: Points) -> Tensor:
    """Signed distance in mm to the left ventricle's compacted wall, negative inside: the points' own: any shape, any float."""
    return ventricular(state, _unshifted(state, points)).inner


def anatomy_at(state: HeartState, points: Points) -> Anatomy:
    return anatomy_of(state, points, tissue_at(state, points))


@dataclass(frozen=True, eq=False)
class SquareGrid:
    """`lateral_mm` (columns,) and `axial_mm` (rows,), float64, from the origin of the beams, equally far apart."""

    lateral_mm: NDArray[np.float64]
    axial_mm: NDArray[np.float64]

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.axial_mm), len(self.lateral_mm)

    @property
    def spacing_mm(self) -> float:
        return float(self.lateral_mm[1] - self.lateral_mm[0])

    def places_mm(self) -> tuple[Tensor, Tensor]:
        """Lateral and axial place of every node, (rows, columns) each, float32, mm."""
        axes = (torch.from_numpy(axis.astype(np.float32)) for axis in (self.axial_mm, self.lateral_mm))
        axial, lateral = torch.meshgrid(*axes, indexing="ij")
        return lateral, axial


def grid_of(lateral_mm: tuple[float, float], axial_mm: tuple[float, float], spacing_mm: float) -> SquareGrid:
    """From the first to the second of `lateral_mm` and of `axial_mm`."""
    return SquareGrid(*(np.arange(low, high + spacing_mm, spacing_mm) for low, high in (lateral_mm, axial_mm)))


@dataclass(frozen=True, eq=False)
class Section:
    """What a plane cuts on a grid: `anatomy`, of the grid's shape (rows, columns)."""

    grid: SquareGrid
    anatomy: Anatomy

    def mask(self, structure: str) -> NDArray[np.bool_]:
        """Bool (rows, columns), true in `structure`."""
        return self.anatomy.is_in(structure).numpy()

    def depth_mm(self, structure: str) -> NDArray[np.float32]:
        """Signed distance to the border of `structure` in mm, positive inside, exact near it: float32 (rows, columns)."""
        edge = self.anatomy.edge_mm.clamp_min(0.05)
        return torch.where(self.anatomy.is_in(structure), edge, -edge).numpy().astype(np.float32)

    def places(self, structure: str) -> NDArray[np.float64]:
        """The grid's points in `structure`: float64 (points, 2), (lateral, axial) in mm."""
        row, column = np.nonzero(self.mask(structure))
        return np.stack((self.grid.lateral_mm[column], self.grid.axial_mm[row]), axis=1)


def cut_section(state: HeartState, placement: Placement, grid: SquareGrid) -> Section:
    return Section(grid, anatomy_at(state, placement.points(*grid.places_mm())))
