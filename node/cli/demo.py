"""`echonode demo`: the whole node at work on a synthetic study."""

from pathlib import Path
from typing import Annotated

import typer

from node.cli.output import console
from node.demo.run import run_demo


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the study, the summary and the delivered documents.")] = Path(
        "demo-out"
    ),
    seed: Annotated[int, typer.Option(help="Which synthetic heart.")] = 7,
    whole: Annotated[bool, typer.Option("--whole", help="Twenty objects of every kind instead of four apical clips.")] = False,
) -> None:
    """Make a synthetic study, send it through a real node to a receiving PACS, and compare the results with the truth."""
    if not run_demo(out, seed=seed, console=console, whole=whole):
        raise typer.Exit(1)
