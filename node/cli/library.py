"""models: the library of networks: what there is, bringing weights in, proving them, taking them out, features of frames."""

import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.wording import counted
from node.cli import explaining, judging
from node.cli.measuring import EngineName
from node.cli.output import AsJson, console, print_json, show_rows
from node.cli.written_files import refuse_replacing
from node.errors import ConfigError, EchoNodeError

if TYPE_CHECKING:
    from models.library.manifest import Manifest

models = typer.Typer(no_args_is_help=True, help="The networks: what there is, where it comes from, your own weights.")

Name = Annotated[str, typer.Argument(help="As `models list` shows it, an alias, or the path of a manifest.")]


def add_to(app: typer.Typer) -> None:
    explaining.add_to(models)
    judging.add_to(models)
    app.add_typer(models, name="models")


def _found(name: str) -> "Manifest":
    from models.library.manifest import ManifestError
    from models.library.registry import find_manifest

    try:
        return find_manifest(name)
    except ManifestError as error:
        raise ConfigError(str(error)) from error


@models.command("list")
def list_models(as_json: AsJson = False) -> None:
    """All networks by name and alias, and which of them have weights here; exit code 1 where a manifest cannot be read."""
    from models import list_models as manifests
    from models.library.registry import broken_manifests

    rows = [
        {
            "name": manifest.name,
            "aliases": list(manifest.aliases) if as_json else ", ".join(manifest.aliases),
            "version": manifest.version,
            "family": manifest.family,
            "weights": _weights(manifest),
            "trained": manifest.trained if as_json else "yes" if manifest.trained else "no",
        }
        for manifest in manifests()
    ]
    show_rows(rows, ("name", "aliases", "version", "family", "weights", "trained"), as_json=as_json, empty="no manifest found")
    broken = broken_manifests()
    for one in broken:
        typer.echo(f"{one.path} cannot be read: {one.problem}", err=True)
    if broken:
        raise typer.Exit(1)


def _weights(manifest: "Manifest") -> str:
    if not manifest.weights_file:
        return "to bring" if manifest.publication and manifest.publication.weights_file else "none published"
    if not manifest.weights_path.exists():
        return "missing"
    if manifest.publication:
        return "imported"
    if manifest.trained_on_phantoms:
        return "phantom-trained"
    return "learnt here" if manifest.architecture.get("embedder") else "bundled"


_OF_THE_AUTHORS = "published of the authors' own file; not measured with the weights that were imported"


@models.command("show")
def show_model(name: Name, as_json: AsJson = False) -> None:
    """One network's manifest: input, output, weights and their hash, training, metrics, intended use."""
    from models.library.manifest import manifest_text

    manifest = _found(name)
    if as_json:
        print_json(asdict(manifest) | ({"metrics_are": _OF_THE_AUTHORS} if manifest.source_file else {}))
    else:
        typer.echo(manifest_text(manifest))


@models.command("import")
def import_model(
    name: Name,
    file: Annotated[
        Path, typer.Argument(help="The published file: Keras .h5 or .keras, torch .pt, .pth or .ckpt, .safetensors.")
    ],
    labels: Annotated[
        str | None, typer.Option(help="The outputs in order, by commas, where their order is not published.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="What the file does not say, e.g. mean=32.3,32.4,32.6."),
    ] = None,
    estimate_from: Annotated[
        Path | None, typer.Option(help="EchoNet-Dynamic's folder: mean and std of its training clips.", exists=True)
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="Where to store it; default $ECHONODE_MODELS or the user's own.")] = None,
    as_json: AsJson = False,
) -> None:
    """Bring published weights in: hash checked, every tensor placed, stored as safetensors with origin and licence."""
    from models.importers import (
        ExportError,
        ImportRefused,
        KerasFileError,
        MisplacedWeights,
        NotSaid,
        TorchFileError,
        import_weights,
    )
    from models.library.manifest import ManifestError

    given = [label.strip() for label in labels.split(",")] if labels else None
    needed = published.needed_settings if (published := _found(name).publication) else ()
    stated = _settings(settings or [])
    if estimate_from is not None:
        stated = _estimated(name, needed, estimate_from) | stated
    try:
        manifest = import_weights(name, file, labels=given, settings=stated, folder=folder)
    except NotSaid as error:
        raise ConfigError(str(error)) from error
    except MisplacedWeights as error:
        if as_json:
            print_json({"name": name, "error": str(error), **error.lists})
        raise EchoNodeError(str(error)) from error
    except (ImportRefused, ManifestError, KerasFileError, TorchFileError, ExportError) as error:
        raise EchoNodeError(str(error)) from error
    except OSError as error:  # the model folder, not the file: that is read before
        raise EchoNodeError(f"cannot store the weights: {error}") from error
    if as_json:
        print_json({"name": manifest.name, "weights": manifest.weights_path, "manifest": manifest.path})
        return
    console.print(f"{manifest.name}: {manifest.weights_path}, manifest {manifest.path}", highlight=False)
    console.print(f"licence: {manifest.licence}", highlight=False)


