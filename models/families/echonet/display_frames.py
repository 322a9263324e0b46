"""What EchoNet-Measurements' Doppler and M-mode networks see of a clip corrected, and on which frame of a clip."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from models.calibration import DisplayChoice
from models.clip import Clip
from models.derive.displays.spectral_image import without_green_trace
from models.derive.displays.sweep import Sweep
from models.errors import ReadingError
from models.families.echonet.display import clock_s, place_of
from models.families.echonet.whole_frames import as_values
from models.inputs.clip_sweep import sweep_of
from models.library.manifest import Manifest


class DisplayFrames:
    """The screen from the upper edge of the trace's region down, in full width, not resized, without its green ECG trace."""

    def __init__(self, clip: Clip, choice: DisplayChoice) -> None:
        self._clip, self._choice, self.place = clip, choice, place_of(choice, clip)

    def chosen(self, wanted: Sequence[int]) -> Sequence[int]:
        """The one frame that shows a whole sweep. Raises ReadingError where none does."""
        return (frame_read(self._clip, self._choice),)

    def batch(self, frames: Sequence[int]) -> Tensor:
        """These `frames`, RGB (n, 3, rows, columns), float32, 0 to 1."""
        return as_values([without_green_trace(frame)[self.place.first_row :] for frame in self._clip.take(frames)])

    def to_image(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """`points_px` (n, 2), (x, y) px of the screen below that edge, in px of the whole image (n, 2)."""
        return np.asarray(points_px + np.array([0.0, self.place.first_row]))


def spectral(clip: Clip, manifest: Manifest) -> DisplayFrames:
    return DisplayFrames(clip, clip.spectral_region())


def m_mode(clip: Clip, manifest: Manifest) -> DisplayFrames:
    return DisplayFrames(clip, clip.m_mode_region())


def frame_read(clip: Clip, choice: DisplayChoice) -> int:
    """Raises ReadingError where no frame shows one whole sweep."""
    sweep = whole_sweep(clip, choice)
    if sweep.frame_index is None:
        raise ReadingError(sweep.words)
    return sweep.frame_index


def whole_sweep(clip: Clip, choice: DisplayChoice) -> Sweep:
    """Which frame shows one whole sweep; looked for once for all readers of a trace."""
    place = place_of(choice, clip)
    rows = slice(place.first_row + place.rows.start, place.first_row + place.rows.stop)
    return sweep_of(clip, rows, place.columns, runs_left=(clock_s(choice.seen) or 0) < 0)
