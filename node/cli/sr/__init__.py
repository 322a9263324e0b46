"""sr: structured reports of any vendor: what they say, what they measured."""

from typing import ClassVar

import typer

from node.cli.lazy_group import CommandRow, LazyGroup


class ReportCommands(LazyGroup):
    table: ClassVar = {
        "show": CommandRow(
            "node.cli.sr.show:show", "The content of a structured report as a tree, and what of it had to be passed over."
        ),
    }


sr = typer.Typer(
    cls=ReportCommands, no_args_is_help=True, help="Structured reports of any vendor: what they say, what they measured."
)
