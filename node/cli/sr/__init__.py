"""sr: structured reports of any vendor: what they say, what they measured, what is wrong with them."""

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
        "check": CommandRow(
            "node.cli.sr.check:check",
            "Reports against the standard's template rows: each deviation with path and rule; exit code 1 where there is one.",
        ),
    }


sr = typer.Typer(
    cls=ReportCommands, no_args_is_help=True, help="Structured reports of any vendor: what they say, what they measured."
)
