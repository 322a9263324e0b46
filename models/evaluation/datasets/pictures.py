"""Videos and images of data sets as clips without calibration."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps

from models.clip import Clip
from models.derive.beats.frame_clock import why_not_true
from models.errors import DatasetError, VideoError
from models.evaluation.datasets.items import Mask

_DEEP = ("I", "F")  # modes of Pillow: integers of 16 or 32 bits, and fractions


def video_frames(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.float64] | None]:
    """All frames of an AVI, MP4 and what else libav reads, RGB (frames, rows, columns, 3), 0 to 255, and their times.

    Times (frames,) are those of the stream in ms from the first frame on, None where it states none or they do not rise.

    Raises VideoError for a file without a video that can be decoded, OSError where the file itself cannot be read.
    """
    frames: list[NDArray[np.uint8]] = []
    times_ms: list[float | None] = []
    with path.open("rb") as file:
        try:
            with av.open(file, mode="r") as container:
                container.streams.video[0].thread_count = 1
                for frame in container.decode(video=0):
                    frames.append(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
                    times_ms.append(None if frame.time is None else 1000 * float(frame.time))
        except (av.FFmpegError, IndexError) as error:
            raise VideoError("the file holds no video that can be decoded") from error
    if not frames or any(frame.shape != frames[0].shape for frame in frames):
        raise VideoError("a video without frames, or of frames of several sizes")
    return np.stack(frames), _from_the_first(times_ms)


def _from_the_first(times_ms: list[float | None]) -> NDArray[np.float64] | None:
    if any(time is None for time in times_ms):
        return None
    times = np.array(times_ms, dtype=np.float64)
    return times - times[0] if (np.diff(times) > 0).all() else None


def read_video(path: Path) -> Clip:
    """A video of a data set as `video_frames` reads it. Raises DatasetError."""
    try:
        frames, times_ms = video_frames(path)
    except (VideoError, OSError) as error:
        raise DatasetError(f"{path}: no readable video ({error})") from error
    why = "" if times_ms is None else why_not_true(times_ms)
    return Clip(path.stem, frames, None if why else times_ms, from_video_file=True, clock_objection=why)


def image_frame(path: Path) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """One PNG, JPEG, TIFF or BMP as RGB (rows, columns, 3), 0 to 255, and notes of what was done to it.

    Grey, palettes, CMYK and one bit become RGB; what is transparent is laid on black, and a photograph is turned as its camera
    says. Raises VideoError for what is no image, for several in one file, and for grey of more than 8 bits, of which nothing
    says whether white is 4095 or 65535. Raises OSError where the file itself cannot be read.
    """
    with path.open("rb") as file:
        try:
            with _whole_images_alone(), Image.open(file) as image:
                if (number := getattr(image, "n_frames", 1)) > 1:
                    raise VideoError(f"the file holds {number} pictures: one is an image, several are a video (AVI, MP4)")
                if image.mode.startswith(_DEEP):
                    raise VideoError(f"the image has more than 8 bits of grey ({image.mode}): save it with 8, white being 255")
                return _in_colour(ImageOps.exif_transpose(image))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise VideoError("the file holds no image that can be decoded") from error


@contextmanager
def _whole_images_alone() -> Iterator[None]:
    """Other libraries (WeasyPrint) let Pillow fill what is missing with grey, in the whole process: nothing to measure in."""
    allowed, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = allowed


def _in_colour(image: Image.Image) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    if not image.has_transparency_data:
        return np.array(image.convert("RGB"), dtype=np.uint8), ()
    whole = image.convert("RGBA")
    opaque = whole.getchannel("A").getextrema()[0] == 255
    on_black = Image.alpha_composite(Image.new("RGBA", whole.size, (0, 0, 0, 255)), whole)
    return np.array(on_black.convert("RGB"), dtype=np.uint8), () if opaque else ("transparent parts are laid on black",)


def read_image(path: Path) -> Clip:
    """One image as a clip of one frame. Raises DatasetError."""
    try:
        frame, notes = image_frame(path)
    except (VideoError, OSError) as error:
        raise DatasetError(f"{path}: no readable image ({error})") from error
    return Clip(path.stem, frame[None], None, notes=notes, from_video_file=True)


def filled_polygon(vertices: NDArray[np.int64], rows: int, columns: int) -> Mask:
    """(rows, columns), true where a pixel's centre lies inside the polygon or exactly on its border.

    `vertices` (n, 2) are whole numbers, (x, y) px. Even-odd rule, so where the outline crosses itself the doubled part is
    outside.
    """
    mask = np.zeros((rows, columns), dtype=np.bool_)
    # Nothing beyond the outermost vertices is inside.
    (left, top), (right, bottom) = np.clip([vertices.min(axis=0), vertices.max(axis=0) + 1], 0, None)
    box = mask[top:bottom, left:right]
    y, x = np.mgrid[top : top + box.shape[0], left : left + box.shape[1]]
    inside = np.zeros(box.shape, dtype=np.bool_)
    border = np.zeros_like(inside)
    for (x1, y1), (x2, y2) in zip(vertices, np.roll(vertices, -1, axis=0), strict=True):
        turn = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
        between = (np.minimum(x1, x2) <= x) & (x <= np.maximum(x1, x2)) & (np.minimum(y1, y2) <= y) & (y <= np.maximum(y1, y2))
        border |= (turn == 0) & between
        crosses = (y1 > y) != (y2 > y)
        left = (turn < 0) == (y2 < y1)  # of where the edge crosses the pixel's row
        inside ^= crosses & left
    box[:] = inside | border
    return mask
