"""The one two-dimensional region that lengths and areas are measured in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from models.calibration.region import PhysicalUnit, RegionCalibration, RegionDataType, RegionSpatialFormat

_IMAGES = (RegionDataType.TISSUE, RegionDataType.COLOUR_FLOW)


class RegionProblem(StrEnum):
    """Why no B-mode region can be used."""

    ABSENT = "no ultrasound region in the object"
    NO_B_MODE = "no region is a two-dimensional tissue image"
    NOT_CENTIMETRES = "the two-dimensional region is not in centimetres"
    ZERO_DELTA = "the two-dimensional region has no physical size per pixel"
    IMPLAUSIBLE_SIZE = "the two-dimensional region's physical size cannot be an echo image"
    OUTSIDE_IMAGE = "the two-dimensional region lies outside the pixels of the image"
    NOT_SQUARE = "the two-dimensional region's pixels are too far from square"
    CONTRADICTION = "two-dimensional regions at the same place state different sizes"
    SEVERAL = "several two-dimensional regions: split screen"


@dataclass(frozen=True)
class RegionChoice:
    """The B-mode region used for measuring and the rule that chose it, or the problem that forbids measuring."""

    region: RegionCalibration | None
    rule: str
    problem: RegionProblem | None = None


# An adult echo sector shows 4 to 30 cm of depth; outside these limits no transthoracic image lies, so the unit is another.
_PLAUSIBLE_SIZE_CM = (3.0, 50.0)
_MOST_OBLONG = 1.25  # scan converters write square pixels, video capture nearly square ones
_SAME_PLACE = 0.5  # share of the smaller region; a colour box lies inside the sector, neighbours may touch by a line


def choose_b_mode_region(regions: Sequence[RegionCalibration], rows: int, columns: int) -> RegionChoice:
    """The one two-dimensional region that carries tissue in centimetres, by format, data type and units, never by position.

    Regions whose RegionSpatialFormat is 0 (none) and ECG strips are passed over. A colour-flow region drawn over the tissue
    region shares its calibration, so it does not make the screen a split one; one that stands beside it does.
    """
    if not regions:
        return RegionChoice(None, "none", RegionProblem.ABSENT)
    images = [r for r in regions if r.spatial_format == RegionSpatialFormat.TWO_D and r.data_type in _IMAGES]
    tissue = [r for r in images if r.data_type == RegionDataType.TISSUE]
    if not tissue:
        return RegionChoice(None, "none", RegionProblem.NO_B_MODE)
    in_cm = [r for r in tissue if r.physical_unit_x == r.physical_unit_y == PhysicalUnit.CM]
    if not in_cm:
        return RegionChoice(None, "2D tissue", RegionProblem.NOT_CENTIMETRES)
    region, rule = in_cm[0], "RegionSpatialFormat 2D, RegionDataType tissue, PhysicalUnits cm"
    if len({r.corners_px for r in in_cm}) > 1 or any(_beside(region, other) for other in images):
        return RegionChoice(None, "2D tissue in cm", RegionProblem.SEVERAL)
    if any(r.cm_per_px != region.cm_per_px for r in in_cm[1:]):
        return RegionChoice(None, "2D tissue in cm", RegionProblem.CONTRADICTION)
    # Real carts write the size of the image as its last pixel.
    x1_px, y1_px = region.x1_px - (region.x1_px == columns), region.y1_px - (region.y1_px == rows)
    if (x1_px, y1_px) != (region.x1_px, region.y1_px):
        region = replace(region, x1_px=x1_px, y1_px=y1_px)
        rule += "; its last row or column lay one pixel outside"
    problem = _problem_of(region, rows, columns)
    return RegionChoice(None if problem else region, rule, problem)


def _beside(region: RegionCalibration, other: RegionCalibration) -> bool:
    width = min(region.x1_px, other.x1_px) - max(region.x0_px, other.x0_px) + 1
    height = min(region.y1_px, other.y1_px) - max(region.y0_px, other.y0_px) + 1
    return max(width, 0) * max(height, 0) < _SAME_PLACE * min(region.area_px, other.area_px)


def _problem_of(region: RegionCalibration, rows: int, columns: int) -> RegionProblem | None:
    delta_x, delta_y = region.cm_per_px
    if not (delta_x > 0 and delta_y > 0):  # also refuses NaN
        return RegionProblem.ZERO_DELTA
    if not (0 <= region.x0_px < region.x1_px < columns and 0 <= region.y0_px < region.y1_px < rows):
        return RegionProblem.OUTSIDE_IMAGE
    width_cm = delta_x * (region.x1_px - region.x0_px + 1)
    height_cm = delta_y * (region.y1_px - region.y0_px + 1)
    low, high = _PLAUSIBLE_SIZE_CM
    if not (low <= width_cm <= high and low <= height_cm <= high):
        return RegionProblem.IMPLAUSIBLE_SIZE
    if max(delta_x, delta_y) > _MOST_OBLONG * min(delta_x, delta_y):
        return RegionProblem.NOT_SQUARE
    return None
