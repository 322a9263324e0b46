"""What is wrong with the headers of real files now and then, put into synthetic ones on purpose; the truth stays what it is."""

import math
from dataclasses import replace
from enum import StrEnum

import cv2
import numpy as np
from pydicom.dataset import Dataset

from models.calibration import PhysicalUnit, RegionCalibration, RegionSpatialFormat
from models.phantom.rendered import Landmark, Rendered
from models.results import Contour, Point

_ANGLE_DEG = 35.0
_HZ_PER_CM_S = 26.0  # of a 2 MHz probe: 2 * f / c, c = 1540 m/s


class Flaw(StrEnum):
    NO_REGION = "no_region"
    SCALED_PIXELS = "scaled_pixels"  # made half as large, as an archive does, and the regions left as they were
    HERTZ = "hertz"  # the spectrum's scale in frequency shifts
    INVERTED_SIGN = "inverted_sign"  # of the spectrum's delta
    ANGLE_CORRECTED = "angle_corrected"
    NO_FRAME_TIME = "no_frame_time"
    PRIVATE_TAGS = "private_tags"  # without creator, with values that no reader expects
    ZERO_BODY = "zero_body"  # height and weight stated as 0


_MOVING, _DISPLAYS = ("loop", "colour"), ("display",)
_EVERY = (*_MOVING, "still", *_DISPLAYS)
# What kinds of object a flaw can be put into.
FITTING: dict[Flaw, tuple[str, ...]] = {
    Flaw.NO_REGION: _EVERY, Flaw.SCALED_PIXELS: ("loop", "colour", "still"), Flaw.HERTZ: _DISPLAYS,
    Flaw.INVERTED_SIGN: _DISPLAYS, Flaw.ANGLE_CORRECTED: _DISPLAYS, Flaw.NO_FRAME_TIME: _MOVING, Flaw.PRIVATE_TAGS: _EVERY,
    Flaw.ZERO_BODY: _EVERY,
}  # fmt: skip


def flawed_pixels(rendered: Rendered, flaw: Flaw | None) -> Rendered:
    """The picture as it is stored, with truth and true regions in its pixels."""
    if flaw is not Flaw.SCALED_PIXELS:
        return rendered
    rows, columns = (size // 2 for size in rendered.frames.shape[1:3])
    frames = np.stack([cv2.resize(frame, (columns, rows), interpolation=cv2.INTER_AREA) for frame in rendered.frames])
    scales = (columns / rendered.frames.shape[2], rows / rendered.frames.shape[1])

    def moved(points: tuple[Point, ...]) -> tuple[Point, ...]:
        return tuple(((x + 0.5) * scales[0] - 0.5, (y + 0.5) * scales[1] - 0.5) for x, y in points)

    return replace(
        rendered,
        frames=frames,
        regions=tuple(_scaled(region, scales) for region in rendered.regions),
        contours=tuple(Contour(one.structure, one.frame_index, moved(one.points_px)) for one in rendered.contours),
        landmarks=tuple(Landmark(one.key, one.frame_index, moved(one.points_px)) for one in rendered.landmarks),
    )


def _scaled(region: RegionCalibration, scales: tuple[float, float]) -> RegionCalibration:
    x, y = scales
    return replace(
        region,
        x0_px=round(region.x0_px * x), y0_px=round(region.y0_px * y),
        x1_px=round(region.x1_px * x), y1_px=round(region.y1_px * y),
        physical_delta_x=region.physical_delta_x / x, physical_delta_y=region.physical_delta_y / y,
        reference_pixel_x0_px=None, reference_pixel_y0_px=None,
    )  # fmt: skip


def stated_regions(regions: tuple[RegionCalibration, ...], flaw: Flaw | None) -> tuple[RegionCalibration, ...]:
    """The regions as the header has them, given those of the picture as it was drawn."""
    if flaw is Flaw.NO_REGION:
        return ()
    return tuple(
        _stated(region, flaw) if region.spatial_format == RegionSpatialFormat.SPECTRAL else region for region in regions
    )


def _stated(region: RegionCalibration, flaw: Flaw | None) -> RegionCalibration:
    if flaw is Flaw.HERTZ:
        return replace(
            region, physical_unit_y=PhysicalUnit.HERTZ, physical_delta_y=region.physical_delta_y * _HZ_PER_CM_S,
            reference_physical_value_y=region.reference_physical_value_y * _HZ_PER_CM_S,
        )  # fmt: skip
    if flaw is Flaw.INVERTED_SIGN:
        return replace(region, physical_delta_y=-region.physical_delta_y)
    if flaw is Flaw.ANGLE_CORRECTED:
        turned = region.physical_delta_y / math.cos(math.radians(_ANGLE_DEG))
        return replace(region, physical_delta_y=turned, doppler_correction_angle_deg=_ANGLE_DEG)
    return region


def flaw_header(dataset: Dataset, flaw: Flaw | None) -> None:
    if flaw is Flaw.NO_FRAME_TIME:
        for keyword in ("FrameTime", "FrameIncrementPointer", "CineRate", "RecommendedDisplayFrameRate"):
            if keyword in dataset:
                delattr(dataset, keyword)
    elif flaw is Flaw.PRIVATE_TAGS:
        dataset.add_new(0x00091001, "UN", bytes(range(64)))
        dataset.add_new(0x200D1010, "LO", "no creator stands before this")
        dataset.add_new(0x7FDF1001, "OB", bytes(1000))
    elif flaw is Flaw.ZERO_BODY:
        dataset.PatientSize = dataset.PatientWeight = "0"
