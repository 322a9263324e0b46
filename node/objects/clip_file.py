"""A clip from whatever file holds one: a DICOM object, or a video, an image or an array outside DICOM."""

from pathlib import Path

import numpy as np

from models.clip import Clip
from models.errors import ReadingError
from models.inputs.image_arrays import clip_of_array
from node.errors import UnreadableClip
from node.objects.clip_reader import read_clip
from node.objects.video_file import IMAGE_SUFFIXES, VIDEO_SUFFIXES, read_image, read_video


def clip_of_file(path: Path) -> Clip:
    """Raises UnreadableClip."""
    suffix = path.suffix.lower()
    if suffix in VIDEO_SUFFIXES:
        return read_video(path)
    if suffix in IMAGE_SUFFIXES:
        return read_image(path)
    return _array(path) if suffix == ".npy" else read_clip(path)


def _array(path: Path) -> Clip:
    try:
        return clip_of_array(np.load(path, allow_pickle=False))
    except (ValueError, EOFError, ReadingError) as error:
        raise UnreadableClip(f"no array of images: {error}") from error
