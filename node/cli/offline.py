"""analyse, phantom, train, evaluate: work without a running node."""

from pathlib import Path
from typing import Annotated

import typer

from node.cli.output import DEFAULT_CONFIG, AsJson, ConfigPath, console, print_json
from node.errors import ConfigError
from node.settings import Settings, load_settings

phantom = typer.Typer(no_args_is_help=True, help="The synthetic heart with exactly known truth.")


def add_to(app: typer.Typer) -> None:
    app.command()(analyse)
    app.command()(train)
    app.command()(evaluate)
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


def evaluate(
    hearts: Annotated[int, typer.Option(help="How many held-out hearts.")] = 8,
    processes: Annotated[int, typer.Option(help="Worker processes.")] = 2,
    write: Annotated[bool, typer.Option(help="Keep the figures in the manifests of the bundled networks.")] = False,
    as_json: AsJson = False,
) -> None:
    """EF, volumes, contours, view, quality and refusals on held-out synthetic hearts, with confidence intervals."""
    from models.training.evaluate import evaluate_ef, record_metrics

    bundled = Settings().models
    view, quality, lv_segmentation = bundled.view, bundled.quality, bundled.lv_segmentation
    evaluation = evaluate_ef(
        hearts=hearts, processes=processes, view=view, quality=quality, lv_segmentation=lv_segmentation, progress=_to_stderr
    )
    if write:
        record_metrics(evaluation, view=view, quality=quality, lv_segmentation=lv_segmentation)
    figures = {lv_segmentation: evaluation.lv, view: evaluation.view, quality: evaluation.quality}
    if as_json:
        print_json(figures)
        return
    for name, rows in figures.items():
        console.print(f"[bold]{name}[/]")
        for key, value in rows.items():
            console.print(f"  {key}: {value}", highlight=False)


def _to_stderr(line: str) -> None:
    typer.echo(line, err=True)
