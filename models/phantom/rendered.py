"""What every generator hands on: pictures of a heart, and what is exactly true of them.

A generator draws a plane (`PlaneClip`) or a trace (`Trace`), in mm, seconds and cm/s. A screen sets them among text and
marks, as a cart does (`Rendered`), in px of the whole image. Networks are trained on either.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.calibration import RegionCalibration
from models.catalogue import Mode, View
from models.results import Contour, Point

# What masks and contours name, in the order of the label maps: 0 is nothing of these.
STRUCTURES = ("lv", "lv_wall", "la", "ra", "rv", "aorta")


@dataclass(frozen=True)
class SectorShape:
    """A sector of `half_angle_rad` about the central beam, from `near_mm` to `far_mm` of the origin of the beams.

    The origin lies `near_mm` behind the probe's face, so the image has a curved top. Depth as a cart states it is `far_mm -
    near_mm`.
    """

    half_angle_rad: float
    near_mm: float
    far_mm: float


@dataclass(frozen=True, eq=False)
class PlaneClip:
    """A plane through a heart over time. Places in the plane are (lateral, axial) in mm from the origin of the beams.

    `frame_times_ms` (frames,) is float64, from the first frame on. `polar` is float32, (frames, samples, lines), 0 to 1:
    samples from `near_mm` to `far_mm`, lines from the image's left to its right. `colour` is None, or the velocity of flow in
    cm/s towards the transducer, float32, of the same shape, NaN without flow. `contours_mm` holds by structure (`STRUCTURES`)
    float64 (frames, points, 2), absent where the plane does not cut it; NaN on frames where it does not. `landmarks_mm` holds
    by quantity key the two ends of its line, float64 (frames, 2, 2), NaN on frames where the line is not to be drawn.
    `values` are the true numbers that can be read here, by key, in the catalogue's units. `ed_frames` and `es_frames` are
    0-based, one pair per whole beat. `quality` is 0 (worst) to 3, `quality_cause` why it is not 3.
    """

    view: View
    echoview47: str
    sector: SectorShape
    polar: NDArray[np.float32]
    frame_times_ms: NDArray[np.float64]
    r_wave_times_ms: tuple[float, ...]
    heart_rate_bpm: float
    quality: int
    quality_cause: str = ""
    colour: NDArray[np.float32] | None = None
    contours_mm: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    landmarks_mm: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    ed_frames: tuple[int, ...] = ()
    es_frames: tuple[int, ...] = ()


@dataclass(frozen=True)
class TraceMark:
    """Where a number is read in a trace: one place or two, each (seconds from the left edge, physical value of the row).

    The value is in cm/s of a spectrum and in cm of depth of an M-mode. `key` is the quantity's.
    """

    key: str
    places: tuple[tuple[float, float], ...]


@dataclass(frozen=True, eq=False)
class Trace:
    """A spectrum or an M-mode over time: `panel` float32 (rows, columns), 0 to 1, time from left to right.

    The centre of a row stands for `top_value + row * per_row`. Of a spectrum that is cm/s, positive towards the transducer,
    so `per_row` is negative unless the display is inverted; of an M-mode it is cm of depth. `envelope_cm_s` (columns,)
    float64 is the true outer edge of the flow of a spectrum, signed, 0 without flow. `depths_cm` holds by name the true depth
    of each border that an M-mode shows, float64 (columns,).
    """

    view: View
    echoview47: str
    mode: Mode
    panel: NDArray[np.float32]
    seconds_per_column: float
    top_value: float
    per_row: float
    r_wave_times_ms: tuple[float, ...]
    heart_rate_bpm: float
    quality: int
    quality_cause: str = ""
    envelope_cm_s: NDArray[np.float64] | None = None
    depths_cm: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    marks: tuple[TraceMark, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Landmark:
    """The true ends of a line, or a single place, on one frame: (x, y) in px of the whole image. `key` is the quantity's."""

    key: str
    frame_index: int
    points_px: tuple[Point, ...]


@dataclass(frozen=True, eq=False)
class Rendered:
    """One object of a study as a cart would store it, and its truth in px of the whole image.

    `frames` is uint8: grey (frames, rows, columns) or RGB (frames, rows, columns, 3), 0 to 255. `frame_times_ms` (frames,) is
    float64, from the first frame on.
    """

    view: View
    echoview47: str
    mode: Mode
    quality: int
    quality_cause: str
    frames: NDArray[np.uint8]
    frame_times_ms: NDArray[np.float64]
    r_wave_times_ms: tuple[float, ...]
    heart_rate_bpm: float
    regions: tuple[RegionCalibration, ...]
    contours: tuple[Contour, ...] = ()
    landmarks: tuple[Landmark, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)
    ed_frames: tuple[int, ...] = ()
    es_frames: tuple[int, ...] = ()
