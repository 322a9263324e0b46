"""EchoNet-Measurements' mitral inflow: the peaks of early (E) and atrial (A) filling and their ratio.

Published: from row 342 on whatever the region says, the two nearest blobs from left to right, velocities without sign.
Corrected: from the region's true upper edge, an E and the A that follows it within one beat, by time, both to the same side.
"""

import numpy as np
from numpy.typing import NDArray

from models.calibration import DisplayChoice, RegionCalibration
from models.catalogue import READ
from models.clip import Clip
from models.derive.displays.doppler import is_cut_off
from models.derive.displays.spectral_image import grey, without_green_trace
from models.derive.displays.spectral_peaks import MOST_APART_PX, Candidate, best_pair, candidates, follows, published_pair
from models.errors import NoPointPair, ReadingError
from models.families.echonet.display import (
    ECG_KEPT_NOTE,
    ECG_NOTE,
    PUBLISHED_ROW,
    Place,
    clock_s,
    described,
    metadata,
    probabilities,
    published_region,
    published_unit_problem,
    velocity_value,
)
from models.families.echonet.display_reader import DisplayReader, trace_maps
from models.library.manifest import Manifest
from models.library.reading import Absent, Mark, Reading, not_measured
from models.results import CaliperKind, Point, ReadValue, Reason, of_frames

COLUMNS = (
    "filename", "measurement_name", "PhotometricInterpretation", "ultrasound_color_data_present", "PhysicalDeltaY", "y0",
    "horizontal_line", "predicted_xe", "predicted_ye", "predicted_xa", "predicted_ya",
    "Inference_E_Vel", "Inference_A_Vel", "Inference_EperA", "height", "width",
)  # fmt: skip
_KEYS = (("mv_e", "m/s"), ("mv_a", "m/s"), ("mv_ea", "1"))
_LEAST_APART_S, _MOST_APART_S = 0.06, 1.1  # from E to A, up to the slow diastole of 40 bpm
_RATIO_LIMITS = READ["mv_ea"].limits
_A, _E = 0, 1  # the maps' order

# One wave a beat is seen in atrial fibrillation (E), of waves grown together (neither), and where the network missed one of
# two. The ECG that would tell is not read, and whether the network learnt images without an A is not published.
_NO_LONE_E = (
    "a wave alone may be E, A, or both grown together (atrial fibrillation, fast hearts): E is not guessed without an A"
)

Row = dict[str, str | int | float | None]


class MitralInflowReader(DisplayReader):
    """The screen from row 342, or the region's upper edge, down (n, 3, h, w) -> logits (n, 2, h, w) of A and E."""

    columns = COLUMNS

    def _published(self, clip: Clip, frame: NDArray[np.uint8]) -> Reading:
        region = published_region(clip, in_folder=True, first_row=PUBLISHED_ROW)  # also for one file
        maps = probabilities(self, frame, PUBLISHED_ROW, green_trace=True)
        e, a = published_pair(maps)
        if abs(e[0] - a[0]) > MOST_APART_PX:
            raise ReadingError(f"the two peaks are {abs(e[0] - a[0])} px apart, more than {MOST_APART_PX}")
        reference_px, delta_y = region.reference_pixel_y0_px or 0, abs(region.physical_delta_y)
        e_cm_s, a_cm_s = (round(abs(y - reference_px) * delta_y, 4) for _, y in (e, a))
        ratio = round(e_cm_s / a_cm_s, 3) if a_cm_s else None
        row = _row(clip, delta_y, region.y0_px, reference_px, (e, a), (e_cm_s, a_cm_s, ratio))
        on_screen = [(float(x), float(y + PUBLISHED_ROW)) for x, y in (e, a)]
        values = [ReadValue(key, "m/s", cm_s / 100, of_frames(0)) for key, cm_s in (("mv_e", e_cm_s), ("mv_a", a_cm_s))]
        if ratio is not None:
            values.append(ReadValue("mv_ea", "1", ratio, of_frames(0)))
        if absent := published_unit_problem(region):
            values = list(self._unmeasured(absent))
        where = f"the lowest region, {described(region)}; rows counted from {PUBLISHED_ROW}"
        notes = ("published decoding", where, ECG_KEPT_NOTE)
        return Reading(tuple(values), COLUMNS, (row,), _marks(on_screen), notes)

    def _corrected(self, clip: Clip, frame_index: int, choice: DisplayChoice) -> Reading:
        trace = trace_maps(self, clip, frame_index, choice)
        place, absent, notes = trace.place, trace.absent, (*trace.notes, ECG_NOTE)
        try:
            e, a = self._pair(trace.maps, choice.seen, clip.heart_rate_bpm)
        except NoPointPair as error:
            absent.append((Reason.QUALITY, f"{error}; {_NO_LONE_E}"))
            return Reading(self._unmeasured(absent), COLUMNS, (), (), notes)
        points = [place.to_image(*e.point), place.to_image(*a.point)]
        region = choice.region
        if region is None:
            row = _row(clip, None, place.first_row, None, points, (None, None, None))
            pixels = [ReadValue(f"{name}_{axis}", "px", value, of_frames(0)) for name, point in zip("ea", points, strict=True)
                      for axis, value in zip("xy", point, strict=True)]  # fmt: skip
            return Reading((*pixels, *self._unmeasured(absent)), COLUMNS, (row,), _marks(points), notes)
        absent += _doubts(clip.take([frame_index])[0], region, (e, a), place)
        e_cm_s, a_cm_s = (region.physical_y(y) for _, y in points)
        values = self._unmeasured(absent) if absent else _values(e_cm_s, a_cm_s)
        kept = [value.value is not None for value in values]
        measured = (e_cm_s if kept[0] else None, a_cm_s if kept[1] else None, e_cm_s / a_cm_s if kept[2] else None)
        row = _row(clip, region.physical_delta_y, region.y0_px, region.reference_pixel_y0_px, points, measured)
        return Reading(values, COLUMNS, (row,), _marks(points), notes)

    def _unmeasured(self, absent: list[Absent]) -> tuple[ReadValue, ...]:
        return tuple(not_measured(key, unit, absent) for key, unit in _KEYS)

    def _pair(
        self, maps: NDArray[np.float32], seen: RegionCalibration | None, heart_rate_bpm: float | None
    ) -> tuple[Candidate, Candidate]:
        """E and A in the order of time: by the display's clock where it has one, else within the published 300 px.

        Each map has to be sure of its own wave: E of two beats, or A and the next E, are as far apart as E and A.
        """
        least = self.manifest.threshold("least_probability")
        points = candidates(maps, least)
        most_s = min(_MOST_APART_S, 60 / heart_rate_bpm) if heart_rate_bpm else _MOST_APART_S
        in_time = follows(clock_s(seen), _LEAST_APART_S, most_s)

        def belongs(e: Candidate, a: Candidate) -> bool:
            return min(e.probabilities[_E], a.probabilities[_A]) >= least and in_time(e, a)

        return best_pair(points, belongs, lambda e, a: e.probabilities[_E] + a.probabilities[_A])


