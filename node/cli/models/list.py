"""`echonode models list`: what there is."""

from typing import Annotated

import typer

from models.library import registry
from models.library.manifest import Manifest
from models.library.stored_manifests import model_folder
from node.cli.options import AsJson
from node.cli.output import show_rows


def list_models(
    pattern: Annotated[str, typer.Argument(help='Names or aliases, in any case, e.g. "EchoView47*".')] = "*",
    pretrained: Annotated[bool, typer.Option("--pretrained", help="Only those whose weights are here.")] = False,
    as_json: AsJson = False,
) -> None:
    """All networks by name and alias, and which of them have weights here; exit code 1 where a manifest cannot be read."""
    rows = [
        {
            "name": manifest.name,
            "aliases": list(manifest.aliases) if as_json else ", ".join(manifest.aliases),
            "version": manifest.version,
            "family": manifest.family,
            "weights": _weights(manifest),
            "trained": manifest.trained if as_json else "yes" if manifest.trained else "no",
        }
        for manifest in registry.list_models(pattern, pretrained=pretrained)
    ]
    show_rows(
        rows, ("name", "aliases", "version", "family", "weights", "trained"), as_json=as_json, empty=f"no model fits {pattern}"
    )
    broken = registry.broken_manifests()
    for one in broken:
        typer.echo(f"{one.path} cannot be read: {one.problem}", err=True)
    if broken:
        raise typer.Exit(1)


def _weights(manifest: Manifest) -> str:
    if not manifest.weights_file:
        return "to bring" if manifest.publication and manifest.publication.weights_file else "none published"
    if not manifest.weights_path.exists():
        return "missing"
    if manifest.publication:
        return "imported"
    if manifest.site_evaluation:
        return "evaluated on site"
    if manifest.trained_on_phantoms:
        return "phantom-trained"
    if manifest.path.parent.parent == model_folder() and not manifest.architecture.get("embedder"):
        return "trained here"
    return "learnt here" if manifest.architecture.get("embedder") else "bundled"
