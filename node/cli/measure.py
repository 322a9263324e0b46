"""`echonode measure`: one model on videos and DICOM objects, as its authors' scripts run it, or with their errors corrected."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from models.library.manifest import Manifest
from models.library.protocols import ClipReader
from models.library.quantities import views_together
from models.library.reading import Decoding
from models.library.registry import reading_beats_of
from models.results import ReadValue
from models.wording import counted
from node.cli.devices import check_device
from node.cli.options import AsJson, EngineName
from node.cli.output import console, print_json, show_rows, tell_terminal
from node.errors import EchoNodeError
from node.files.file_measurement import FileMeasurement, measure_file, write_table
from node.files.group_measurement import of_group
from node.files.input_files import InputFile, input_files
from node.files.output_files import overlay_files, refuse_replacing, require_writable
from node.files.overlays import overlay_paths
from node.files.readers import open_reader, smooth_by_kernel

_STATEMENT = "Research use only, not a medical device: no number here may be used for the care of a patient."


def measure(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="DICOM objects, AVI, MP4, PNG, folders, or a CSV of video_path and frame_number. For a model that reads two "
            "clips together two files: first A4C, then A2C.",
            exists=True,
        ),
    ],
    model: Annotated[str, typer.Option(help="Name, alias or manifest of the model, e.g. lvid.")],
    out: Annotated[
        Path | None, typer.Option(help="Annotated video or image (.mp4, .avi, .png); for several files a folder.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Table of all frames, with the authors' column names.")] = None,
    decoding: Annotated[
        Decoding, typer.Option(help="As the authors' scripts do it, or as they meant it.")
    ] = Decoding.CORRECTED,
    kernel: Annotated[
        bool, typer.Option(help="For lvid, published: diameters smoothed by 1-2-3-2-1 before the phases, as its script can.")
    ] = False,
    beats_by: Annotated[str | None, typer.Option(help="For EchoNet-Dynamic's EF: the segmenter that finds the beats.")] = None,
    weights: Annotated[Path | None, typer.Option(help="The weights that the manifest names, from another place.")] = None,
    device: Annotated[str, typer.Option(help="Where to compute: cpu, cuda.")] = "cpu",
    engine: Annotated[
        EngineName, typer.Option(help="What computes: auto, the quickest that agrees with torch, or torch itself.")
    ] = EngineName.AUTO,
    as_json: AsJson = False,
) -> None:
    """Measure with one model: values with their reasons, a row for every frame, and what was found drawn into the images."""
    check_device(device)
    wanted = input_files(paths)
    overlays = _outputs(wanted, (*paths, Path(model), *([weights] if weights else [])), out, csv)
    loaded, computed_by = open_reader(model, weights, device, engine.value)
    if beats_by is not None:
        segmenter, beats_computed_by = open_reader(beats_by, None, device, engine.value)
        loaded, computed_by = reading_beats_of(loaded, segmenter), (*computed_by, *beats_computed_by)
    if kernel:
        smooth_by_kernel(loaded, decoding)
    loaded.script_options.in_folder = any(path.is_dir() for path in paths)
    reader: ClipReader
    if views := views_together(loaded.manifest):
        reader, wanted = of_group(loaded, views, paths, wanted, out)
        overlays = [None]
    else:
        reader = loaded.reader
    measured = _measured(reader, wanted, overlays, decoding)
    problem = "" if csv is None else _table_problem(csv, measured)
    summary = _summary(reader, computed_by, decoding, measured)
    if as_json:
        print_json(summary)
    else:
        _print(summary, None if problem else csv)
    if problems := [*_problems(measured), *filter(None, [problem])]:
        raise EchoNodeError("; ".join(problems))


def _table_problem(csv: Path, measured: Sequence[FileMeasurement]) -> str:
    """Writes the table; says why it could not, for the summary is still to be printed then."""
    try:
        write_table(csv, measured)
    except OSError as error:
        return f"--csv {csv}: {error.strerror or error}; the table is not there, or not whole"
    return ""


def _problems(measured: Sequence[FileMeasurement]) -> list[str]:
    unread = sum(item.reading is None for item in measured)
    undrawn = sum(bool(item.overlay_error) for item in measured)
    said = ((unread, "files could not be measured"), (undrawn, "overlays could not be written"))
    return [f"{count} of {len(measured)} {words}" for count, words in said if count]


def _measured(
    reader: ClipReader, wanted: Sequence[InputFile], overlays: Sequence[Path | None], decoding: Decoding
) -> list[FileMeasurement]:
    measured = []
    for number, (item, overlay) in enumerate(zip(wanted, overlays, strict=True), start=1):
        tell_terminal(f"{number} of {len(wanted)}: {item.name}")
        measured.append(measure_file(reader, item, decoding, overlay))
    return measured


def _outputs(wanted: Sequence[InputFile], also_read: Sequence[Path], out: Path | None, csv: Path | None) -> list[Path | None]:
    """Where each file's overlay goes. Raises ConfigError where it or the table cannot be written, or would replace a source."""
    overlays = list(overlay_paths(out, wanted))
    written = [*overlay_files(overlays), *([("--csv", csv)] if csv else [])]
    refuse_replacing(written, (*(item.path for item in wanted), *also_read))
    if csv is not None:
        require_writable("--csv", csv)
    return overlays


