"""What EchoNet-Measurements' Doppler and M-mode networks see of a clip, and why a trace may give no number.

They take the screen from the upper edge of the trace's region down to the bottom. It has its full width and is not resized, as
the authors trained them. Where a peak may lie is another question: published, anywhere in that; corrected, inside the region.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from torch import nn

from models.calibration import DisplayChoice, PhysicalUnit, RegionCalibration, lowest_region
from models.catalogue import READ, TISSUE_DOPPLER
from models.clip import Clip
from models.derive.calipers.heat_map import sigmoid
from models.derive.displays.doppler import LIMITS_CM_S, direction_of, wrong_way
from models.derive.displays.spectral_image import without_green_trace
from models.errors import ReadingError
from models.families.echonet.frames import Frames, logits
from models.library.reading import Absent, not_measured
from models.results import ReadValue, Reason, of_frames

PUBLISHED_ROW = 342  # what the scripts call the upper edge of the Doppler region, whatever the region says
_FOLDER_ROWS = range(340, 351)
_PUBLISHED_COLOURS = ("", "MONOCHROME2", "RGB", "YBR_FULL_422")
_USUAL_ROW_SHARE = PUBLISHED_ROW / 768  # where no region says where the trace begins

# Of the networks of two points: their authors are not known to take the trace out.
ECG_NOTE = "the green ECG trace is taken out, which is known of the one-point Doppler networks only"
ECG_KEPT_NOTE = "the green ECG trace is left in: the scripts are known to take it out for the one-point Doppler networks only"


@dataclass(frozen=True)
class Place:
    """Where a corrected decoding looks: the crop's first row, and the box in it (px of the crop, ends exclusive)."""

    first_row: int
    rows: slice
    columns: slice

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        """A point of the box in px of the whole image."""
        return x + float(self.columns.start), y + float(self.rows.start) + self.first_row


def single_frame(clip: Clip) -> Frames:
    """The one frame, RGB (rows, columns, 3), 0 to 255. Raises ReadingError for a clip of several."""
    if clip.number_of_frames != 1:
        raise ReadingError(f"the clip has {clip.number_of_frames} frames; a spectral or M-mode display is a single one")
    frame: Frames = clip.take([0])[0]
    return frame


def published_region(clip: Clip, *, in_folder: bool, first_row: int | None = None) -> RegionCalibration:
    """The region as EchoNet-Measurements' scripts find it: the lowest. Raises ReadingError where they end with an error.

    Over a folder they pass over regions that do not begin in rows 340 to 350. `first_row` is where the screen is cut, the
    region's upper edge unless given.
    """
    region = lowest_region(clip.regions)
    if region is None:
        raise ReadingError(
            "no ultrasound region; the published decoding takes its first row from one, the corrected one need not"
        )
    if clip.photometric_interpretation not in _PUBLISHED_COLOURS:
        raise ReadingError(f"colours {clip.photometric_interpretation}; the published decoding takes {_PUBLISHED_COLOURS[1:]}")
    if in_folder and region.y0_px not in _FOLDER_ROWS:
        raise ReadingError(f"the lowest region begins at row {region.y0_px}; the published decoding takes 340 to 350 only")
    first_row = region.y0_px if first_row is None else first_row
    if not 0 <= first_row < clip.rows:
        raise ReadingError(f"the screen is cut at row {first_row}, but the image has {clip.rows} rows")
    return region


def place_of(choice: DisplayChoice, clip: Clip) -> Place:
    """The region that shows the trace; without one, what lies below the usual row."""
    seen = choice.seen
    if seen is None:
        first_row = round(_USUAL_ROW_SHARE * clip.rows)
        return Place(first_row, slice(0, clip.rows - first_row), slice(0, clip.columns))
    return Place(seen.y0_px, slice(0, seen.y1_px + 1 - seen.y0_px), slice(seen.x0_px, seen.x1_px + 1))


