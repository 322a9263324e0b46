"""analyse, phantom, train: work without a running node."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.output import DEFAULT_CONFIG, AsJson, ConfigPath, console, print_json
from node.errors import ConfigError
from node.settings import Settings, load_settings

if TYPE_CHECKING:
    from node.cli.analysis import AnalysedStudy
    from node.cli.found_files import PassedOver

phantom = typer.Typer(no_args_is_help=True, help="The synthetic heart with exactly known truth.")


def add_to(app: typer.Typer) -> None:
    app.command()(analyse)
    app.command()(train)
    app.add_typer(phantom, name="phantom")


def analyse(
    paths: Annotated[list[Path], typer.Argument(help="DICOM files, films (AVI, MP4) or folders.", exists=True)],
    out: Annotated[Path, typer.Option(help="Folder for findings.json and the documents of each study.")],
    config: ConfigPath = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Analyse files without network or database; writes findings.json and the documents the node would send.

    Exit code 1 where a study, a clip or a document failed, documents are withheld until a person has decided whose they are, a
    file could not be used, or there was nothing to analyse.
    """
    from node.cli.analysis import AnalysedStudy, analyse_files

    settings = load_settings(config) if config.exists() else Settings()
    analysed, wrong, rows = 0, False, []
    for result in analyse_files(paths, out, settings):
        rows.append(asdict(result))
        if not as_json:
            console.print(_line(result), highlight=False)
        if isinstance(result, AnalysedStudy):
            analysed += not result.failed
            wrong |= bool(result.problems)
        else:
            wrong |= result.wrong
    if as_json:
        print_json(rows)
    elif not analysed:
        console.print("nothing was analysed: there is no DICOM image and no film")
    if wrong or not analysed:
        raise typer.Exit(1)


def _line(result: "AnalysedStudy | PassedOver") -> str:
    from node.cli.analysis import AnalysedStudy

    if not isinstance(result, AnalysedStudy):
        return f"{result.path}: passed over: {result.reason}"
    if result.failed:
        return f"{result.folder}: not analysed: {'; '.join(result.problems)}"
    documents = f"no documents: {result.withheld}" if result.withheld else f"{result.documents} documents"
    why = f" ({', '.join(result.why_nothing)})" if result.why_nothing else ""
    said = [f"{result.measured} measured", f"{result.not_measured} not measured{why}", documents]
    said += [one for one in (*result.problems, *result.notes) if one != result.withheld]
    return f"{result.folder}: {', '.join(said)}"


@phantom.command("make")
def make_phantom(
    out: Annotated[Path, typer.Argument(help="Folder for the DICOM files and truth.json.")],
    seed: Annotated[int, typer.Option(help="Which heart.")] = 7,
) -> None:
    """Write a synthetic echo study (two A4C, two A2C clips, one of them poor) and its truth."""
    from node.objects.phantom_writer import write_study

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
