"""`echonode models verify`: weights proven again."""

from dataclasses import asdict
from typing import Annotated

import typer

from models.importers.verification import Verification, verify_model
from models.library.registry import broken_manifests, find_manifest, list_models
from node.cli.options import AsJson
from node.cli.output import show_rows


def verify(
    names: Annotated[list[str] | None, typer.Argument(help="Default: all that have weights here.")] = None,
    as_json: AsJson = False,
) -> None:
    """Hash the weights again, load them, and look at what they make of a probe; exit code 1 where something is wrong."""
    known = map(find_manifest, names) if names else (manifest for manifest in list_models() if manifest.weights_file)
    results = [verify_model(manifest) for manifest in known]
    results += [Verification(str(one.path), "", "", "", one.problem) for one in broken_manifests() if not names]
    rows = [asdict(result) | {"verdict": result.problem or "as its manifest says"} for result in results]
    show_rows(rows, ("name", "output", "verdict"), as_json=as_json, empty="no model has weights here")
    if any(result.problem for result in results):
        raise typer.Exit(1)
