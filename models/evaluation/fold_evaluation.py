"""TMED-2's three folds: each evaluated by its own classifier, or all by one, and the mean over them.

A fold is a split of all images of its own, so the mean is over three test sets of which some patients are in several. The paper
of EchoView47 states each fold and their mean.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.errors import DatasetError, EvaluationError
from models.evaluation.data_set_evaluation import Evaluated
from models.evaluation.datasets.items import DataSet
from models.evaluation.datasets.views import tmed2_folds
from models.evaluation.tasks.evaluation_result import EvaluationResult
from models.library.manifest import Value

_NUMBER = re.compile(r"fold[_\- ]?(\d+)", re.IGNORECASE)
_OF_EACH = ("n", "accuracy_percent", "balanced_accuracy_percent")  # and all of the four views


def folds_in(path: Path) -> dict[int, Path]:
    """The folds of a folder by their number; empty where it holds fewer than two, or is no folder.

    Raises DatasetError where a file does not say which fold it is, or two say the same: those of another size of TMED-2 lie in
    a folder of their own.
    """
    files = tmed2_folds(path) if path.is_dir() else []
    if len(files) < 2:
        return {}
    numbered: dict[int, Path] = {}
    for file in files:
        number = fold_number(file.name)
        if number is None or number in numbered:
            names = ", ".join(str(one.relative_to(path)) for one in files)
            raise DatasetError(f"{path}: {len(files)} folds ({names}); name one of them, or a folder of one of each number")
        numbered[number] = file
    return dict(sorted(numbered.items()))


def fold_number(name: str) -> int | None:
    """
    >>> fold_number("EchoFine_TMED2_fold2"), fold_number("TMED2_fold0_labeledpart.csv"), fold_number("EchoView47_TMED2")
    (2, 0, None)
    """
    found = _NUMBER.findall(name)
    return int(found[-1]) if found else None


def by_fold(models: Sequence[str], folds: Mapping[int, Path]) -> dict[int, tuple[str, Path]]:
    """Which model is evaluated on which fold: each on its own, or one on all. Raises EvaluationError."""
    if len(models) == 1:
        return {number: (models[0], path) for number, path in folds.items()}
    of_number = {fold_number(name): name for name in models}
    if None in of_number or len(of_number) != len(models) or set(of_number) != set(folds):
        said = ", ".join(map(str, folds))
        raise EvaluationError(
            f"of {', '.join(models)} each must be of one of the folds {said}, as its name says (fold0, fold1)"
        )
    return {number: (of_number[number], path) for number, path in folds.items()}


def evaluate_folds(models: Sequence[str], folds: Mapping[int, Path], evaluate: Callable[[str, Path], Evaluated]) -> Evaluated:
    """What `evaluate` finds on each fold, and the mean over them, as one result."""
    found = {number: evaluate(model, path) for number, (model, path) in by_fold(models, folds).items()}
    first = next(iter(found.values()))
    names = tuple(dict.fromkeys(one.manifest.name for one in found.values()))
    notes = _notes(found, names)
    result = replace(
        first.result,
        figures=_figures({number: one.result for number, one in found.items()}),
        rows=tuple({"fold": number, **row} for number, one in found.items() for row in one.result.rows),
        notes=notes,
        plots={f"fold_{number}_{name}": draw for number, one in found.items() for name, draw in one.result.plots.items()},
        phantom_clips=sum(one.result.phantom_clips for one in found.values()),
    )
    manifest = first.manifest if len(names) == 1 else replace(first.manifest, name=", ".join(names), weights_sha256="")
    return Evaluated(manifest, DataSet(first.data.layout, (), first.data.classes), result)


def _figures(results: Mapping[int, EvaluationResult]) -> dict[str, Value]:
    """Of each fold the usual ones, then the mean of every number that all folds have; an interval has none."""
    figures: dict[str, Value] = {"folds": len(results)}
    for number, one in results.items():
        chosen = {key: value for key, value in one.figures.items() if key in _OF_EACH or key.startswith("four_views_")}
        figures |= {f"fold_{number}_{key}": value for key, value in chosen.items()}
    shared = [key for key in next(iter(results.values())).figures if all(key in one.figures for one in results.values())]
    for key in shared:
        values = [one.figures[key] for one in results.values()]
        if all(isinstance(value, (int, float)) for value in values):
            counts = key == "n" or key.endswith("_n")
            figures[key] = int(sum(values)) if counts else float(np.mean(values))  # type: ignore[arg-type]
    return figures


def _notes(found: Mapping[int, Evaluated], names: Sequence[str]) -> tuple[str, ...]:
    said = [
        f"fold {number}, {one.manifest.name}: {note}"
        for number, one in found.items()
        for note in (*one.data.notes, *one.result.notes)
    ]
    mean = "figures without a fold are means over the folds; n is of all together"
    one_on_all = f"{names[0]} was asked on every fold: of those that it was not trained by it may know test images"
    return (mean, *((one_on_all,) if len(names) == 1 else ()), *dict.fromkeys(said))
