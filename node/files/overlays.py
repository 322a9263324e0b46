"""What was read off a clip, drawn into its images: where it is written, and how."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from models.clip import Clip
from models.library.reading import Reading
from node.errors import ConfigError, EchoNodeError
from node.files.input_files import InputFile
from node.objects.mark_drawing import annotated
from node.objects.video_file import OUTSIDE_DICOM, WRITABLE, frame_rate_hz, write_image, write_video


def write_overlay(path: Path, clip: Clip, reading: Reading, caption: str) -> Path:
    """A video, or for a single frame an image where `path` leaves the choice."""
    frames = annotated(clip.frames, reading.marks, caption)
    if not path.suffix:
        path = path.with_name(path.name + (".png" if clip.number_of_frames == 1 else ".mp4"))
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() != ".png":
        write_video(path, frames, frame_rate_hz(clip.frame_times_ms))
    elif clip.number_of_frames == 1:
        write_image(path, next(frames))
    else:
        raise EchoNodeError(f"{clip.number_of_frames} frames are no PNG: take .mp4 or .avi")
    return path


def overlay_paths(out: Path | None, wanted: Sequence[InputFile]) -> Iterator[Path | None]:
    """Where each file's overlay goes: `out` itself for one file, else a name of its own in the folder `out`.

    Raises ConfigError where `out` cannot be that.
    """
    is_folder = out is not None and (out.is_dir() or not out.suffix)
    if out is not None and not is_folder:
        if out.suffix.lower() not in WRITABLE:
            raise ConfigError(f"--out {out.name}: .mp4, .avi or .png, or a folder")
        if len(wanted) > 1:
            raise ConfigError(f"--out {out.name}: {len(wanted)} files need a folder")
    used: dict[str, int] = {}
    for item in wanted:
        if out is None or not is_folder:
            yield out
            continue
        name = Path(item.name)
        known = name.suffix.lower() in OUTSIDE_DICOM | {".dcm"}  # a file named by its UID has no suffix
        stem = re.sub(r"\W+", "_", str(name.with_suffix("") if known else name)).strip("_") or "file"
        used[stem] = used.get(stem, 0) + 1
        yield out / (stem if used[stem] == 1 else f"{stem}-{used[stem]}")
