"""The command line. Exit codes: 0 done, 1 something was found wrong, 2 the command was used wrong.

Commands import what they need when they run, so that `echonode --help` is quick and never loads torch.
"""

import sys

import typer

from node.cli import benching, documents, evaluation, library, measuring, network, offline, records, running
from node.errors import ConfigError, EchoNodeError
from node.telemetry import visible

app = typer.Typer(
    name="echonode",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="EchoNode: a DICOM node for echocardiography. Receives studies, measures, sends SR, SEG and quality flags. "
    "Research use only: the bundled networks are trained on synthetic hearts.",
)
running.add_to(app)
network.add_to(app)
records.add_to(app)
documents.add_to(app)
offline.add_to(app)
library.add_to(app)
evaluation.add_to(app)
measuring.add_to(app)
benching.add_to(app)


def main() -> None:
    """The `echonode` command: an error of ours becomes one line and an exit code, never a traceback."""
    try:
        app()
    except ConfigError as error:
        typer.echo(visible(f"configuration: {error}"), err=True)
        sys.exit(2)
    except EchoNodeError as error:
        typer.echo(visible(str(error)), err=True)
        sys.exit(1)
