"""What EchoNet-Dynamic's networks see of a clip: its squares, minus the mean, by the deviation of the training clips."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.clip import Clip
from models.derive.beats.beat_to_beat import clip_indices, timed_clip
from models.errors import ReadingError
from models.families.echonet.clips import NOT_NORMALISABLE, normalisation, squares
from models.inputs.clip_input import PADDING
from models.library.manifest import Manifest
from models.library.reading import Decoding


class SquareFrames:
    """The segmenter's. Raises ReadingError where mean and deviation are not known, and as `squares` does."""

    def __init__(self, clip: Clip, manifest: Manifest, decoding: Decoding = Decoding.CORRECTED) -> None:
        rule = normalisation(manifest)
        if rule is None:
            raise ReadingError(f"model {manifest.name}: {NOT_NORMALISABLE}")
        self._clip, self._rule, self.cut = clip, rule, squares(clip, decoding)

    def chosen(self, wanted: Sequence[int]) -> Sequence[int]:
        return wanted

    def batch(self, frames: Sequence[int]) -> Tensor:
        """These `frames`, RGB (n, 3, 112, 112), float32, in standard deviations, no unit; zeros in the place of padding."""
        indices = np.asarray(frames)
        values = self._rule.apply(self.cut.frames[np.maximum(indices, 0)]).permute(1, 0, 2, 3)
        if (indices < 0).any():
            values[torch.from_numpy(indices < 0)] = 0
        return values

    def to_image(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """`points_px` (n, 2), (x, y) px of the square, in px of the whole image (n, 2)."""
        return np.asarray(self.cut.placement.to_image(points_px), np.float64).reshape(-1, 2)


class SquareClip(SquareFrames):
    """The regressor's: 32 frames, 40 ms apart from the first on; every second one where no times are known."""

    def chosen(self, wanted: Sequence[int]) -> Sequence[int]:
        times = self._clip.frame_times_ms
        return self.present(clip_indices(0) if times is None else timed_clip(float(times[0]), times))

    def present(self, indices: NDArray[np.int64]) -> list[int]:
        """These `indices` (n,), int64, of frames, `PADDING` beyond the clip's end."""
        return [int(index) if index < self._clip.number_of_frames else PADDING for index in indices]
