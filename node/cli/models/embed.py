"""`echonode models embed`: the features of images."""

from pathlib import Path
from typing import Annotated

import typer

from models.library.registry import find_manifest
from models.wording import counted
from node.cli.devices import check_device
from node.cli.options import AsJson, EngineName, ModelName
from node.cli.output import console, print_json, tell_terminal
from node.files.features import embed_files


def embed(
    name: ModelName,
    paths: Annotated[
        list[Path], typer.Argument(help="Images (PNG, JPEG), videos (AVI, MP4), DICOM files, or folders of them.", exists=True)
    ],
    out: Annotated[Path, typer.Option(help="A .npz or .csv file.")],
    device: Annotated[str, typer.Option(help="Where to compute: cpu, cuda.")] = "cpu",
    engine: Annotated[
        EngineName, typer.Option(help="What computes: torch, as features of elsewhere are, or auto as in the node.")
    ] = EngineName.TORCH,
    as_json: AsJson = False,
) -> None:
    """The features an encoder sees: one row a frame, or a clip where it encodes clips; for search, clustering, or a probe."""
    check_device(device)
    done = embed_files(find_manifest(name), paths, out, device, engine.value, progress=tell_terminal)
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
