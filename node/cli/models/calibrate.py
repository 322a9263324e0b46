"""`echonode models calibrate`: the gate of segmenter and view model, by the error of EF on synthetic hearts."""

from typing import Annotated

import typer

from models.evaluation.gate_evaluation import GateEvaluation, evaluate_gate, gate_limits, record_gate, stated_limits
from models.library.manifest import Value
from models.library.model_set import ModelSet
from node.cli.options import AsJson
from node.cli.output import console, print_json, show_rows


def calibrate(
    view: Annotated[
        str, typer.Option(help="The view model, whose distance is one of the doubts; default: the bundled one.")
    ] = "",
    segmenter: Annotated[str, typer.Option(help="Whose outlines are doubted; default: the bundled one.")] = "",
    hearts: Annotated[
        int, typer.Option(help="Hearts that calibrate; 0: the gate stays, and only its figures are measured.", min=0)
    ] = 64,
    reported: Annotated[int, typer.Option(help="Hearts of each generator for the figures.", min=0)] = 0,
    images: Annotated[int, typer.Option(help="Images of each kind of no heart for the figures.", min=0)] = 0,
    processes: Annotated[int, typer.Option(help="Worker processes.", min=1)] = 2,
    write: Annotated[bool, typer.Option(help="Keep gate and figures in the two manifests.")] = False,
    as_json: AsJson = False,
) -> None:
    """Set how much each doubt about an outline adds to the expected error of EF, and from which error on nothing is measured.

    The hearts are of a generator that trained nothing, at the setting that is kept for this. All seeds are fixed, so the same
    command gives the same gate.
    """
    bundled = ModelSet(engine="torch")
    models = bundled.but(view=view or bundled.view, lv_segmentation=segmenter or bundled.lv_segmentation)
    limits = gate_limits(models, hearts, processes=processes, progress=_to_stderr) if hearts else stated_limits(models)
    found = evaluate_gate(models, limits, hearts=reported, images=images, processes=processes, progress=_to_stderr)
    if write:
        record_gate(found, models)
    if as_json:
        print_json({"out_of_distribution": limits.largest_distance, "gate": dict(limits.gate), "figures": found.figures})
        return
    console.print(f"{models.view}: out_of_distribution {limits.largest_distance:.4g}", highlight=False)
    for name, value in limits.gate.items():
        console.print(f"{models.lv_segmentation}: {name} {value:.4g}", highlight=False)
    _print(found)


def _print(found: GateEvaluation) -> None:
    keys = dict.fromkeys(key for rows in found.figures.values() for key in rows)
    rows = [{"figure": key, **{name: _rounded(rows.get(key)) for name, rows in found.figures.items()}} for key in keys]
    if rows:
        show_rows(rows, ("figure", *found.figures), as_json=False, empty="no figures")


def _rounded(value: Value | None) -> str:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def _to_stderr(line: str) -> None:
    typer.echo(line, err=True)
