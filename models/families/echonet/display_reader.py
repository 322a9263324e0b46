"""A network that measures in a spectral or M-mode display: which frame of a clip it is asked about."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from torch import nn

from models.calibration import DisplayChoice
from models.clip import Clip
from models.derive.calipers.heat_map import sigmoid
from models.derive.displays.sweep import Sweep
from models.families.echonet.display import Place, corrected_notes, single_frame
from models.families.echonet.display_frames import DisplayFrames, whole_sweep
from models.families.echonet.frames import Frames
from models.library.reading import Absent, Decoding, Reading, why_uncalibrated
from models.networks.frame_answers import frame_answers
from models.networks.reading_network import ReadingNetwork
from models.networks.vision import DeepLab
from models.results import ReadValue, Reason, of_frames


class DisplayReader(ReadingNetwork, DeepLab, ABC):
    """`read` measures a single frame; corrected also a clip, on the last frame that shows one whole sweep, never on several."""

    columns: tuple[str, ...]

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        """Published raises ReadingError for several frames, and where the scripts end with an error."""
        if decoding is Decoding.PUBLISHED:
            return self._published(clip, single_frame(clip))
        choice = self._choice(clip)
        sweep = whole_sweep(clip, choice)
        if sweep.frame_index is None:
            absent = [*why_uncalibrated(choice), (Reason.NO_CARDIAC_CYCLE, sweep.words)]
            return Reading(self._unmeasured(absent), self.columns, (), (), corrected_notes(choice))
        return _on_frame(self._corrected(clip, sweep.frame_index, choice), sweep)

    def _choice(self, clip: Clip) -> DisplayChoice:
        return clip.spectral_region()

    @abstractmethod
    def _published(self, clip: Clip, frame: Frames) -> Reading: ...

    @abstractmethod
    def _corrected(self, clip: Clip, frame_index: int, choice: DisplayChoice) -> Reading:
        """Of this frame alone, its values and marks numbered as those of a single frame."""

    @abstractmethod
    def _unmeasured(self, absent: list[Absent]) -> tuple[ReadValue, ...]:
        """Each of the reader's quantities, and why it is absent."""


@dataclass(frozen=True, eq=False)
class TraceMaps:
    """What a corrected decoding starts from: `maps` are probabilities (outputs, rows, columns) of the box of `place`."""

    place: Place
    maps: NDArray[np.float32]
    absent: list[Absent]
    notes: tuple[str, ...]


def trace_maps(network: nn.Module, clip: Clip, frame_index: int, choice: DisplayChoice) -> TraceMaps:
    """The probabilities in the chosen region, with why its scale may be of no use and which rule chose it."""
    seen = DisplayFrames(clip, choice)
    (logits,) = frame_answers(network, seen, (frame_index,), at_once=1)
    maps = sigmoid(logits.numpy())[:, seen.place.rows, seen.place.columns]
    return TraceMaps(seen.place, maps, why_uncalibrated(choice), corrected_notes(choice))


def _on_frame(reading: Reading, sweep: Sweep) -> Reading:
    """The reading of a frame as one of its clip: values and marks name the frame, notes say why it was chosen."""
    index = sweep.frame_index or 0
    values = tuple(replace(value, sources=of_frames(index)) if value.sources else value for value in reading.values)
    marks = tuple(replace(mark, frame_index=index) for mark in reading.marks)
    notes = (*reading.notes, sweep.words) if sweep.words else reading.notes
    return replace(reading, values=values, marks=marks, notes=notes)
