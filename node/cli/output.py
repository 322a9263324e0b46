"""How results reach the terminal: a table for people, JSON for programs."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from node.telemetry import visible

_ESCAPED = re.compile("[\x7f-\x9f\ud800-\udfff]")  # what steers a terminal; halves, of a file name that is no UTF-8


class _PlainConsole(Console):
    """Prints text as it is: AE titles, file names and reasons come from others and are no markup (`[/X]`, `:smile:`)."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(visible(text), **{**options, "markup": False, "emoji": False})


console = _PlainConsole(  # a pipe has no width; folded UIDs help no program
    width=None if sys.stdout.isatty() else 240, markup=False, emoji=False
)


def print_json(data: object) -> None:
    text = json.dumps(data, indent=2, default=_plain, ensure_ascii=False)
    typer.echo(_ESCAPED.sub(lambda letter: f"\\u{ord(letter[0]):04x}", text))


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def tell_terminal(line: str) -> None:
    """Progress for a person: a clip takes minutes on a CPU. A log or a program gets none of it."""
    if sys.stderr.isatty():
        typer.echo(visible(line), err=True)


def show_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool, empty: str) -> None:
    """One line a row; `empty` is said when there is none."""
    if as_json:
        print_json(rows)
        return
    if not rows:
        console.print(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")  # a UID that is cut off cannot be copied
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    console.print(table)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return str(value)
