"""sr: structured reports of any vendor: what they say, what they measured."""

from typing import ClassVar

import typer

from node.cli.lazy_group import CommandRow, LazyGroup


class ReportCommands(LazyGroup):
    table: ClassVar = {
        "show": CommandRow(
            "node.cli.sr.show:show", "The content of a structured report as a tree, and what of it had to be passed over."
        ),
        "measurements": CommandRow(
            "node.cli.sr.measurements:measurements",
            "The numbers of a structured report by our keys, with site, method, view and mode; what has no key says why.",
        ),
    }


sr = typer.Typer(
    cls=ReportCommands, no_args_is_help=True, help="Structured reports of any vendor: what they say, what they measured."
)
