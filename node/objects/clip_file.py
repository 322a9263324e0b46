"""A clip from whatever file holds one: a DICOM object, or a video outside DICOM."""

from pathlib import Path

from models.clip import Clip
from node.objects.clip_reader import read_clip
from node.objects.video_file import VIDEO_SUFFIXES, read_video


def clip_of_file(path: Path) -> Clip:
    """Raises UnreadableClip."""
    return read_video(path) if path.suffix.lower() in VIDEO_SUFFIXES else read_clip(path)
