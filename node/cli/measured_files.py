"""The files behind `echonode measure`: which ones are asked for, what is read off each, what is written."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.clip import Clip
from models.engines.backend import BackendError
from models.library.manifest import Manifest
from models.library.reading import Decoding, Reader, Reading
from node.cli.found_files import looks_like_dicom
from node.errors import ConfigError, EchoNodeError, Unparseable
from node.objects.clip_reader import read_clip
from node.objects.header import read_header
from node.objects.mark_drawing import annotated
from node.objects.pixels import CUT_SHORT
from node.objects.video_file import VIDEO_SUFFIXES, WRITABLE, frame_rate_hz, read_video, write_film, write_image

_LIST_COLUMNS = ("video_path", "frame_number")
_FRAME_COLUMNS = frozenset(("frame_number", "frame_index", "frame", "Frame"))  # of the models' tables, all counted from 0


@dataclass(frozen=True)
class Wanted:
    """One file to measure: all frames, or those of the list (0-based). `name` is how the table calls it."""

    path: Path
    name: str
    frames: tuple[int, ...] | None = None


@dataclass(frozen=True)
class MeasuredFile:
    """`reading` is None exactly where `error` says why; `overlay` is what was drawn, where that was asked for, and
    `overlay_error` why it could not be. `cut_short`: the object holds fewer frames than it says.
    """

    name: str
    reading: Reading | None
    error: str = ""
    overlay: Path | None = None
    overlay_error: str = ""
    cut_short: bool = False


def wanted_files(paths: Sequence[Path]) -> tuple[Wanted, ...]:
    """Files as they are, of folders the films and DICOM objects in them, of a CSV the files and frames it lists.

    Raises ConfigError for a CSV not in UTF-8 or without the columns `video_path` and `frame_number`, and where nothing is left.
    """
    found: list[Wanted] = []
    for path in paths:
        if path.is_dir():
            files = (file for file in sorted(path.rglob("*")) if file.is_file() and _is_image_file(file))
            found += [Wanted(file, str(file.relative_to(path))) for file in files]
        elif path.suffix.lower() == ".csv":
            try:
                found += _listed(path)
            except (UnicodeDecodeError, csv.Error) as error:
                raise ConfigError(f"{path.name} is no list in UTF-8: {error}") from error
        else:
            found.append(Wanted(path, path.name))
    if not found:
        raise ConfigError("there is no DICOM object, AVI or MP4 to measure")
    return told_apart(found)


def told_apart(found: Sequence[Wanted]) -> tuple[Wanted, ...]:
    """Files of one name are called by as many folders above them as tell them apart; all others keep their names."""
    names = {item: item.name for item in found}
    places = {item: item.path.absolute().parts for item in found}
    for depth in range(1, max(map(len, places.values()), default=0) + 1):
        sharing: dict[str, set[Path]] = {}
        for item in found:
            sharing.setdefault(names[item], set()).add(item.path.resolve())
        for item in found:
            if len(sharing[names[item]]) > 1:
                own = len(Path(item.name).parts)
                names[item] = str(Path(*places[item][-max(depth + 1, own) :]))
    return tuple(replace(item, name=names[item]) for item in found)


def _is_image_file(path: Path) -> bool:
    """A study's folder also holds reports and a DICOMDIR; what cannot be parsed is kept, so that somebody hears of it."""
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return True
    try:
        return "Rows" in read_header(path)
    except Unparseable:
        return looks_like_dicom(path)
    except OSError:
        return True


