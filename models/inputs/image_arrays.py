"""Arrays of images as clips, without torch."""

from typing import Any

import numpy as np

from models.clip import Clip
from models.errors import ReadingError

_SHAPES = "uint8 (rows, columns), (rows, columns, 3), (frames, rows, columns) or (frames, rows, columns, 3)"


def clip_of_array(images: Any) -> Clip:
    """A clip without calibration and times of uint8 `images`, 0 to 255, grey or RGB.

    Their shape is (rows, columns), (rows, columns, 3), (frames, rows, columns) or (frames, rows, columns, 3); three numbers, of
    which the last is 3, are one image in colour. Raises ReadingError for anything else: nothing is scaled by guess.
    """
    array = np.asarray(images)
    if array.dtype != np.uint8:
        raise ReadingError(
            f"images are {_SHAPES}, 0 to 255; these are {array.dtype}: scale them yourself, nobody knows their range"
        )
    colour = array.ndim > 2 and array.shape[-1] == 3
    if array.ndim - colour not in (2, 3) or 0 in array.shape:
        raise ReadingError(f"images are {_SHAPES}; these have the shape {array.shape}")
    of_frames = array if array.ndim - colour == 3 else array[None]
    return Clip("", of_frames if colour else np.repeat(of_frames[..., None], 3, axis=-1), None, from_video_file=True)
