"""CSV tables of data sets, where every error says file and line."""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import DatasetError
from models.evaluation.datasets.items import split_named


@dataclass(frozen=True)
class Row:
    """One line of a table; `line` counts from 1, the header's."""

    file: str
    line: int
    cells: Mapping[str, str]

    def wrong(self, what: str) -> DatasetError:
        return DatasetError(f"{self.file} line {self.line}: {what}")

    def text(self, column: str) -> str:
        value = self.cells[column].strip()
        if not value:
            raise self.wrong(f"no {column}")
        return value

    def number(self, column: str) -> float:
        """A finite number. Raises DatasetError."""
        text = self.text(column)
        try:
            value = float(text)
        except ValueError:
            raise self.wrong(f"{column} is {text!r}, not a number") from None
        if not math.isfinite(value):
            raise self.wrong(f"{column} is {text}")
        return value

    def index(self, column: str) -> int:
        """A whole number from 0 on. Raises DatasetError."""
        value = self.number(column)
        if value < 0 or value != int(value):
            raise self.wrong(f"{column} is {self.cells[column]!r}, not an index")
        return int(value)

    def split(self, column: str) -> str:
        found = split_named(self.text(column))
        if found is None:
            raise self.wrong(f"{column} is {self.cells[column]!r}, none of train, val, test")
        return found


def header_of(path: Path) -> list[str]:
    """The names of the columns; none where the file is empty or no text."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return next(csv.reader(file), [])
    except (UnicodeDecodeError, csv.Error):
        return []


def rows_of(path: Path, needed: Sequence[str]) -> Iterator[Row]:
    """The rows below the header. Raises DatasetError for a missing file, a missing column, a line of another length."""
    try:
        file = path.open(encoding="utf-8-sig", newline="")
    except FileNotFoundError:
        raise DatasetError(f"no file {path}") from None
    with file:
        reader = csv.reader(file)
        names = next(reader, [])
        if missing := [column for column in needed if column not in names]:
            raise DatasetError(f"{path.name} line 1: no column {', '.join(missing)}")
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(names):
                raise DatasetError(f"{path.name} line {reader.line_num}: {len(cells)} cells for {len(names)} columns")
            yield Row(path.name, reader.line_num, dict(zip(names, cells, strict=True)))