def probabilities(network: nn.Module, frame: Frames, first_row: int, *, green_trace: bool = False) -> NDArray[np.float32]:
    """(outputs, rows, columns), 0 to 1, of the screen from `first_row` down.

    `frame` is RGB (rows, columns, 3), 0 to 255, of the whole screen; its green ECG trace is taken out, or left in.

    The authors take it out for the networks of one point; of mitral inflow and TAPSE nothing says so. There the published
    decoding leaves it in, and the corrected one takes it out by our assumption (`ECG_NOTE`): a line in the display is no flow.
    """
    (maps,) = logits(network, iter([(frame if green_trace else without_green_trace(frame))[first_row:]]))
    return sigmoid(maps)


def corrected_notes(choice: DisplayChoice) -> tuple[str, str]:
    """Which rule chose the region."""
    return "corrected decoding", f"region by {choice.rule}" if choice.region else f"no calibration: {choice.problem}"


def clock_s(seen: RegionCalibration | None) -> float | None:
    """Seconds from a column to the next, negative where time runs to the left; None where the display has no clock."""
    if seen is None or seen.physical_unit_x != PhysicalUnit.SECONDS:
        return None
    return seen.physical_delta_x or None


def published_unit_problem(region: RegionCalibration) -> list[Absent]:
    """Why what the scripts print as cm/s is none: they ask no region for its units. Their table keeps the figure."""
    if region.physical_unit_y == PhysicalUnit.CM_PER_SECOND:
        return []
    return [(Reason.NO_CALIBRATION, f"the lowest region is not in cm/s ({described(region)}): the table alone has the figure")]


def within(key: str, unit: str, value: float, limits: tuple[float, float], detail: str = "") -> ReadValue:
    """The value, refused where it is impossible; `limits` in `unit`."""
    low, high = limits
    if not low <= value <= high:
        return not_measured(key, unit, [(Reason.OUTSIDE_LIMITS, f"{value:.3g} {unit} is outside {low:g} to {high:g} {unit}")])
    return ReadValue(key, unit, value, of_frames(0), detail=detail)


def velocity_unit(key: str) -> str:
    """The dictionary has those of tissue in cm/s and all others in m/s."""
    return READ[key].unit


def velocity_value(key: str, velocity_cm_s: float, doubt: str = "") -> ReadValue:
    """The magnitude in the dictionary's unit with the direction found. What moves the wrong way is refused; so is e', which
    nothing but the sign tells from s', wherever there is a `doubt` of it.
    """
    unit, found = velocity_unit(key), direction_of(velocity_cm_s)
    is_tissue = set(READ[key].views) <= TISSUE_DOPPLER
    if is_tissue and doubt:
        return not_measured(key, unit, [(Reason.CALIBRATION_INCONSISTENT, doubt)])
    expected = READ[key].direction
    if is_tissue and expected and found is not expected:
        words = f"{velocity_cm_s:.3g} cm/s {found.words} is systole's (s'), that of e' is {expected.words}"
        return not_measured(key, unit, [(Reason.OUTSIDE_LIMITS, words)])
    if why := wrong_way(key, found):
        return not_measured(key, unit, [why])
    per_unit = 1 if unit == "cm/s" else 100
    low, high = LIMITS_CM_S[key]
    value = within(key, unit, abs(velocity_cm_s) / per_unit, (low / per_unit, high / per_unit), found.words)
    return value if value.value is None else replace(value, direction=found)


def described(region: RegionCalibration) -> str:
    return f"RegionSpatialFormat {region.spatial_format}, RegionDataType {region.data_type}, y0 {region.y0_px}"


def metadata(clip: Clip, measurement_name: str) -> dict[str, str | int | float | None]:
    """The columns with which every published table begins; who opened the file fills in its name."""
    return {
        "filename": None,
        "measurement_name": measurement_name,
        "PhotometricInterpretation": clip.photometric_interpretation or None,
        "ultrasound_color_data_present": clip.ultrasound_color_data_present,
    }
