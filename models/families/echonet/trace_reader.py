"""A network that measures in a spectral or M-mode display: which frame of a film it is asked about."""

from abc import ABC, abstractmethod
from dataclasses import replace

import cv2
import numpy as np

from models.calibration import TraceChoice
from models.clip import Clip
from models.derive.displays.spectral_image import without_green_trace
from models.derive.displays.sweep import Display, Sweep, last_whole_sweep
from models.families.echonet.frames import Frames
from models.families.echonet.trace import Absent, clock_s, corrected_notes, place_of, still, why_uncalibrated
from models.library.reading import Decoding, Reading, ReadValue
from models.networks.reading_network import ReadingNetwork
from models.networks.vision import DeepLab
from models.results import Reason


class TraceReader(ReadingNetwork, DeepLab, ABC):
    """`read` measures a still; corrected also a film, on the last frame that shows one whole sweep, never on several."""

    columns: tuple[str, ...]

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        """Published raises ReadingError for several frames, and where the scripts end with an error."""
        if decoding is Decoding.PUBLISHED:
            return self._published(clip, still(clip))
        choice = self._choice(clip)
        sweep = whole_sweep(clip, choice)
        if sweep.frame_index is None:
            absent = [*why_uncalibrated(choice), (Reason.NO_CARDIAC_CYCLE, sweep.words)]
            return Reading(self._unmeasured(absent), self.columns, (), (), corrected_notes(choice))
        frame: Frames = clip.take([sweep.frame_index])[0]
        return _on_frame(self._corrected(clip, frame, choice), sweep)

    def _choice(self, clip: Clip) -> TraceChoice:
        return clip.spectral_region()

    @abstractmethod
    def _published(self, clip: Clip, frame: Frames) -> Reading: ...

    @abstractmethod
    def _corrected(self, clip: Clip, frame: Frames, choice: TraceChoice) -> Reading:
        """Of this frame alone, its values and marks numbered as those of a still."""

    @abstractmethod
    def _unmeasured(self, absent: list[Absent]) -> tuple[ReadValue, ...]:
        """Each of the reader's quantities, and why it is absent."""


def whole_sweep(clip: Clip, choice: TraceChoice) -> Sweep:
    """Which frame shows one whole sweep; looked for once for all readers of a trace."""
    if clip.number_of_frames == 1:
        return Sweep(0, "")
    place = place_of(choice, clip)
    runs_left = (clock_s(choice.seen) or 0) < 0

    def display(index: int) -> Display:
        screen = without_green_trace(clip.take([index])[0][place.first_row :][place.rows, place.columns])
        seen = np.asarray(cv2.cvtColor(screen, cv2.COLOR_RGB2GRAY), np.uint8)
        return seen[:, ::-1] if runs_left else seen

    return clip.cache.once(("sweep", place.first_row, str(place)), lambda: last_whole_sweep(display, clip.number_of_frames))


def _on_frame(reading: Reading, sweep: Sweep) -> Reading:
    """The reading of a frame as one of its film: values and marks name the frame, notes say why it was chosen."""
    index = sweep.frame_index or 0
    values = tuple(value if value.frame_index is None else replace(value, frame_index=index) for value in reading.values)
    marks = tuple(replace(mark, frame_index=index) for mark in reading.marks)
    notes = (*reading.notes, sweep.words) if sweep.words else reading.notes
    return replace(reading, values=values, marks=marks, notes=notes)