def _listed(path: Path) -> list[Wanted]:
    """One entry for each film, its frames in the order of the list; paths are sought beside the list first."""
    frames: dict[str, list[int]] = {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        table = csv.DictReader(file)
        if missing := [column for column in _LIST_COLUMNS if column not in (table.fieldnames or ())]:
            raise ConfigError(f"{path.name} has no column {' and no '.join(missing)}")
        for row in table:
            try:
                frames.setdefault(row["video_path"], []).append(int(row["frame_number"]))
            except (TypeError, ValueError):
                raise ConfigError(f"{path.name}, line {table.line_num}: frame_number is not a whole number") from None
    return [Wanted(_beside(path, name), name, tuple(numbers)) for name, numbers in frames.items()]


def _beside(path: Path, name: str) -> Path:
    beside = path.parent / name
    return Path(name) if Path(name).exists() and not beside.exists() else beside


def measure_file(reader: Reader, wanted: Wanted, decoding: Decoding, overlay: Path | None) -> MeasuredFile:
    """One file through the reader; what is wrong with the file becomes its `error`."""
    try:
        clip = clip_for(reader, wanted)
        reading = reader.read(clip, decoding)
        reading = replace(reading, notes=(*reading.notes, *header_notes(clip)))
        if wanted.frames is not None:
            reading = _of_frames(reading, wanted.frames)
    except (EchoNodeError, BackendError, ValueError, OSError) as error:  # ReadingError and what else a reader says of the clip
        return MeasuredFile(wanted.name, None, str(error))
    measured = MeasuredFile(wanted.name, reading, cut_short=any(note.startswith(CUT_SHORT) for note in clip.notes))
    if overlay is None:
        return measured
    caption = f"{reader.manifest.name}, {decoding.value} decoding, research use only"
    try:
        return replace(measured, overlay=_write_overlay(overlay, clip, reading, caption))
    except (EchoNodeError, ValueError, OSError) as error:  # what was read stays
        return replace(measured, overlay_error=str(error))


def clip_for(reader: Reader, wanted: Wanted) -> Clip:
    """The file as a clip. Raises EchoNodeError for a patient's, where the reader was trained on phantoms."""
    clip = _clip(wanted)
    if any(one.trained_on_phantoms for one in manifests_of(reader)) and not clip.is_quality_control_subject:
        raise EchoNodeError("weights trained on phantoms measure phantoms only: not a quality control subject")
    return clip


def header_notes(clip: Clip) -> tuple[str, ...]:
    return (*clip.notes, *(f"the header says {reason}" for reason in clip.known_exclusions))


def manifests_of(reader: Reader) -> tuple[Manifest, ...]:
    """Of every network that the reader asks: its own, and that of the segmenter by which it finds beats."""
    beats_by: Manifest | None = getattr(reader, "beats_by", None)
    return (reader.manifest,) if beats_by is None else (reader.manifest, beats_by)


def _clip(wanted: Wanted) -> Clip:
    clip = read_video(wanted.path) if wanted.path.suffix.lower() in VIDEO_SUFFIXES else read_clip(wanted.path)
    if wanted.frames is None:
        return clip
    if outside := [number for number in wanted.frames if not 0 <= number < clip.number_of_frames]:
        raise EchoNodeError(f"there is no frame {outside[0]}: the clip has {clip.number_of_frames}, counted from 0")
    return replace(clip, frames=clip.take(wanted.frames), frame_times_ms=None)  # single frames have no beat


def _of_frames(reading: Reading, frames: tuple[int, ...]) -> Reading:
    """What was read off listed frames, by their numbers in the film. Several of them are no film, so they have no values."""
    rows = tuple(_numbered(row, frames) for row in reading.rows)
    if len(frames) == 1:
        values = (value if value.frame_index is None else replace(value, frame_index=frames[0]) for value in reading.values)
        return replace(reading, rows=rows, values=tuple(values))
    note = f"{len(frames)} single frames of a list are no film: rows, and no values"
    return replace(reading, rows=rows, values=(), notes=(*reading.notes, note))


def _numbered(row: Mapping[str, str | int | float | None], frames: tuple[int, ...]) -> dict[str, str | int | float | None]:
    return {key: _number(value, frames) if key in _FRAME_COLUMNS else value for key, value in row.items()}


def _number(value: str | int | float | None, frames: tuple[int, ...]) -> str | int | float | None:
    return frames[value] if isinstance(value, int) and value < len(frames) else value  # padding lies beyond the film


def _write_overlay(path: Path, clip: Clip, reading: Reading, caption: str) -> Path:
    """A film, or for a single frame an image where `path` leaves the choice."""
    frames = annotated(clip.frames, reading.marks, caption)
    if not path.suffix:
        path = path.with_name(path.name + (".png" if clip.number_of_frames == 1 else ".mp4"))
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() != ".png":
        write_film(path, frames, frame_rate_hz(clip.frame_times_ms))
    elif clip.number_of_frames == 1:
        write_image(path, next(frames))
    else:
        raise EchoNodeError(f"{clip.number_of_frames} frames are no PNG: take .mp4 or .avi")
    return path


def overlay_paths(out: Path | None, wanted: Sequence[Wanted]) -> Iterator[Path | None]:
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
        known = name.suffix.lower() in VIDEO_SUFFIXES | {".dcm"}  # a file named by its UID has no suffix
        stem = re.sub(r"\W+", "_", str(name.with_suffix("") if known else name)).strip("_") or "file"
        used[stem] = used.get(stem, 0) + 1
        yield out / (stem if used[stem] == 1 else f"{stem}-{used[stem]}")


def write_table(path: Path, measured: Sequence[MeasuredFile]) -> int:
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
