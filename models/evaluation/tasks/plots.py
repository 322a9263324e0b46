"""The plots of the papers, drawn onto given axes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.evaluation.metrics.classes import calibration_bins
from models.evaluation.tasks.evaluation_result import Draw

Values = NDArray[np.float64]

_NAMED_CLASSES = 60  # more would not be legible


def scatter(pairs: Values, quantity: str) -> Draw:
    """`pairs` (n, 2) true, found, in the unit of `quantity`, and the line where both agree."""

    def draw(axes: Any) -> None:
        axes.scatter(pairs[:, 0], pairs[:, 1], s=9, alpha=0.6)
        ends = [float(pairs.min()), float(pairs.max())]
        axes.plot(ends, ends, color="black", linewidth=0.8)
        axes.set(xlabel=f"true {quantity}", ylabel=f"found {quantity}")

    return draw


def bland_altman(pairs: Values, quantity: str) -> Draw:
    """Found - true over their mean, of `pairs` (n, 2) true, found, in the unit of `quantity`."""

    def draw(axes: Any) -> None:
        error = pairs[:, 1] - pairs[:, 0]
        bias, spread = float(error.mean()), float(error.std(ddof=1))
        axes.scatter(pairs.mean(axis=1), error, s=9, alpha=0.6)
        for level, style in ((bias, "-"), (bias - 1.96 * spread, "--"), (bias + 1.96 * spread, "--")):
            axes.axhline(level, color="black", linewidth=0.8, linestyle=style)
        axes.set(xlabel=f"mean of true and found {quantity}", ylabel=f"found - true {quantity}")
        axes.set_title(f"bias {bias:.2f}, limits of agreement {bias - 1.96 * spread:.2f} to {bias + 1.96 * spread:.2f}")

    return draw


def confusion(true: NDArray[np.int64], found: NDArray[np.int64], labels: Sequence[str]) -> Draw:
    """Shares of each true class (row) by the class found (column); `true` and `found` (n,) are indices of `labels`."""

    def draw(axes: Any) -> None:
        from sklearn.metrics import confusion_matrix

        shares = confusion_matrix(true, found, labels=range(len(labels)), normalize="true")
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        if len(labels) <= _NAMED_CLASSES:
            size = 9 if len(labels) < 10 else 4
            axes.set_xticks(range(len(labels)), labels, rotation=90, fontsize=size)
            axes.set_yticks(range(len(labels)), labels, fontsize=size)
        axes.set(xlabel="found", ylabel="true")

    return draw


def reliability(confidence: Values, hit: NDArray[np.bool_]) -> Draw:
    """Share of hits over probability; `confidence` (n,) is 0 to 1, `hit` (n,) is true where the answer is right."""

    def draw(axes: Any) -> None:
        bins = calibration_bins(confidence, hit)
        axes.plot([0, 1], [0, 1], color="black", linewidth=0.8)
        axes.plot([mean for _, mean, _ in bins], [share for _, _, share in bins], marker="o")
        axes.set(xlabel="probability of the class found", ylabel="share that is right", xlim=(0, 1), ylim=(0, 1))

    return draw


def risk_over_coverage(coverage: Values, risk: Values, what: str) -> Draw:
    """`coverage` (limits,) from 0 to 1, `risk` (limits,) of those covered, in the unit that `what` says."""

    def draw(axes: Any) -> None:
        axes.plot(100 * coverage, risk, drawstyle="steps-pre", marker="." if len(risk) < 50 else "")
        axes.set(xlabel="answered, %, the surest first", ylabel=what, xlim=(0, 100), ylim=(0, None))

    return draw


def area_curves(curves: Sequence[tuple[str, Sequence[float], Sequence[int]]]) -> Draw:
    """Curves by name, each with the frames that are marked on it."""

    def draw(axes: Any) -> None:
        for name, areas, marked in curves:
            (line,) = axes.plot(areas, linewidth=1, label=name)
            axes.plot(marked, [areas[frame] for frame in marked], "v", color=line.get_color())
        axes.set(xlabel="frame", ylabel="area, px of the network's input")
        axes.legend(fontsize=7)

    return draw


def histogram(errors: Values, what: str) -> Draw:
    """`errors` (n,) in the unit that `what` says."""

    def draw(axes: Any) -> None:
        axes.hist(errors, bins=min(30, max(5, len(errors) // 4)))
        axes.set(xlabel=what, ylabel="items")

    return draw
