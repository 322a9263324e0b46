"""`echonode models explain`: where a network looked, laid over the frames of one file."""

from pathlib import Path
from typing import Annotated

import typer

from models.wording import counted
from node.cli.devices import check_device
from node.cli.options import AsJson
from node.cli.output import console, print_json
from node.errors import ConfigError
from node.files.heat_maps import chosen_frame, heat_maps, open_explained, write_heat_maps
from node.files.output_files import refuse_replacing, written_to
from node.objects.clip_file import clip_of_file

_STATEMENT = "A heat map shows what the network looked at, not whether it is right. Research use only, not a medical device."


def explain(
    name: Annotated[str, typer.Argument(help="As `models list` shows it, an alias, or the path of a manifest.")],
    path: Annotated[Path, typer.Argument(help="A DICOM object, AVI, MP4 or PNG.", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option(help="A .png of one frame, or an .mp4 or .avi of all that the network was shown.")],
    label: Annotated[
        str | None, typer.Option("--class", help="The output to explain, by label or number; default the likeliest.")
    ] = None,
    frame: Annotated[int | None, typer.Option(help="The frame of a .png, counted from 0; default the middle one.")] = None,
    weights: Annotated[Path | None, typer.Option(help="The weights that the manifest names, from another place.")] = None,
    device: Annotated[str, typer.Option(help="Where to compute: cpu, cuda.")] = "cpu",
    as_json: AsJson = False,
) -> None:
    """Grad-CAM: which places of the image speak for an answer of a network, as an overlay."""
    if out.suffix.lower() not in (".png", ".mp4", ".avi"):
        raise ConfigError(f"--out {out.name}: .png, .mp4 or .avi")
    if frame is not None and out.suffix.lower() != ".png":
        raise ConfigError("--frame goes with a .png; a video holds all frames")
    refuse_replacing([("--out", out)], [path, Path(name), *([weights] if weights else [])])
    check_device(device)
    network = open_explained(name, weights, device)
    clip = clip_of_file(path)
    one = chosen_frame(clip, frame) if out.suffix.lower() == ".png" else None
    explained = heat_maps(network, clip, label, one)
    with written_to("--out", out):
        frames = write_heat_maps(out, clip, explained, one, f"{network.manifest.name}, {explained.label}, research use only")
    summary = {
        "model": network.manifest.name,
        "weights_sha256": network.manifest.weights_sha256,
        "output": explained.label,
        "score": explained.score,
        "frames": frames,
        "out": out,
        "statement": _STATEMENT,
    }
    if as_json:
        print_json(summary)
        return
    said = f"{out}: {counted(len(frames), 'frame')}, {explained.label}, {explained.score:.3g}"
    console.print(said, highlight=False, markup=False)
    console.print(_STATEMENT, highlight=False)
