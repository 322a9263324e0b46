"""`echonode bench`: the predictor's way against the published one, as ratios of one run on this machine."""

from typing import Annotated

import typer

from models.bench.networks import known_networks
from models.bench.report import PUBLISHED_WAY, line_of, record_of, summary_of
from models.bench.timing import Timing, time_network
from node.cli.devices import check_device
from node.cli.options import AsJson
from node.cli.output import console, print_json
from node.files.study_timing import time_study


def bench(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Models as `models list` shows them; one of each kind and a whole study if none."),
    ] = None,
    study: Annotated[
        bool, typer.Option("--study", help="A whole phantom study through the node's model set: after NAMES, else alone.")
    ] = False,
    rounds: Annotated[int, typer.Option(min=1, max=4, help="How often each way is timed, turn by turn.")] = 4,
    device: Annotated[str, typer.Option(help="Where both ways compute: cpu, cuda; the study always on the CPU.")] = "cpu",
    compiled: Annotated[
        bool, typer.Option("--compile", help="Time torch.compile too, which takes up to a minute for each network first.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Speed against the published way, as ratios: single and half precision, and a whole study. Wants a quiet machine."""
    check_device(device)
    chosen = names or ([] if study else known_networks())
    study = study or not names
    timings: list[Timing] = []
    for number, name in enumerate(chosen, start=1):
        typer.echo(f"{number} of {len(chosen)}: {name}", err=True)  # a network takes minutes on a CPU
        timings.append(time_network(name, rounds=rounds, device=device, compiled=compiled))
        if not as_json:
            console.print(line_of(timings[-1]), highlight=False)
    if study:
        typer.echo("study", err=True)
    of_study = time_study() if study else None
    if as_json:
        print_json({**record_of(timings), "study": of_study and of_study.record()})
    else:
        said = [PUBLISHED_WAY, *summary_of(timings), *([str(of_study)] if of_study else [])]
        for line in said:
            console.print(line, highlight=False)
    if not all(timing.equal for timing in timings) or (of_study and not of_study.equal):
        raise typer.Exit(1)
