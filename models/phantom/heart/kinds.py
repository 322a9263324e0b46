"""What a point of the chest is, and the values every point carries."""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from torch import Tensor

Position = tuple[float, float, float]


class Points(NamedTuple):
    """Positions in the heart frame: `x`, `y`, `z` in mm, all of one shape, any float dtype.

    The origin is the apex of the left ventricle's cavity at rest; its long axis is z, the base at negative z. Looking as a
    parasternal short axis shows it, +x is to the right (lateral) and +y is up (anterior). Angles run from +x towards +y: the
    middle of the lateral wall lies at 0, the anterior at 90, the septum at 180, the inferior wall at 270 degrees.
    """

    x: Tensor
    y: Tensor
    z: Tensor


class Kind(IntEnum):
    """What a point is. Those that hold blood are in `BLOOD`."""

    LUNG = 0
    CHEST_WALL = 1
    LIVER = 2
    FAT = 3
    PERICARDIUM = 4
    EFFUSION = 5
    LV_CAVITY = 6
    TRABECULA = 7
    PAPILLARY = 8
    LV_WALL = 9
    RV_CAVITY = 10
    RV_WALL = 11
    RV_BAND = 12
    LA = 13
    LA_WALL = 14
    RA = 15
    RA_WALL = 16
    ATRIAL_SEPTUM = 17
    AORTA = 18
    AORTIC_WALL = 19
    PULMONARY_ARTERY = 20
    PULMONARY_WALL = 21
    IVC = 22
    IVC_WALL = 23
    PULMONARY_VEIN = 24
    MITRAL_LEAFLET = 25
    TRICUSPID_LEAFLET = 26
    AORTIC_CUSP = 27
    PULMONARY_CUSP = 28
    CHORDA = 29
    ANNULUS = 30
    LA_APPENDAGE = 31
    LVOT = 32
    AORTIC_ARCH = 33


BLOOD = (
    Kind.LV_CAVITY, Kind.RV_CAVITY, Kind.LA, Kind.RA, Kind.AORTA, Kind.PULMONARY_ARTERY, Kind.IVC, Kind.PULMONARY_VEIN,
    Kind.LA_APPENDAGE, Kind.LVOT, Kind.AORTIC_ARCH,
)  # fmt: skip
# By the convention of the American Society of Echocardiography these make up the ventricle's volume.
LV_VOLUME = (Kind.LV_CAVITY, Kind.TRABECULA, Kind.PAPILLARY, Kind.MITRAL_LEAFLET, Kind.CHORDA)


@dataclass(frozen=True)
class Tissue:
    """What lies at points of any shape; every tensor has that shape. mm and the heart frame throughout.

    `kind` is int8, a `Kind`. `normal` is the unit vector of the nearest boundary, `edge_mm` how far that boundary is, positive.
    `material` says where this piece of tissue was at end-diastole: speckle looked up there moves with the tissue. For blood it
    is the place itself. `fibre` is the unit vector along the muscle's fibres, meaningful in the left ventricle's wall alone.
    Other values are of the points' own float dtype.
    """

    kind: Tensor
    normal: Points
    edge_mm: Tensor
    material: Points
    fibre: Points
