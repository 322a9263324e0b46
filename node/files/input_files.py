"""Which files a command was asked to measure: named, in folders, or listed in a CSV."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from node.errors import ConfigError, Unparseable
from node.files.folder_contents import looks_like_dicom
from node.objects.header import read_header
from node.objects.video_file import IMAGE_SUFFIXES, VIDEO_SUFFIXES

_LIST_COLUMNS = ("video_path", "frame_number")


@dataclass(frozen=True)
class InputFile:
    """One file to measure: all frames, or those of the list (0-based). `name` is how the table calls it."""

    path: Path
    name: str
    frames: tuple[int, ...] | None = None


def input_files(paths: Sequence[Path]) -> tuple[InputFile, ...]:
    """Files as they are, of folders the videos and DICOM objects in them, of a CSV the files and frames it lists.

    Of a folder that has neither of these, its images (PNG, JPEG): beside them images are pictures of what was found.

    Raises ConfigError for a CSV not in UTF-8 or without the columns `video_path` and `frame_number`, and where nothing is left.
    """
    found: list[InputFile] = []
    for path in paths:
        if path.is_dir():
            files = _in_folder(path)
            found += [InputFile(file, str(file.relative_to(path))) for file in files]
        elif path.suffix.lower() == ".csv":
            try:
                found += _listed(path)
            except (UnicodeDecodeError, csv.Error) as error:
                raise ConfigError(f"{path.name} is no list in UTF-8: {error}") from error
        else:
            found.append(InputFile(path, path.name))
    if not found:
        raise ConfigError("there is no DICOM object, AVI, MP4 or image to measure")
    return told_apart(found)


def told_apart(found: Sequence[InputFile]) -> tuple[InputFile, ...]:
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


def _in_folder(folder: Path) -> list[Path]:
    every = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    images = [file for file in every if file.suffix.lower() in IMAGE_SUFFIXES]
    return [file for file in every if file not in images and _is_image_file(file)] or images


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


def _listed(path: Path) -> list[InputFile]:
    """One entry for each video, its frames in the order of the list; paths are sought beside the list first."""
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
    return [InputFile(_beside(path, name), name, tuple(numbers)) for name, numbers in frames.items()]


def _beside(path: Path, name: str) -> Path:
    beside = path.parent / name
    return Path(name) if Path(name).exists() and not beside.exists() else beside