def _estimated(name: str, needed: "tuple[str, ...]", folder: Path) -> dict[str, Any]:
    from models.evaluation.datasets.items import LayoutError
    from models.training.training_clips import estimated_settings

    try:
        found = estimated_settings(folder)
    except LayoutError as error:
        raise EchoNodeError(str(error)) from error
    if set(needed) != set(found):
        raise ConfigError(f"--estimate-from: {name} takes no {' and '.join(found)}")
    typer.echo("".join(f"{key}={','.join(map(str, value))} " for key, value in found.items()).rstrip(), err=True)
    return dict(found)


def _settings(given: list[str]) -> dict[str, Any]:
    """KEY=VALUE as in TOML; a word without quotes is text, numbers by commas are a list."""
    settings: dict[str, Any] = {}
    for item in given:
        key, equals, value = item.partition("=")
        if not equals or not key:
            raise ConfigError(f"--set {item}: expected KEY=VALUE")
        for text in (value, f"[{value}]"):
            try:
                settings[key] = tomllib.loads(f"value = {text}")["value"]
                break
            except tomllib.TOMLDecodeError:
                settings[key] = value
    return settings


@models.command("verify")
def verify(
    names: Annotated[list[str] | None, typer.Argument(help="Default: all that have weights here.")] = None,
    as_json: AsJson = False,
) -> None:
    """Hash the weights again, load them, and look at what they make of a probe; exit code 1 where something is wrong."""
    from models import list_models as manifests
    from models.importers.verification import Verification, verify_model
    from models.library.registry import broken_manifests

    chosen = [_found(name) for name in names] if names else [manifest for manifest in manifests() if manifest.weights_file]
    results = [verify_model(manifest) for manifest in chosen]
    results += [Verification(str(one.path), "", "", "", one.problem) for one in broken_manifests() if not names]
    rows = [asdict(result) | {"verdict": result.problem or "as its manifest says"} for result in results]
    show_rows(rows, ("name", "output", "verdict"), as_json=as_json, empty="no model has weights here")
    if any(result.problem for result in results):
        raise typer.Exit(1)


@models.command("export")
def export(
    name: Name,
    out: Annotated[Path, typer.Option(help="The file to write.")],
    form: Annotated[str, typer.Option("--format", help="safetensors (tensors by name) or pt2 (torch.export).")] = "safetensors",
) -> None:
    """Write a model for other programs, with its origin and licence inside."""
    from models.importers.exports import Format, export_model
    from models.library.manifest import ManifestError
    from models.networks.stored_weights import WeightsError

    if form not in list(Format):
        raise ConfigError(f"--format {form}: there are {', '.join(Format)}")
    found = _found(name)
    refuse_replacing([("--out", out)], [found.path, found.weights_path])
    try:
        export_model(found, out, Format(form))
    except (ManifestError, WeightsError) as error:
        raise EchoNodeError(str(error)) from error
    console.print(f"{name}: {out}", highlight=False)


@models.command("embed")
def embed(
    name: Name,
    paths: Annotated[
        list[Path], typer.Argument(help="Images (PNG, JPEG), films (AVI, MP4), DICOM files, or folders of them.", exists=True)
    ],
    out: Annotated[Path, typer.Option(help="A .npz or .csv file.")],
    device: Annotated[str, typer.Option(help="Where to compute: cpu, cuda.")] = "cpu",
    engine: Annotated[
        EngineName, typer.Option(help="What computes: torch, as features of elsewhere are, or auto as in the node.")
    ] = EngineName.TORCH,
    as_json: AsJson = False,
) -> None:
    """The features an encoder sees: one row a frame, or a clip where it encodes clips; for search, clustering, or a probe."""
    from node.cli.devices import check_device
    from node.cli.embedding import embed_files

    check_device(device)
    done = embed_files(_found(name), paths, out, device, engine.value)
    for note in done.skipped:
        typer.echo(note, err=True)
    if as_json:
        print_json(
            {
                "model": name,
                done.what: done.rows,
                "width": done.width,
                "out": out,
                "skipped": done.skipped,
                "engine": done.computed_by,
            }
        )
    else:
        rows = counted(done.rows, "clip" if done.of_clips else "frame")
        console.print(f"{rows} of {done.width} features: {out}; computed by {done.computed_by}", highlight=False)


@models.command("zoo")
def zoo() -> None:
    """All bundled manifests as one Markdown page; docs/pages/reference/models.md is this output."""
    from node.cli.zoo import zoo_page

    typer.echo(zoo_page(), nl=False)
