"""`echonode models import`: published weights brought in."""

import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from models.errors import ManifestError, WeightsMismatch
from models.importers import import_weights
from models.importers.exports import read_export
from models.library.manifest import Manifest
from models.library.own_models import dependents_of, stored_model
from models.library.registry import find_manifest
from models.training.training_clips import estimated_settings
from node.cli.models.replacement import replacement, tell_replacement
from node.cli.options import AsJson, ModelName
from node.cli.output import console, print_json
from node.errors import ConfigError, EchoNodeError


def import_model(
    name: ModelName,
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
    given = [label.strip() for label in labels.split(",")] if labels else None
    found = _meant(name, file)
    needed = found.publication.needed_settings if found.publication else ()
    stated = _settings(settings or [])
    if estimate_from is not None:
        stated = _estimated(name, needed, estimate_from) | stated
    before = stored_model(found.name, folder)
    users = dependents_of(before.weights_sha256) if before else ()
    try:
        manifest = import_weights(name, file, labels=given, settings=stated, folder=folder)
    except WeightsMismatch as error:
        if as_json:
            print_json({"name": name, "error": str(error), **error.lists})
        raise
    except OSError as error:  # the model folder, not the file: that is read before
        raise EchoNodeError(f"cannot store the weights: {error}") from error
    if as_json:
        print_json({
            "name": manifest.name, "weights": manifest.weights_path, "manifest": manifest.path,
            "weights_sha256": manifest.weights_sha256, "replaces": replacement(before, manifest, users),
        })  # fmt: skip
        return
    console.print(f"{manifest.name}: {manifest.weights_path}, manifest {manifest.path}", highlight=False)
    console.print(f"licence: {manifest.licence}", highlight=False)
    tell_replacement(replacement(before, manifest, users))


def _meant(name: str, file: Path) -> Manifest:
    """The model of this name; of an export of somebody's own training, which may be unknown here, its own manifest."""
    try:
        return find_manifest(name)
    except ManifestError:
        if file.is_file() and (export := read_export(file)) is not None and export.manifest.name == name:
            return export.manifest
        raise


def _estimated(name: str, needed: tuple[str, ...], folder: Path) -> dict[str, Any]:
    found = estimated_settings(folder)
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
