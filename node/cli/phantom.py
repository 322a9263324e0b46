"""`echonode phantom`: synthetic studies with known truth."""

from pathlib import Path
from typing import Annotated

import typer

from node.cli.output import console
from node.objects.phantom_writer import write_study

phantom = typer.Typer(no_args_is_help=True, help="The synthetic heart with exactly known truth.")


@phantom.command("make")
def make_phantom(
    out: Annotated[Path, typer.Argument(help="Folder for the DICOM files and truth.json.")],
    seed: Annotated[int, typer.Option(help="Which heart.")] = 7,
) -> None:
    """Write a synthetic echo study (two A4C, two A2C clips, one of them poor) and its truth."""
    study = write_study(out, seed=seed)
    console.print(f"{len(study.paths)} clips and truth.json in {out}")
