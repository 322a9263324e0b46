"""`echonode models export`: a model for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from models.importers.exports import Format, export_model
from models.library.registry import find_manifest
from node.cli.options import ModelName
from node.cli.output import console
from node.errors import ConfigError
from node.files.output_files import refuse_replacing


def export(
    name: ModelName,
    out: Annotated[Path, typer.Option(help="The file to write.")],
    form: Annotated[
        str, typer.Option("--format", help="safetensors (tensors by name), pt2 (torch.export) or onnx.")
    ] = "safetensors",
) -> None:
    """Write a model for other programs, with its origin and licence inside."""
    if form not in list(Format):
        raise ConfigError(f"--format {form}: there are {', '.join(Format)}")
    found = find_manifest(name)
    refuse_replacing([("--out", out)], [found.path, found.weights_path])
    export_model(found, out, Format(form))
    console.print(f"{name}: {out}", highlight=False)
