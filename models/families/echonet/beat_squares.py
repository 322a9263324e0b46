"""What EchoNet-Segmentation's networks of velocity-time integrals see of a clip in the corrected decoding: the beats."""

from collections.abc import Sequence
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from models.clip import Clip
from models.derive.displays import vti
from models.derive.displays.spectral_beats import SpectralBeats, find_spectral_beats
from models.derive.displays.spectral_image import grey, without_green_trace
from models.errors import ReadingError
from models.families.echonet.display import clock_s, place_of
from models.families.echonet.display_frames import frame_read
from models.families.echonet.frames import Frames
from models.families.echonet.whole_frames import as_values
from models.inputs.clip_input import rectangle_to_image
from models.library.manifest import Manifest

_MARGIN = 0.05  # of a beat's width, on either side: how much a detector's box leaves is not published
_MITRAL = "mv_vti"


class BeatSquares:
    """Of the one frame that is read, each beat's columns from the region's upper edge down, resized to a square."""

    def __init__(self, clip: Clip, manifest: Manifest) -> None:
        self._clip, self._choice = clip, clip.spectral_region()
        self._two_humps = has_two_humps(manifest)
        self.place = place_of(self._choice, clip)

    def chosen(self, wanted: Sequence[int]) -> Sequence[int]:
        """The one frame that shows a whole sweep. Raises ReadingError where none does, and where it shows no whole beat."""
        index = frame_read(self._clip, self._choice)
        if not self.columns(index):
            raise ReadingError("no whole beat on the display")
        return (index,)

    def batch(self, frames: Sequence[int]) -> Tensor:
        """All beats of the one frame: RGB (beats, 3, 256, 256), float32, 0 to 1."""
        (index,) = frames
        screen = self._clip.take([index])[0][self.place.first_row :]
        return as_values([square(screen[:, columns]) for columns in self.columns(index)])

    def to_image(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """`points_px` (n, 2), (x, y) px of the first beat's square, in px of the whole image (n, 2)."""
        first = self.columns(frame_read(self._clip, self._choice))[0]
        window = (first.start, self.place.first_row, first.stop, self._clip.rows)
        return rectangle_to_image(points_px, window, vti.SIZE_PX, vti.SIZE_PX)

    @property
    def zero_row(self) -> float:
        """The baseline, in rows of the display."""
        region = self._choice.region
        return self._rows / 2 if region is None else region.zero_row_px - region.y0_px

    @cached_property
    def _rows(self) -> int:
        return len(range(*self.place.rows.indices(self._clip.rows - self.place.first_row)))

    def found(self, frame_index: int) -> SpectralBeats:
        """The beats on this frame, looked for once."""
        if frame_index not in self._found:
            screen = without_green_trace(self._clip.take([frame_index])[0])[self.place.first_row :]
            period_s = abs(clock_s(self._choice.seen) or 0) or None
            box = grey(screen)[self.place.rows, self.place.columns]
            self._found[frame_index] = find_spectral_beats(box, self.zero_row, period_s, two_humps=self._two_humps)
        return self._found[frame_index]

    @cached_property
    def _found(self) -> dict[int, SpectralBeats]:
        return {}

    def columns(self, frame_index: int) -> list[slice]:
        """Those of each beat and of its margin, in px of the screen."""
        return beat_columns(self.found(frame_index), self.place.columns.start, self._clip.columns)


def has_two_humps(manifest: Manifest) -> bool:
    """Whether a beat of this flow has an early and a late part."""
    return manifest.architecture["key"] == _MITRAL


def beat_columns(found: SpectralBeats, first_column: int, width: int) -> list[slice]:
    columns = []
    for beat in found.beats:
        margin = round(_MARGIN * (beat.last_column - beat.first_column + 1))
        first = max(beat.first_column - margin, 0) + first_column
        columns.append(slice(first, min(beat.last_column + 1 + margin + first_column, width)))
    return columns


def square(part: Frames) -> Frames:
    """RGB `part` of a screen (rows, columns, 3), 0 to 255 -> (256, 256, 3)."""
    return np.asarray(cv2.resize(np.ascontiguousarray(part), (vti.SIZE_PX, vti.SIZE_PX)), np.uint8)
