"""The files that a command line names, itself or by a folder they are in."""

from collections.abc import Iterator, Sequence
from pathlib import Path


def named_files(paths: Sequence[Path]) -> Iterator[tuple[Path, bool]]:
    """Each file, and whether it was named itself; in the order of `paths`, and of names within a folder."""
    for path in paths:
        if path.is_dir():
            yield from ((found, False) for found in sorted(path.rglob("*")) if found.is_file())
        else:
            yield path, True


def distinct_files(paths: Sequence[Path]) -> list[tuple[Path, bool]]:
    """Every file once, all in the order of names, and whether it was named itself."""
    found: dict[Path, bool] = {}
    for path, named in named_files(paths):
        found[path] = found.get(path, False) or named
    return sorted(found.items())
