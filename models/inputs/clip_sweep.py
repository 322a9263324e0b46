"""Which frame of a clip of a spectral or M-mode display shows one whole sweep; looked for once for all readers of a trace."""

import cv2
import numpy as np

from models.clip import Clip
from models.derive.displays.spectral_image import without_green_trace
from models.derive.displays.sweep import Display, Sweep, last_whole_sweep


def sweep_of(clip: Clip, rows: slice, columns: slice, *, runs_left: bool) -> Sweep:
    """Of the display in these rows and columns, px of the whole image; `runs_left`: its time runs to the left."""
    if clip.number_of_frames == 1:
        return Sweep(0, "")

    def display(index: int) -> Display:
        screen = without_green_trace(clip.take([index])[0][rows, columns])
        seen = np.asarray(cv2.cvtColor(screen, cv2.COLOR_RGB2GRAY), np.uint8)
        return seen[:, ::-1] if runs_left else seen

    return clip.cache.once(("sweep", str((rows, columns))), lambda: last_whole_sweep(display, clip.number_of_frames))
