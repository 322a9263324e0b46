"""The one region that velocities (spectral Doppler) or movements over time (M-mode) are measured in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from models.calibration.region import PhysicalUnit, RegionCalibration, RegionDataType, RegionSpatialFormat


class DisplayProblem(StrEnum):
    """Why no spectral or M-mode region can be used."""

    ABSENT = "no ultrasound region in the object"
    NO_SPECTRAL = "no region is a spectral Doppler display"
    NO_M_MODE = "no region is an M-mode display of tissue"
    IN_HERTZ = "the spectral region is in hertz: frequency shifts, not velocities"
    OTHER_UNITS = "the region's axes are not in the units of its kind (s; cm/s or cm)"
    ZERO_DELTA = "the region has no physical size per pixel"
    IMPLAUSIBLE_SIZE = "the region's physical size cannot be a heart's"
    OUTSIDE_IMAGE = "the region lies outside the pixels of the image"
    CONTRADICTION = "regions at the same place state different scales"
    SEVERAL = "several regions of one kind at different places"
    NO_BASELINE = "the region does not say where velocity zero is"
    BASELINE_OUTSIDE = "the region puts velocity zero outside the display"


@dataclass(frozen=True)
class DisplayChoice:
    """The region used for measuring and the rule that chose it, or the problem that forbids measuring.

    `seen` is the region that shows the trace, also where its scale cannot be used: there are pixels then, and no velocities.
    """

    region: RegionCalibration | None
    rule: str
    problem: DisplayProblem | None = None
    seen: RegionCalibration | None = None


@dataclass(frozen=True)
class _Kind:
    """What one kind of display says of itself; sizes in the units of the axes, outside the limits the unit is another one."""

    spatial_format: RegionSpatialFormat
    data_types: tuple[RegionDataType, ...]
    unit_y: PhysicalUnit
    sizes_y: tuple[float, float]
    needs_baseline: bool
    absent: DisplayProblem
    rule: str


_SIZES_S = (0.3, 60.0)
_SPECTRAL = _Kind(
    RegionSpatialFormat.SPECTRAL,
    (RegionDataType.PW_SPECTRAL, RegionDataType.CW_SPECTRAL),
    PhysicalUnit.CM_PER_SECOND,
    (8.0, 2500.0),  # tissue Doppler at its finest, continuous wave at its coarsest
    True,
    DisplayProblem.NO_SPECTRAL,
    "RegionSpatialFormat spectral, RegionDataType PW or CW, PhysicalUnits s and cm/s",
)
_M_MODE = _Kind(
    RegionSpatialFormat.M_MODE,
    (RegionDataType.TISSUE,),
    PhysicalUnit.CM,
    (2.0, 50.0),
    False,
    DisplayProblem.NO_M_MODE,
    "RegionSpatialFormat M-mode, RegionDataType tissue, PhysicalUnits s and cm",
)


def choose_spectral_region(regions: Sequence[RegionCalibration], rows: int, columns: int) -> DisplayChoice:
    """The one spectral display in seconds and cm/s, by format, data type and units, never by position.

    The two-dimensional image beside it, the ECG and regions without format are passed over. Velocities need a reference pixel:
    a region without one has a scale, but no zero, and a zero outside the display is not believed.
    """
    return _choose(regions, rows, columns, _SPECTRAL)


def choose_m_mode_region(regions: Sequence[RegionCalibration], rows: int, columns: int) -> DisplayChoice:
    """The one M-mode display of tissue in seconds and cm, by format, data type and units, never by position."""
    return _choose(regions, rows, columns, _M_MODE)


def lowest_region(regions: Sequence[RegionCalibration]) -> RegionCalibration | None:
    """The region that begins lowest on the screen, whatever it shows: the rule of EchoNet-Measurements' published scripts.

    It takes an ECG strip below the spectral display for the display itself; only published decodings may call it.
    """
    return max(regions, key=lambda region: region.y0_px, default=None)


def _choose(regions: Sequence[RegionCalibration], rows: int, columns: int, kind: _Kind) -> DisplayChoice:
    if not regions:
        return DisplayChoice(None, "none", DisplayProblem.ABSENT)
    shown = [r for r in regions if r.spatial_format == kind.spatial_format and r.data_type in kind.data_types]
    if not shown:
        return DisplayChoice(None, "none", kind.absent)
    region, rule = shown[0], kind.rule
    if len({r.corners_px for r in shown}) > 1:
        return DisplayChoice(None, rule, DisplayProblem.SEVERAL)
    # Real carts write the size of the image as its last pixel.
    x1_px, y1_px = region.x1_px - (region.x1_px == columns), region.y1_px - (region.y1_px == rows)
    if (x1_px, y1_px) != (region.x1_px, region.y1_px):
        region = replace(region, x1_px=x1_px, y1_px=y1_px)
        rule += "; its last row or column lay one pixel outside"
    if not (0 <= region.x0_px < region.x1_px < columns and 0 <= region.y0_px < region.y1_px < rows):
        return DisplayChoice(None, rule, DisplayProblem.OUTSIDE_IMAGE)
    if len({_scale(r) for r in shown}) > 1:
        return DisplayChoice(None, rule, DisplayProblem.CONTRADICTION, region)
    problem = _problem_of(region, kind)
    return DisplayChoice(None if problem else region, rule, problem, region)


def _scale(region: RegionCalibration) -> tuple[float | int | None, ...]:
    """Everything that turns a pixel into a value; PW and CW of the same place differ in it or do not matter."""
    units = region.physical_unit_x, region.physical_unit_y
    deltas = region.physical_delta_x, region.physical_delta_y
    zero = region.reference_pixel_y0_px, region.reference_physical_value_y
    return (*units, *deltas, *zero, region.doppler_correction_angle_deg)


def _problem_of(region: RegionCalibration, kind: _Kind) -> DisplayProblem | None:
    if region.physical_unit_y == PhysicalUnit.HERTZ:
        return DisplayProblem.IN_HERTZ
    if (region.physical_unit_x, region.physical_unit_y) != (PhysicalUnit.SECONDS, kind.unit_y):
        return DisplayProblem.OTHER_UNITS
    delta_x, delta_y = abs(region.physical_delta_x), abs(region.physical_delta_y)
    if not (delta_x > 0 and delta_y > 0):  # also refuses NaN
        return DisplayProblem.ZERO_DELTA
    width_s, height = delta_x * (region.x1_px - region.x0_px + 1), delta_y * (region.y1_px - region.y0_px + 1)
    if not (_SIZES_S[0] <= width_s <= _SIZES_S[1] and kind.sizes_y[0] <= height <= kind.sizes_y[1]):
        return DisplayProblem.IMPLAUSIBLE_SIZE
    if kind.needs_baseline and region.reference_pixel_y0_px is None:
        return DisplayProblem.NO_BASELINE
    # Also refuses NaN. A zero shifted out of the display on purpose cannot be told from a reference pixel counted from the
    # image's edge, so it is refused with it.
    if kind.needs_baseline and not region.y0_px <= region.zero_row_px <= region.y1_px:
        return DisplayProblem.BASELINE_OUTSIDE
    return None
