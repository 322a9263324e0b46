"""Videos and images of data sets as clips without calibration."""

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from models.clip import Clip
from models.training.layouts.items import LayoutError, Mask


def read_video(path: Path) -> Clip:
    """AVI, MP4 and what else libav reads, every frame RGB; times from its frame rate. Raises LayoutError."""
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            rate = stream.average_rate
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
    except (av.FFmpegError, OSError, IndexError) as error:
        raise LayoutError(f"{path}: no readable video ({type(error).__name__})") from error
    if not frames:
        raise LayoutError(f"{path}: a video without frames")
    times = np.arange(len(frames), dtype=np.float64) * (1000 / float(rate)) if rate else None
    return Clip(path.stem, np.stack(frames), times, from_video_file=True)


def read_image(path: Path) -> Clip:
    """One image as a clip of one frame. Raises LayoutError."""
    try:
        with Image.open(path) as image:
            frame = np.asarray(image.convert("RGB"))
    except (OSError, UnidentifiedImageError) as error:
        raise LayoutError(f"{path}: no readable image ({type(error).__name__})") from error
    return Clip(path.stem, frame[None], None, from_video_file=True)


def filled_polygon(vertices: NDArray[np.int64], rows: int, columns: int) -> Mask:
    """Pixels whose centres lie inside the polygon of whole-numbered vertices (n, 2), (x, y) px, or exactly on its border.

    Even-odd rule, so where the outline crosses itself the doubled part is outside.
    """
    y, x = np.mgrid[:rows, :columns]
    inside = np.zeros((rows, columns), dtype=np.bool_)
    border = np.zeros_like(inside)
    for (x1, y1), (x2, y2) in zip(vertices, np.roll(vertices, -1, axis=0), strict=True):
        turn = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
        between = (np.minimum(x1, x2) <= x) & (x <= np.maximum(x1, x2)) & (np.minimum(y1, y2) <= y) & (y <= np.maximum(y1, y2))
        border |= (turn == 0) & between
        crosses = (y1 > y) != (y2 > y)
        left = (turn < 0) == (y2 < y1)  # of where the edge crosses the pixel's row
        inside ^= crosses & left
    return np.asarray(inside | border)