def _summary(
    reader: ClipReader, computed_by: tuple[str, ...], decoding: Decoding, measured: list[FileMeasurement]
) -> dict[str, Any]:
    models = zip(reader.manifests, computed_by, strict=True)
    model, *beats_by = (_model_summary(manifest, engine) for manifest, engine in models)
    return {
        **model,
        **({"beats_by": beats_by[0]} if beats_by else {}),
        "decoding": decoding.value,
        "statement": _STATEMENT,
        "files": [_file_summary(item) for item in measured],
    }


def _model_summary(manifest: Manifest, engine: str) -> dict[str, str]:
    return {
        "model": manifest.name,
        "version": manifest.version,
        "weights_sha256": manifest.weights_sha256,
        "licence": manifest.licence,
        "engine": engine,
    }


def _file_summary(item: FileMeasurement) -> dict[str, Any]:
    if item.reading is None:
        return {"file": item.name, "error": item.error}
    return {
        "file": item.name,
        "values": [_value_summary(value) for value in item.reading.values],
        "rows": len(item.reading.rows),
        "notes": list(item.reading.notes),
        "overlay": item.overlay,
        **({"overlay_error": item.overlay_error} if item.overlay_error else {}),
        "cut_short": item.cut_short,
    }


def _value_summary(value: ReadValue) -> dict[str, Any]:
    return {
        "key": value.key,
        "value": value.value,
        "unit": value.unit,
        "frame_index": value.frame_index,
        "reasons": [reason.value for reason in value.reasons],
        "detail": value.detail,
    }


def _detail(value: dict[str, Any], *, cut_short: bool) -> str:
    said = ": ".join(filter(None, (", ".join(value["reasons"]), value["detail"])))
    return "; ".join(filter(None, ("of a file cut short" if cut_short else "", said)))


def _print(summary: dict[str, Any], csv: Path | None) -> None:
    lines = []
    for file in summary["files"]:
        if "error" in file:
            lines.append({"file": escape(file["file"]), "value": "failed", "detail": escape(file["error"])})
        for value in file.get("values", ()):
            measured = value["value"] is not None
            lines.append({
                "file": escape(file["file"]),
                "key": value["key"],
                "value": f"{value['value']:.4g}" if measured else "not measured",
                "unit": value["unit"],
                "frame": value["frame_index"],
                "detail": escape(_detail(value, cut_short=file["cut_short"])),
            })  # fmt: skip
    columns = ("file", "key", "value", "unit", "frame", "detail")
    show_rows(lines, columns, as_json=False, empty="the model promises no value; see the table of frames")
    for file in summary["files"]:
        for note in file.get("notes", ()):
            console.print(f"{file['file']}: {note}", highlight=False, markup=False)
        if file.get("overlay"):
            console.print(f"{file['file']}: drawn into {file['overlay']}", highlight=False, markup=False)
        if "overlay_error" in file:
            said = f"{file['file']}: measured, but the overlay could not be written: {file['overlay_error']}"
            console.print(said, highlight=False, markup=False)
    if csv is not None:
        rows = sum(file.get("rows", 0) for file in summary["files"])
        console.print(f"{counted(rows, 'row')} in {csv}", highlight=False, markup=False)
    for word, model in (("", summary), ("beats by ", summary.get("beats_by"))):
        if model:
            weights = f"weights {model['weights_sha256'][:12]}, licence: {model['licence']}"
            said = f"{word}{model['model']} {model['version']}, {weights}; computed by {model['engine']}"
            console.print(said, highlight=False, markup=False)
    console.print(summary["statement"], highlight=False)
