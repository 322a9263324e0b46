"""EchoNet-Measurements' TAPSE in M-mode: the tricuspid annulus from end-diastole, low on the screen, to end-systole.

Published: the length of the slanted line, seconds and centimetres added as if they were one; a folder's images are cut at row
342, a single one at its region. Corrected: the way along the beam alone, from a low point to the high one that follows it.
"""

import numpy as np
from numpy.typing import NDArray

from models.calibration import DisplayChoice, RegionCalibration
from models.clip import Clip
from models.derive.displays.m_mode import TAPSE_LIMITS_CM, published_tapse_cm, tapse_cm
from models.derive.displays.spectral_peaks import Candidate, best_pair, candidates, follows, published_pair
from models.errors import NoPointPair, ReadingError
from models.families.echonet.display import (
    ECG_KEPT_NOTE,
    ECG_NOTE,
    PUBLISHED_ROW,
    clock_s,
    described,
    metadata,
    probabilities,
    published_region,
    within,
)
from models.families.echonet.display_reader import DisplayReader, trace_maps
from models.library.manifest import Manifest
from models.library.reading import Absent, Mark, Reading, not_measured
from models.results import CaliperKind, Point, ReadValue, Reason, of_frames

COLUMNS = (
    "filename", "measurement_name", "PhotometricInterpretation", "ultrasound_color_data_present",
    "PhysicalDeltaX", "PhysicalDeltaY", "y0", "predicted_x1", "predicted_y1", "predicted_x2", "predicted_y2", "TAPSE",
)  # fmt: skip
_KEY = "tapse"
_LEAST_APART_S, _MOST_APART_S = 0.08, 0.6  # systole, from the annulus' lowest to its highest point

Row = dict[str, str | int | float | None]


class TapseReader(DisplayReader):
    """The screen from the region's upper edge down (n, 3, h, w) -> logits (n, 2, h, w) of the two ends.

    Which map is which end is not published. `in_folder` is the published scripts' way over several files: cut at row 342,
    regions at other rows passed over, and no line that falls from left to right.
    """

    columns = COLUMNS

    def _choice(self, clip: Clip) -> DisplayChoice:
        return clip.m_mode_region()

    def _unmeasured(self, absent: list[Absent]) -> tuple[ReadValue, ...]:
        return (not_measured(_KEY, "cm", absent),)

    def _published(self, clip: Clip, frame: NDArray[np.uint8]) -> Reading:
        region = published_region(clip, in_folder=self.in_folder, first_row=PUBLISHED_ROW if self.in_folder else None)
        first_row = PUBLISHED_ROW if self.in_folder else region.y0_px
        left, right = published_pair(probabilities(self, frame, first_row, green_trace=True))
        if self.in_folder and left[1] < right[1]:
            raise ReadingError("the left point is higher than the right one")
        value_cm = published_tapse_cm(left, right, region)
        deltas = abs(region.physical_delta_x), abs(region.physical_delta_y)
        row = _row(clip, deltas, region.y0_px, (left, right), value_cm)
        on_screen = [(float(x), float(y + first_row)) for x, y in (left, right)]
        notes = ("published decoding", f"the lowest region, {described(region)}; rows from {first_row} on", ECG_KEPT_NOTE)
        return Reading((ReadValue(_KEY, "cm", value_cm, of_frames(0)),), COLUMNS, (row,), (_mark(on_screen),), notes)

    def _corrected(self, clip: Clip, frame_index: int, choice: DisplayChoice) -> Reading:
        trace = trace_maps(self, clip, frame_index, choice)
        place, absent, notes = trace.place, trace.absent, (*trace.notes, ECG_NOTE)
        try:
            ends = self._pair(trace.maps, choice.seen)
        except NoPointPair:
            absent.append((Reason.NO_CARDIAC_CYCLE, "no low point of the annulus with a high one after it within a systole"))
            return Reading(self._unmeasured(absent), COLUMNS, (), (), notes)
        points = [place.to_image(*end.point) for end in ends]
        region = choice.region
        if region is None:
            pixels = ReadValue(_KEY, "px", abs(points[1][1] - points[0][1]), of_frames(0))
            row = _row(clip, (None, None), place.first_row, points, None)
            return Reading((pixels, *self._unmeasured(absent)), COLUMNS, (row,), (_mark(points),), notes)
        value = within(_KEY, "cm", tapse_cm(points[0], points[1], region), TAPSE_LIMITS_CM)
        row = _row(clip, (region.physical_delta_x, region.physical_delta_y), region.y0_px, points, value.value)
        return Reading((value,), COLUMNS, (row,), (_mark(points),), notes)

    def _pair(self, maps: NDArray[np.float32], seen: RegionCalibration | None) -> tuple[Candidate, Candidate]:
        """The annulus low, then high, the transducer being above; by the display's clock where it has one."""
        points = candidates(maps, self.manifest.threshold("least_probability"))
        in_systole = follows(clock_s(seen), _LEAST_APART_S, _MOST_APART_S)

        def score(low: Candidate, high: Candidate) -> float:
            return max(low.probabilities[k] + high.probabilities[1 - k] for k in (0, 1))

        return best_pair(points, lambda low, high: low.y > high.y and in_systole(low, high), score)


def _row(
    clip: Clip,
    deltas: tuple[float | None, float | None],
    y0: int,
    points: tuple[Point, Point] | list[Point],
    value_cm: float | None,
) -> Row:
    """Published, the points are px of the crop; corrected, of the whole image."""
    (x1, y1), (x2, y2) = points
    return metadata(clip, "TAPSE") | {
        "PhysicalDeltaX": deltas[0], "PhysicalDeltaY": deltas[1], "y0": y0,
        "predicted_x1": x1, "predicted_y1": y1, "predicted_x2": x2, "predicted_y2": y2, "TAPSE": value_cm,
    }  # fmt: skip


def _mark(points: list[Point]) -> Mark:
    return Mark(0, CaliperKind.LINE, tuple(points), "TAPSE", keys=(_KEY,))


def build(manifest: Manifest) -> TapseReader:
    return TapseReader(manifest)