def _doubts(
    frame: NDArray[np.uint8], region: RegionCalibration, pair: tuple[Candidate, Candidate], place: Place
) -> list[Absent]:
    display = grey(without_green_trace(frame)[region.y0_px : region.y1_px + 1, place.columns])
    zero_row = region.zero_row_px - region.y0_px
    absent: list[Absent] = []
    if any(is_cut_off(display, peak.x, peak.y, zero_row) for peak in pair):
        absent.append((Reason.QUALITY, "aliasing: the flow reaches the edge of the display"))
    if (pair[0].y - zero_row) * (pair[1].y - zero_row) <= 0:
        absent.append((Reason.QUALITY, "E and A lie on different sides of the baseline"))
    return absent


def _values(e_cm_s: float, a_cm_s: float) -> tuple[ReadValue, ...]:
    e, a = velocity_value("mv_e", e_cm_s), velocity_value("mv_a", a_cm_s)
    refused = [(value.reasons[0], value.detail) for value in (e, a) if value.value is None]
    ratio, (low, high) = e_cm_s / a_cm_s, _RATIO_LIMITS
    if not low <= ratio <= high:
        refused.append((Reason.OUTSIDE_LIMITS, f"a ratio of {ratio:.3g} is outside {low:g} to {high:g}"))
    return e, a, not_measured("mv_ea", "1", refused) if refused else ReadValue("mv_ea", "1", ratio, of_frames(0))


def _row(
    clip: Clip,
    delta_y: float | None,
    y0: int,
    reference_px: int | None,
    points: tuple[Point, Point] | list[Point],
    velocities: tuple[float | None, float | None, float | None],
) -> Row:
    """Published, the points are px of the crop; corrected, of the whole image."""
    (xe, ye), (xa, ya) = points
    return metadata(clip, "MV_Peak") | {
        "PhysicalDeltaY": delta_y, "y0": y0, "horizontal_line": reference_px,
        "predicted_xe": xe, "predicted_ye": ye, "predicted_xa": xa, "predicted_ya": ya,
        "Inference_E_Vel": velocities[0], "Inference_A_Vel": velocities[1], "Inference_EperA": velocities[2],
        "height": clip.rows, "width": clip.columns,
    }  # fmt: skip


def _marks(points: list[Point]) -> tuple[Mark, ...]:
    return tuple(
        Mark(0, CaliperKind.POINT, (point,), wave, keys=(f"mv_{wave.lower()}",))
        for wave, point in zip("EA", points, strict=True)
    )


def build(manifest: Manifest) -> MitralInflowReader:
    return MitralInflowReader(manifest)
