"""The command line. Exit codes: 0 done, 1 something was found wrong, 2 the command was used wrong.

A module a command. It is imported when its command runs, so that `echonode --help` is quick and loads no library of ours.
"""

import sys
from importlib import import_module
from typing import ClassVar

import typer

from node.cli.lazy_group import CommandRow, LazyGroup
from node.errors import ConfigError, EchoNodeError
from node.telemetry import visible


class Commands(LazyGroup):
    table: ClassVar = {
        "init": CommandRow(
            "node.cli.init:init",
            "Write a commented configuration and make the node's identity and database. Never overwrites.",
        ),
        "check": CommandRow(
            "node.cli.check:check",
            "Test configuration, database, disk, networks and a C-ECHO to every destination; say in plain words what is wrong.",
        ),
        "serve": CommandRow("node.cli.serve:serve", "Run the node until SIGTERM or Ctrl-C; everything accepted is kept safe."),
        "demo": CommandRow(
            "node.cli.demo:demo",
            "Make a synthetic study, send it through a real node to a receiving PACS, and compare the results with the truth.",
        ),
        "version": CommandRow("node.cli.version:version", "Print the version."),
        "echo": CommandRow("node.cli.echo:echo", "C-ECHO: does the node answer, and does it know us?"),
        "send": CommandRow(
            "node.cli.send:send", "C-STORE files byte for byte as they are, also those that other tools cannot parse."
        ),
        "analyse": CommandRow(
            "node.cli.analyse:analyse",
            "Analyse files without network or database; writes findings.json and the documents the node would send.",
        ),
        "train": CommandRow(
            "node.cli.train:train",
            "Teach a network, or go on where a training was stopped; the run's folder has its weights, figures and log.",
        ),
        "evaluate": CommandRow(
            "node.cli.evaluate:evaluate",
            "A model on a published data set, its figures beside the published ones; or the bundled networks on "
            "synthetic hearts.",
        ),
        "measure": CommandRow(
            "node.cli.measure:measure",
            "Measure with one model: values with their reasons, a row for every frame, and what was found drawn "
            "into the images.",
        ),
        "bench": CommandRow(
            "node.cli.bench:bench",
            "Speed against the published way, as ratios: single and half precision, and a whole study. Wants a quiet machine.",
        ),
        "studies": CommandRow("node.cli.studies:studies", "Studies: what came, what became of it."),
        "deliveries": CommandRow("node.cli.deliveries:deliveries", "Deliveries: which document reached which destination."),
        "audit": CommandRow("node.cli.audit:audit", "The audit trail: every step, chained by hashes."),
        "documents": CommandRow(
            "node.cli.documents:documents", "Documents: what was built of each study, and what could not be."
        ),
        "report": CommandRow(
            "node.cli.report:report",
            "Write the page of a study as HTML or PDF: each quantity asked for, with its frame, or why there is none.",
        ),
        "sr": CommandRow("node.cli.sr:sr", "Structured reports of any vendor: what they say, what they measured."),
        "phantom": CommandRow("node.cli.phantom:phantom", "The synthetic heart with exactly known truth."),
        "models": CommandRow("node.cli.models:models", "The networks: what there is, where it comes from, your own weights."),
    }


app = typer.Typer(name="echonode", cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def echonode() -> None:
    """EchoNode: a DICOM node for echocardiography. Receives studies, measures, sends SR, SEG and quality flags. Research use
    only: the bundled networks are trained on synthetic hearts.
    """


def main() -> None:
    """The `echonode` command: an error of ours becomes one line and an exit code, never a traceback."""
    try:
        app()
    except SystemExit:  # the usual end, for which nothing is imported below
        raise
    except (ConfigError, _of_models("SetupError")) as error:
        typer.echo(visible(f"configuration: {error}"), err=True)
        sys.exit(2)
    except (EchoNodeError, _of_models("ModelError")) as error:
        typer.echo(visible(str(error)), err=True)
        sys.exit(1)


def _of_models(name: str) -> type[Exception]:
    """A class of `models.errors`, imported when an error has come: a list of commands does without."""
    found: type[Exception] = getattr(import_module("models.errors"), name)
    return found
