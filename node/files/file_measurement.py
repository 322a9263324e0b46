"""One model on files: what is read off each, and the table of all rows."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.clip import Clip
from models.errors import ModelError
from models.library.protocols import ClipReader
from models.library.reading import Decoding, Reading
from models.results import of_frames
from node.errors import EchoNodeError
from node.files.input_files import InputFile
from node.files.overlays import write_overlay
from node.objects.clip_file import clip_of_file
from node.objects.pixels import CUT_SHORT

_FRAME_COLUMNS = frozenset(("frame_number", "frame_index", "frame", "Frame"))  # of the models' tables, all counted from 0


@dataclass(frozen=True)
class FileMeasurement:
    """`reading` is None exactly where `error` says why; `overlay` is what was drawn, where that was asked for, and
    `overlay_error` why it could not be. `cut_short`: the object holds fewer frames than it says.
    """

    name: str
    reading: Reading | None
    error: str = ""
    overlay: Path | None = None
    overlay_error: str = ""
    cut_short: bool = False


def measure_file(reader: ClipReader, wanted: InputFile, decoding: Decoding, overlay: Path | None) -> FileMeasurement:
    """One file through the reader; what is wrong with the file becomes its `error`."""
    try:
        clip = clip_for(reader, wanted)
        reading = reader.read(clip, decoding)
        reading = replace(reading, notes=(*reading.notes, *header_notes(clip)))
        if wanted.frames is not None:
            reading = _of_frames(reading, wanted.frames)
    except (EchoNodeError, ModelError, ValueError, OSError) as error:  # what a reader says of the clip
        return FileMeasurement(wanted.name, None, str(error))
    cut_short = any(note.startswith(CUT_SHORT) for note in reading.notes)  # of any clip that was read together with this one
    measured = FileMeasurement(wanted.name, reading, cut_short=cut_short)
    if overlay is None:
        return measured
    caption = f"{reader.manifests[0].name}, {decoding.value} decoding, research use only"
    try:
        return replace(measured, overlay=write_overlay(overlay, clip, reading, caption))
    except (EchoNodeError, ModelError, ValueError, OSError) as error:  # what was read stays
        return replace(measured, overlay_error=str(error))


def clip_for(reader: ClipReader, wanted: InputFile) -> Clip:
    """The file as a clip. Raises EchoNodeError for a patient's, where the reader was trained on phantoms."""
    clip = _clip(wanted)
    if any(one.trained_on_phantoms for one in reader.manifests) and not clip.is_quality_control_subject:
        raise EchoNodeError("weights trained on phantoms measure phantoms only: not a quality control subject")
    return clip


def header_notes(clip: Clip) -> tuple[str, ...]:
    return (*clip.notes, *(f"the header says {reason}" for reason in clip.known_exclusions))


def _clip(wanted: InputFile) -> Clip:
    clip = clip_of_file(wanted.path)
    if wanted.frames is None:
        return clip
    if outside := [number for number in wanted.frames if not 0 <= number < clip.number_of_frames]:
        raise EchoNodeError(f"there is no frame {outside[0]}: the clip has {clip.number_of_frames}, counted from 0")
    return replace(clip, frames=clip.take(wanted.frames), frame_times_ms=None)  # single frames have no beat


def _of_frames(reading: Reading, frames: tuple[int, ...]) -> Reading:
    """What was read off listed frames, by their numbers in the file. Several of them are no video, so they have no values."""
    rows = tuple(_numbered(row, frames) for row in reading.rows)
    if len(frames) == 1:
        listed = of_frames(*frames)
        values = (replace(value, sources=listed) if value.sources else value for value in reading.values)
        return replace(reading, rows=rows, values=tuple(values))
    note = f"{len(frames)} single frames of a list are no video: rows, and no values"
    return replace(reading, rows=rows, values=(), notes=(*reading.notes, note))


def _numbered(row: Mapping[str, str | int | float | None], frames: tuple[int, ...]) -> dict[str, str | int | float | None]:
    return {key: _number(value, frames) if key in _FRAME_COLUMNS else value for key, value in row.items()}


def _number(value: str | int | float | None, frames: tuple[int, ...]) -> str | int | float | None:
    return frames[value] if isinstance(value, int) and value < len(frames) else value  # padding lies beyond the clip


def write_table(path: Path, measured: Sequence[FileMeasurement]) -> int:
    """All rows as CSV; of several files with the columns of their folder table. Returns the number of rows."""
    read = [(item.name, item.reading) for item in measured if item.reading is not None]
    single = len(measured) == 1
    columns: dict[str, None] = {}
    for _, reading in read:
        named = () if "Filename" in reading.columns else ("filename",)  # some authors' tables have the column, with a capital
        own = reading.columns if single else reading.folder_columns or (*named, *reading.columns)
        columns |= dict.fromkeys(own)
    count = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(columns), extrasaction="ignore")
        table.writeheader()
        for name, reading in read:
            for row in reading.rows:
                table.writerow({**row, "filename": name, "Filename": name})
                count += 1
    return count
