"""What a task gives of a model on a data set: figures, a row per item, plots."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.library.manifest import Value
from models.library.reading import Decoding

Cell = str | int | float | None
Draw = Callable[[Any], None]  # onto matplotlib axes


@dataclass(frozen=True)
class Options:
    """`split` "" is all items. `label_noise_percent` of the training labels are exchanged to see whether an embedding finds
    them; 0: none.
    """

    split: str = "test"
    decoding: Decoding = Decoding.CORRECTED
    neighbours: int = 20
    label_noise_percent: float = 0.0


@dataclass(frozen=True)
class EvaluationResult:
    """`rows` all have the same keys. `plots`: file name without suffix -> what draws it. `phantom_clips` of those that were
    looked at say that they show a phantom (Quality Control Subject).
    """

    task: str
    figures: Mapping[str, Value]
    rows: tuple[Mapping[str, Cell], ...]
    notes: tuple[str, ...] = ()
    plots: Mapping[str, Draw] = field(default_factory=dict)
    phantom_clips: int = 0


def save_plots(plots: Mapping[str, Draw], folder: Path) -> list[Path]:
    """One PNG a plot, drawn without a screen. Needs matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    written = []
    for name, draw in plots.items():
        figure = Figure(figsize=(6, 5), dpi=120, layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure.add_subplot())
        written.append(folder / f"{name}.png")
        figure.savefig(written[-1])
    return written
