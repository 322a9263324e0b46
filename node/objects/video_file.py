"""Videos and images outside DICOM: an AVI, MP4 or PNG in as a `Clip` without calibration, an annotated video or image out."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.clip import Clip
from models.derive.beats.frame_clock import why_not_true
from models.errors import VideoError
from models.evaluation.datasets.pictures import image_frame, video_frames
from node.errors import UnreadableClip

Frame = NDArray[np.uint8]

VIDEO_SUFFIXES = frozenset((".avi", ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".wmv", ".mpg", ".mpeg"))
IMAGE_SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"))
OUTSIDE_DICOM = VIDEO_SUFFIXES | IMAGE_SUFFIXES
_ASSUMED_RATE_HZ = 30.0  # for videos of clips without times: a display rate, which measures nothing


def read_video(path: Path) -> Clip:
    """All frames, RGB, with the times of the stream; no SOP Instance UID, no region, so nothing in centimetres.

    Raises UnreadableClip for a file without a decodable video, OSError where the file itself cannot be read.
    """
    try:
        frames, times_ms = video_frames(path)
    except VideoError as error:
        raise UnreadableClip(str(error)) from error
    if times_ms is None:
        return Clip("", frames, None, notes=("the video states no times of its frames",), from_video_file=True)
    if why := why_not_true(times_ms):
        return Clip("", frames, None, notes=(f"no frame times: {why}",), from_video_file=True, clock_objection=why)
    return Clip("", frames, times_ms, from_video_file=True)


def read_image(path: Path) -> Clip:
    """A clip of the one frame, RGB, without time and region. Raises as `read_video` does."""
    try:
        frame, notes = image_frame(path)
    except VideoError as error:
        raise UnreadableClip(str(error)) from error
    return Clip("", frame[None], None, notes=notes, from_video_file=True)


def looks_like_image(path: Path) -> bool:
    """By its first bytes, whether or not all of it can be decoded."""
    try:
        with Image.open(path):
            return True
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def frame_rate_hz(times_ms: NDArray[np.float64] | None) -> float:
    """Frames a second of a clip as it was taken, by `times_ms` (frames,); 30 for one without times and for a single frame."""
    if times_ms is None or len(times_ms) < 2:
        return _ASSUMED_RATE_HZ
    return 1000 * (len(times_ms) - 1) / float(times_ms[-1] - times_ms[0])


@dataclass(frozen=True)
class _Codec:
    name: str
    pixels: str
    options: dict[str, str]


_CODECS = {
    ".mp4": _Codec("libx264", "yuv420p", {"crf": "16", "preset": "veryfast"}),
    ".avi": _Codec("mjpeg", "yuvj420p", {"qmin": "2", "qmax": "4"}),
}
WRITABLE = frozenset((*_CODECS, ".png"))


def write_video(path: Path, frames: Iterable[Frame], rate_hz: float) -> int:
    """Write RGB `frames` (rows, columns, 3), 0 to 255, as MP4 or AVI by the suffix of `path`; returns how many.

    Sides are filled up to even numbers with black, as both formats ask for. Raises ValueError for another suffix.
    """
    codec = _CODECS.get(path.suffix.lower())
    if codec is None:
        raise ValueError(f"{path.name}: videos are written as {' or '.join(_CODECS)}")
    count = 0
    with av.open(str(path), mode="w") as container:
        stream = container.add_stream(codec.name, rate=Fraction(rate_hz).limit_denominator(1001), options=codec.options)
        if not isinstance(stream, av.VideoStream):
            raise TypeError(f"{codec.name} is no codec of videos")
        for frame in frames:
            rows, columns = frame.shape[:2]
            if count == 0:
                stream.width, stream.height, stream.pix_fmt = columns + columns % 2, rows + rows % 2, codec.pixels
            even = np.pad(frame, ((0, rows % 2), (0, columns % 2), (0, 0)))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
            count += 1
        if count:
            container.mux(stream.encode())
    return count


def write_image(path: Path, frame: Frame) -> None:
    """One RGB `frame` (rows, columns, 3), 0 to 255, as PNG."""
    Image.fromarray(frame).save(path, format="PNG")
