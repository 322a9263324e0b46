"""`echonode train`: a network trained on the phantom."""

from pathlib import Path
from typing import Annotated

import typer

from models.training import train as training
from node.cli.output import console


def train(
    config: Annotated[Path, typer.Argument(help="A training configuration, e.g. config/train_phantom_lv.toml.", exists=True)],
    overrides: Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Settings to change.")] = None,
) -> None:
    """Train a network on the phantom; writes weights and manifest into the configured folder."""
    manifest = training.train(config, tuple(overrides or ()), progress=typer.echo)
    console.print(f"{manifest.name} {manifest.version}: {manifest.path}")
