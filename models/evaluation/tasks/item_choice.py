"""Which items of a data set a model is asked about, and the table of what it read: shared by the tasks of readers."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from models.catalogue import DISPLAYS, View
from models.clip import Clip
from models.errors import EvaluationError, ReadingError
from models.evaluation.datasets.items import DataSet, Item
from models.evaluation.tasks.evaluation_result import Cell, Draw, Options
from models.evaluation.tasks.plots import bland_altman, scatter
from models.library.manifest import Manifest
from models.library.model import Model
from models.library.quantities import views_read
from models.library.reading import Reading
from models.library.registry import recipe_of
from models.library.roles import view_of

UNREADABLE = "unreadable"

Row = dict[str, Cell]


def chosen(data: DataSet, options: Options, known: Callable[[Item], bool]) -> Iterator[Item]:
    return (item for item in data.items if (not options.split or item.split in ("", options.split)) and known(item))


def views_asked(manifest: Manifest) -> tuple[View, ...]:
    """Of a network that outlines ventricles the node asks no reading; what it reads by itself is of the four-chamber view."""
    return views_read(manifest) or recipe_of(manifest).outlines


def of_views(items: Iterator[Item], views: Sequence[View], left_out: list[Item]) -> Iterator[Item]:
    """The items that may show one of these views; `left_out` takes those of which another one is stated."""
    for item in items:
        if item.truth.view is None or _may_show(item.truth.view, views):
            yield item
        else:
            left_out.append(item)


def left_out_notes(left_out: Sequence[Item]) -> tuple[str, ...]:
    return (f"not asked: {len(left_out)} clips of views that the model does not read",) if left_out else ()


def _may_show(view: View, views: Sequence[View]) -> bool:
    """A display that does not say how it was taken may be either."""
    return view in views or (view in DISPLAYS and any(one.startswith(f"{view}_") for one in views))


def read_clips(model: Model, clips: Sequence[Clip], options: Options) -> tuple[Reading | None, str | None]:
    """What the model reads of one clip, or of several together; else why it cannot."""
    try:
        if len(clips) > 1:
            return model.group_reader.read_group(clips), None
        return model.reader.read(clips[0], options.decoding), None
    except ReadingError as error:
        return None, f"{UNREADABLE}: {error}"


def items_together(items: Iterator[Item], views: Sequence[View]) -> Iterator[tuple[Item, tuple[Item, ...], str]]:
    """The first clip of each of `views` of every study, or which it lacks; a study's items stand one after the other."""
    found: dict[View, Item] = {}
    first: Item | None = None
    for item in items:
        if first is not None and item.group != first.group:
            yield _together(first, found, views)
        if first is None or item.group != first.group:
            first, found = item, {}
        view = item.truth.view or view_of(str(item.truth.label))
        if view is not None and view in views:
            found.setdefault(view, item)
    if first is not None:
        yield _together(first, found, views)


def _together(first: Item, found: dict[View, Item], views: Sequence[View]) -> tuple[Item, tuple[Item, ...], str]:
    missing = [str(view) for view in views if view not in found]
    return (
        first,
        () if missing else tuple(found[view] for view in views),
        f"no {' and no '.join(missing)} clip" if missing else "",
    )


def pairs_of(rows: Sequence[Row], found: str, true: str = "true") -> tuple[NDArray[np.float64], list[str]]:
    """Pairs (n, 2) of the truth and what was found, of rows that have both, in the unit of the rows; and the rows' groups."""
    whole = [row for row in rows if row[found] is not None and row[true] is not None]
    pairs = np.array([(row[true], row[found]) for row in whole], dtype=np.float64).reshape(-1, 2)
    return pairs, [str(row["group"]) for row in whole]


def column(rows: Sequence[Row], key: str) -> NDArray[np.float64]:
    """The numbers (n,) of the rows that have one, in their unit."""
    return np.array([row[key] for row in rows if row[key] is not None], dtype=np.float64)


def need(rows: Sequence[Row], options: Options, what: str) -> None:
    if not rows:
        raise EvaluationError(f"no item of the split {options.split!r} has {what}")


def missing(rows: Sequence[Row]) -> tuple[str, ...]:
    problems = [str(row["not_measured"]) for row in rows if row["not_measured"]]
    return tuple(f"not measured: {count} x {problem}" for problem, count in _counted(problems))


def _counted(words: Sequence[str]) -> list[tuple[str, int]]:
    return [(word, words.count(word)) for word in dict.fromkeys(words)]


def regression_plots(pairs: NDArray[np.float64], quantity: str) -> dict[str, Draw]:
    """The plots of `pairs` (n, 2) true, found, in the unit of `quantity`; none of fewer than two."""
    if len(pairs) < 2:
        return {}
    return {"scatter": scatter(pairs, quantity), "bland_altman": bland_altman(pairs, quantity)}
