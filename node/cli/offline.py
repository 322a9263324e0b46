"""analyse, phantom, train: work without a running node."""

from pathlib import Path
from typing import Annotated

import typer

from node.cli.output import DEFAULT_CONFIG, ConfigPath, console
from node.errors import ConfigError
from node.settings import Settings, load_settings

phantom = typer.Typer(no_args_is_help=True, help="The synthetic heart with exactly known truth.")


def add_to(app: typer.Typer) -> None:
    app.command()(analyse)
    app.command()(train)
    app.add_typer(phantom, name="phantom")


def analyse(
    paths: Annotated[list[Path], typer.Argument(help="DICOM files or folders.", exists=True)],
    out: Annotated[Path, typer.Option(help="Folder for findings.json and the documents of each study.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Analyse files without network or database; writes findings.json and the documents the node would send."""
    from node.cli.analysis import analyse_files

    settings = load_settings(config) if config.exists() else Settings()
    for study in analyse_files(paths, out, settings):
        documents = f"no documents: {study.withheld}" if study.withheld else f"{study.documents} documents"
        console.print(f"{study.folder}: {study.measured} measured, {study.not_measured} not measured, {documents}")


@phantom.command("make")
def make_phantom(
    out: Annotated[Path, typer.Argument(help="Folder for the DICOM files and truth.json.")],
    seed: Annotated[int, typer.Option(help="Which heart.")] = 7,
) -> None:
    """Write a synthetic echo study (two A4C, two A2C clips, one of them poor) and its truth."""
    from node.study.phantom_writer import write_study

    study = write_study(out, seed=seed)
    console.print(f"{len(study.paths)} clips and truth.json in {out}")


def train(
    config: Annotated[Path, typer.Argument(help="A training configuration, e.g. config/train_phantom_lv.toml.", exists=True)],
    overrides: Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Settings to change.")] = None,
) -> None:
    """Train a network on the phantom; writes weights and manifest into the configured folder."""
    from models.training.config import TrainingConfigError
    from models.training.train import train as run

    try:
        manifest = run(config, tuple(overrides or ()), progress=typer.echo)
    except TrainingConfigError as error:
        raise ConfigError(str(error)) from error
    console.print(f"{manifest.name} {manifest.version}: {manifest.path}")
