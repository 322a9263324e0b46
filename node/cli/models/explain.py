"""models explain: where a network looked, laid over the frames of one file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from models.clip import Clip
from models.explain import Explanation, NoMapError, explain_clip, overlay, place_of
from models.library.manifest import ManifestError
from models.library.reading import ReadingError
from models.library.registry import find_manifest, load_manifest
from models.networks.stored_weights import WeightsError
from models.wording import counted
from node.cli.devices import check_device
from node.cli.options import AsJson
from node.cli.output import console, print_json
from node.errors import ConfigError, EchoNodeError
from node.files.written_files import refuse_replacing, written_to
from node.objects.clip_reader import read_clip
from node.objects.mark_drawing import annotated
from node.objects.video_file import VIDEO_SUFFIXES, frame_rate_hz, read_video, write_film, write_image

_STATEMENT = "A heat map shows what the network looked at, not whether it is right. Research use only, not a medical device."


def explain(
    name: Annotated[str, typer.Argument(help="As `models list` shows it, an alias, or the path of a manifest.")],
    path: Annotated[Path, typer.Argument(help="A DICOM object, AVI or MP4.", exists=True, dir_okay=False)],
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
        raise ConfigError("--frame goes with a .png; a film holds all frames")
    refuse_replacing([("--out", out)], [path, Path(name), *([weights] if weights else [])])
    check_device(device)
    network = _network(name, weights, device)
    clip = _clip(path)
    one = _chosen(clip, frame) if out.suffix.lower() == ".png" else None
    explained = _explained(network, clip, label, one)
    with written_to("--out", out):
        frames = _write(out, clip, explained, one, f"{network.manifest.name}, {explained.label}, research use only")
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


def _network(name: str, weights: Path | None, device: str) -> Any:
    """Raises ConfigError for an unknown name or a network without heat maps, EchoNodeError for its weights."""
    try:
        manifest = find_manifest(name)
        place_of(manifest)
    except (ManifestError, NoMapError) as error:
        raise ConfigError(str(error)) from error
    try:
        return load_manifest(manifest, pretrained=True, weights=weights, device=device)
    except (ManifestError, WeightsError) as error:
        raise EchoNodeError(str(error)) from error


def _clip(path: Path) -> Clip:
    return read_video(path) if path.suffix.lower() in VIDEO_SUFFIXES else read_clip(path)


def _chosen(clip: Clip, frame: int | None) -> int:
    if frame is None:
        return clip.number_of_frames // 2
    if not 0 <= frame < clip.number_of_frames:
        raise ConfigError(f"there is no frame {frame}: the clip has {clip.number_of_frames}, counted from 0")
    return frame


def _explained(network: Any, clip: Clip, label: str | None, one: int | None) -> Explanation:
    try:
        return explain_clip(network, clip, label, None if one is None else [one])
    except NoMapError as error:
        raise ConfigError(str(error)) from error
    except ReadingError as error:
        raise EchoNodeError(str(error)) from error


def _write(out: Path, clip: Clip, explained: Explanation, one: int | None, caption: str) -> list[int]:
    """Which frames were written: of a film those the network was shown, of an image the one of them next to what was asked."""
    rows = list(range(len(explained.frame_indices)))
    if one is not None:
        rows = [min(rows, key=lambda row: abs(explained.frame_indices[row] - one))]
    indices = [explained.frame_indices[row] for row in rows]
    hot = (overlay(frame, explained.heat[row]) for frame, row in zip(clip.take(indices), rows, strict=True))
    drawn = annotated(hot, (), caption)
    out.parent.mkdir(parents=True, exist_ok=True)
    if one is not None:
        write_image(out, next(drawn))
    else:
        times_ms = clip.frame_times_ms
        write_film(out, drawn, frame_rate_hz(None if times_ms is None else times_ms[indices]))
    return indices
