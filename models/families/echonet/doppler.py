"""EchoNet-Measurements' peak velocities in spectral Doppler, those of one point.

Published: the lowest region, the one brightest pixel of all below its upper edge, the velocity by the size of a pixel alone.
Corrected: the region by what it says of itself, parts of pixels inside it, the signed velocity, no number from aliased flow.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.calibration import DisplayChoice, RegionCalibration
from models.catalogue import GRADIENT_OF
from models.clip import Clip
from models.derive.displays.doppler import (
    LIMITS_CM_S,
    direction_of,
    is_cut_off,
    pressure_gradient_mmhg,
    published_velocity_cm_s,
    shown_cm_s,
)
from models.derive.displays.spectral_image import grey, without_green_trace
from models.derive.displays.spectral_peaks import published_peak, soft_peak
from models.families.echonet.display import (
    described,
    metadata,
    probabilities,
    published_region,
    published_unit_problem,
    velocity_unit,
    velocity_value,
)
from models.families.echonet.display_reader import DisplayReader, trace_maps
from models.library.manifest import Manifest
from models.library.reading import Absent, Mark, Reading, not_measured
from models.networks.linear_values import short_name
from models.results import CaliperKind, Point, ReadValue, Reason, of_frames

COLUMNS = (
    "filename", "measurement_name", "PhotometricInterpretation", "ultrasound_color_data_present", "PhysicalDeltaY", "y0",
    "horizontal_line", "predicted_x", "predicted_y", "peak_velocity", "height", "width",
)  # fmt: skip


class PeakReader(DisplayReader):
    """The screen from the region's upper edge down (n, 3, h, w) -> logits (n, 1, h, w) of the peak.

    `in_folder` is the published scripts' way over several files, which passes over regions at other rows.
    """

    columns = COLUMNS

    def __init__(self, manifest: Manifest) -> None:
        super().__init__(manifest)
        self.key = str(manifest.architecture["key"])
        fastest = LIMITS_CM_S[self.key][1]
        self.own_limits = {"peak_velocity": (-fastest, fastest)}

    def _published(self, clip: Clip, frame: NDArray[np.uint8]) -> Reading:
        region = published_region(clip, in_folder=self.in_folder)
        x, y = published_peak(probabilities(self, frame, region.y0_px)[0])
        velocity_cm_s = published_velocity_cm_s(y + region.y0_px, region)
        reference_px = region.reference_pixel_y0_px or 0
        absent = published_unit_problem(region)
        values = (
            self._unmeasured(absent)[:1] if absent else (self._in_its_unit(velocity_cm_s, "positive is below the baseline"),)
        )
        row = self._row(clip, abs(region.physical_delta_y), region.y0_px, reference_px, (x, y + region.y0_px), velocity_cm_s)
        return Reading(
            values=values,
            columns=COLUMNS,
            rows=(row,),
            marks=(self._mark((x, y + region.y0_px), velocity_cm_s),),
            notes=("published decoding", f"the lowest region, {described(region)}"),
        )

    def _corrected(self, clip: Clip, frame_index: int, choice: DisplayChoice) -> Reading:
        trace = trace_maps(self, clip, frame_index, choice)
        place, probability, absent, notes = trace.place, trace.maps[0], trace.absent, trace.notes
        least = self.manifest.threshold("least_probability")
        if probability.max() < least:
            absent.append((Reason.QUALITY, f"no peak: the highest probability is below {least:g}"))
            return Reading(self._unmeasured(absent), COLUMNS, (), (), notes)
        x, y = soft_peak(probability)
        point = place.to_image(x, y)
        if choice.region is None:
            pixels = (ReadValue("peak_x", "px", point[0], of_frames(0)), ReadValue("peak_y", "px", point[1], of_frames(0)))
            row = self._row(clip, None, place.first_row, None, point, None)
            return Reading((*pixels, *self._unmeasured(absent)), COLUMNS, (row,), (self._mark(point, None),), notes)
        region = choice.region
        display = grey(
            without_green_trace(clip.take([frame_index])[0])[region.y0_px : region.y1_px + 1, region.x0_px : region.x1_px + 1]
        )
        velocity_cm_s = region.physical_y(point[1])
        if is_cut_off(display, x, y, region.zero_row_px - region.y0_px):
            values = self._cut_off(velocity_cm_s, region, absent)
        else:
            values = self._unmeasured(absent) if absent else self._values(velocity_cm_s, region)
        shown_cm_s = None if values[0].value is None else velocity_cm_s
        row = self._row(clip, region.physical_delta_y, region.y0_px, region.reference_pixel_y0_px, point, shown_cm_s)
        return Reading(values, COLUMNS, (row,), (self._mark(point, shown_cm_s),), notes)

    def _values(self, velocity_cm_s: float, region: RegionCalibration) -> tuple[ReadValue, ...]:
        """The magnitude under the dictionary's key, the signed velocity beside it, and the gradient of a jet."""
        value = velocity_value(self.key, velocity_cm_s, _doubt_of_sign(region))
        if value.value is None:
            refused = [(value.reasons[0], value.detail)]
            return value, not_measured("peak_velocity", "cm/s", refused), *self._unmeasured(refused)[1:]
        signed = ReadValue("peak_velocity", "cm/s", velocity_cm_s, of_frames(0), detail="positive is towards the transducer")
        if self.key not in GRADIENT_OF:
            return value, signed
        mmhg = pressure_gradient_mmhg(velocity_cm_s / 100)
        gradient = ReadValue(GRADIENT_OF[self.key], "mm[Hg]", mmhg, of_frames(0), detail="4 v^2", direction=value.direction)
        return value, signed, gradient

    def _cut_off(self, velocity_cm_s: float, region: RegionCalibration, absent: list[Absent]) -> tuple[ReadValue, ...]:
        """Nothing measured, and how much may have been missed, where the scale can be believed."""
        aliased = (Reason.QUALITY, "aliasing: the flow reaches the edge of the display")
        value, *others = self._unmeasured([*absent, aliased])
        if not absent:
            at_least = shown_cm_s(region) / (1 if value.unit == "cm/s" else 100)
            value = replace(value, direction=direction_of(velocity_cm_s), at_least=at_least)
        return value, *others

    def _unmeasured(self, absent: list[Absent]) -> tuple[ReadValue, ...]:
        keys = [(self.key, velocity_unit(self.key))]
        keys += [(GRADIENT_OF[self.key], "mm[Hg]")] if self.key in GRADIENT_OF else []
        return tuple(not_measured(key, unit, absent) for key, unit in keys)

    def _in_its_unit(self, velocity_cm_s: float, detail: str) -> ReadValue:
        unit = velocity_unit(self.key)
        return ReadValue(self.key, unit, velocity_cm_s if unit == "cm/s" else velocity_cm_s / 100, of_frames(0), detail=detail)

    def _row(
        self, clip: Clip, delta_y: float | None, y0: int, reference_px: int | None, point: Point, velocity_cm_s: float | None
    ) -> dict[str, str | int | float | None]:
        return metadata(clip, short_name(self.manifest)) | {
            "PhysicalDeltaY": delta_y,
            "y0": y0,
            "horizontal_line": reference_px,
            "predicted_x": point[0],
            "predicted_y": point[1],
            "peak_velocity": velocity_cm_s,
            "height": clip.rows,
            "width": clip.columns,
        }

    def _mark(self, point: Point, velocity_cm_s: float | None) -> Mark:
        label = short_name(self.manifest) if velocity_cm_s is None else f"{short_name(self.manifest)} {velocity_cm_s:.1f} cm/s"
        return Mark(0, CaliperKind.POINT, (point,), label, keys=(self.key, "peak_velocity"))


def _doubt_of_sign(region: RegionCalibration) -> str:
    """A usual display grows upwards. Where the axis says otherwise, one number tells no inverted display from a lost sign."""
    if region.physical_delta_y < 0:
        return ""
    return "PhysicalDeltaY is positive: an inverted display, or a sender that leaves its sign out, which exchanges e' and s'"


def build(manifest: Manifest) -> PeakReader:
    return PeakReader(manifest)
