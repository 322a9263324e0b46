"""`echonode train`: a network taught on a data set of one's own, or on the phantom."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from models.training.run import Run
from models.training.train import train as train_network
from node.cli.options import AsJson
from node.cli.output import console, print_json
from node.objects.clip_folder import clips_to_open_again

_QUIET_S = 10.0  # between two lines of progress where there is no terminal


def train(
    config: Annotated[
        str, typer.Argument(help="A shipped configuration (e.g. phantom_lv, tte47), your own YAML, or the folder of a run.")
    ],
    overrides: Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Settings to change.")] = None,
    as_json: AsJson = False,
) -> None:
    """Teach a network, or go on where a training was stopped; the run's folder has its weights, figures and log."""
    with _watched() as watcher:
        run = train_network(config, tuple(overrides or ()), source=clips_to_open_again, watcher=watcher)
    if as_json:
        print_json(run.model_dump(mode="json") | {"folder": str(run.folder)})
        return
    _print(run)


def _print(run: Run) -> None:
    for split, figures in run.metrics.items():
        console.print(f"{split}: " + ", ".join(f"{name} {value:.4g}" for name, value in figures.items()))
    console.print(f"{run.name}: best after step {run.best_step} of {run.steps}; {run.folder}")
    console.print(f"use it by name: echonode models register {run.folder} --name {run.name}")


class _Terminal:
    """A bar with the time that is left on a terminal, else a line now and then. The first Ctrl-C ends after the step."""

    def __init__(self, bar: Progress | None) -> None:
        self._bar, self._stop = bar, False
        self._task = bar.add_task("", total=None, start=False) if bar else None
        self._began, self._first, self._told = 0.0, 0, 0.0

    def said(self, line: str) -> None:
        typer.echo(line, err=True)

    def stepped(self, step: int, steps: int, loss: float) -> None:
        now = time.monotonic()
        if not self._began:
            self._began, self._first = now, step
            if self._bar and self._task is not None:
                self._bar.start_task(self._task)
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=step, total=steps, description=f"loss {loss:.4f}")
        elif now - self._told >= _QUIET_S or step == steps:
            self._told, done = now, step - self._first
            left = f", {(now - self._began) / done * (steps - step):.0f} s left" if done else ""
            self.said(f"{step}/{steps}: loss {loss:.4f}{left}")

    def stop(self) -> bool:
        return self._stop

    def interrupted(self, number: int, frame: FrameType | None) -> None:
        if self._stop:
            raise KeyboardInterrupt
        self._stop = True
        self.said("stopping after this step; once more stops at once")


@contextmanager
def _watched() -> Iterator[_Terminal]:
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    bar = Progress(*columns, console=Console(stderr=True)) if sys.stderr.isatty() else None
    watcher = _Terminal(bar)
    before = {number: signal.signal(number, watcher.interrupted) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        if bar:
            bar.start()
        yield watcher
    finally:
        if bar:
            bar.stop()
        for number, handler in before.items():
            signal.signal(number, handler)
