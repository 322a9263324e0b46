"""`echonode models show`: the manifest of one network."""

from dataclasses import asdict

import typer

from models.library.manifest import manifest_text
from models.library.registry import find_manifest
from node.cli.options import AsJson, ModelName
from node.cli.output import print_json

_OF_THE_AUTHORS = "published of the authors' own file; not measured with the weights that were imported"


def show_model(name: ModelName, as_json: AsJson = False) -> None:
    """One network's manifest: input, output, weights and their hash, training, metrics, intended use."""
    manifest = find_manifest(name)
    if as_json:
        print_json(asdict(manifest) | ({"metrics_are": _OF_THE_AUTHORS} if manifest.source_file else {}))
    else:
        typer.echo(manifest_text(manifest))
