"""What a command writes must not take the place of what it reads, nor of what else it writes."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from node.errors import ConfigError, EchoNodeError

_OVERLAY_SUFFIXES = (".mp4", ".png")  # a path without a suffix gets one of them when the number of frames is known


def refuse_replacing(written: Sequence[tuple[str, Path]], read: Iterable[Path]) -> None:
    """`written` are options with the file that each would write. Raises ConfigError, before anything is computed.

    Files are told by what they are, not by their names: through a link, or by another way, it is the same file.
    """
    sources = {identity for path in read if (identity := _identity(path)) is not None}
    targets: dict[Path, str] = {}
    for option, path in written:
        if _identity(path) in sources:
            raise ConfigError(f"{option}: {path} is read by this command and would be replaced; write elsewhere")
        other = targets.setdefault(path.resolve(), option)
        if other != option:
            raise ConfigError(f"{option}: {path} is what {other} writes; give each a file of its own")


def overlay_files(overlays: Iterable[Path | None]) -> list[tuple[str, Path]]:
    """Every file that `--out` may become."""
    named = (path for path in overlays if path is not None)
    return [
        ("--out", file)
        for path in named
        for file in ([path] if path.suffix else [path.with_name(path.name + suffix) for suffix in _OVERLAY_SUFFIXES])
    ]


def refuse_among(option: str, folder: Path, data: Path, own: str) -> None:
    """Raises ConfigError where results would be written among the files of a data set; a folder in it that is new, empty or
    holds `own`, a file of earlier results, may be written to.
    """
    if not data.is_dir() or not folder.is_dir() or not folder.resolve().is_relative_to(data.resolve()):
        return
    if folder.samefile(data) or not ((folder / own).exists() or not any(folder.iterdir())):
        raise ConfigError(f"{option}: {folder} holds files of the data set {data}; write elsewhere")


def require_writable(option: str, path: Path) -> None:
    """Makes the folder of the file. Raises ConfigError where it cannot be written, before hours of computing."""
    if path.is_dir():
        raise ConfigError(f"{option} {path}: a folder, not a file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{option} {path}: {error.strerror}") from error
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ConfigError(f"{option} {path}: may not be written")


@contextmanager
def written_to(option: str, path: Path) -> Iterator[None]:
    """Raises EchoNodeError where the disk is full or the place cannot be written to."""
    try:
        yield
    except OSError as error:
        raise EchoNodeError(f"{option} {path}: {error.strerror or error}; it is not there, or not whole") from error


def _identity(path: Path) -> tuple[int, int] | None:
    """Of the file that a path leads to; None where there is none, which nothing can replace."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
