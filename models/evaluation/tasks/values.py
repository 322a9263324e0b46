"""Measurements by their keys: what a model reads off clips against what is stated of them, in the same unit or not at all."""

import re
from collections.abc import Iterator, Sequence

from models.catalogue import OUTLINED, Method, View
from models.evaluation.datasets.items import DataSet, Item, TrueValue
from models.evaluation.metrics.numbers import agreement_figures
from models.evaluation.tasks.evaluation_result import Draw, EvaluationResult, Options
from models.evaluation.tasks.item_choice import (
    Row,
    chosen,
    left_out_notes,
    missing,
    need,
    of_views,
    pairs_of,
    read_clips,
    regression_plots,
    views_asked,
)
from models.library.manifest import Manifest, Value
from models.library.model import Model
from models.library.quantities import key_in_view, quantities_read
from models.library.reading import Reading
from models.results import ReadValue

_UNITS = {"%": "points", "1": "ratio", "mm[Hg]": "mmhg"}  # as figures are named after them


def read_values(model: Model, data: DataSet, options: Options) -> EvaluationResult:
    """Every quantity that both the model and the truth have under one key, of clips that may show what the model reads.

    A clip whose view is known and is none of the model's is not asked. Raises EvaluationError where no such quantity is stated.
    """
    keys, views = keys_read(model.manifest), views_asked(model.manifest)
    known = frozenset(keys)
    rows: list[Row] = []
    others: list[Item] = []
    stated = chosen(data, options, lambda item: not known.isdisjoint(item.truth.values))
    for item in of_views(stated, views, others):
        reading, problem = read_clips(model, [item.load()], options)
        rows += _rows(item, keys, reading, problem)
    shown = f", of clips that show {' or '.join(views)}: {len(others)} are of other views" if others else ""
    need(rows, options, f"a stated {' or '.join(keys)}{shown}")
    figures: dict[str, Value] = {"values": len(rows)}
    plots: dict[str, Draw] = {}
    for key in dict.fromkeys(str(row["key"]) for row in rows):
        of_key = [row for row in rows if row["key"] == key]
        pairs, groups = pairs_of(of_key, "found")
        unit = str(of_key[0]["unit"])
        figures[f"{key}_coverage_percent"] = 100 * len(pairs) / len(of_key)
        figures |= agreement_figures(f"{key}_", _word(unit), pairs, groups)
        plots |= {f"{name}_{key}": draw for name, draw in regression_plots(pairs, f"{key}, {unit}").items()}
    notes = (f"{options.decoding.value} decoding", *missing(rows), *left_out_notes(others))
    return EvaluationResult("values", figures, tuple(rows), notes, plots)


def keys_read(manifest: Manifest) -> tuple[str, ...]:
    """The model's quantities; of one that outlines a ventricle those of its single plane."""
    views = views_asked(manifest)
    discs = (key for key, one in OUTLINED.items() if one.method is Method.DISCS_SINGLE_PLANE and one.views == views)
    return quantities_read(manifest) or tuple(discs)


def _rows(item: Item, keys: Sequence[str], reading: Reading | None, problem: str | None) -> Iterator[Row]:
    values = reading.values if reading else ()
    for key in keys:
        true = item.truth.values.get(key)
        if true is None:
            continue
        found = _found([one for one in values if _key(one, item.truth.view) == key], true)
        why = problem or _why_not(found, true)
        number = found.value if found is not None and why is None else None
        yield {
            "item": item.key, "group": item.group, "split": item.split, "key": key, "unit": true.unit, "true": true.value,
            "found": number, "error": None if number is None else number - true.value, "not_measured": why,
        }  # fmt: skip


def _key(value: ReadValue, view: View | None) -> str:
    return value.key if view is None else key_in_view(value.key, view)


def _found(values: Sequence[ReadValue], true: TrueValue) -> ReadValue | None:
    """That in the truth's unit, where there are several: an uncalibrated length stands in px beside the one in cm."""
    return next((one for one in values if one.unit == true.unit), values[0] if values else None)


def _why_not(found: ReadValue | None, true: TrueValue) -> str | None:
    if found is None:
        return "the model gave no such value"
    if found.unit != true.unit:
        stated = f"in {true.unit}" if true.unit else "without a unit"
        return f"{found.key} is in {found.unit}, stated {stated}: not compared"
    return " ".join(found.reasons) if found.value is None else None


def _word(unit: str) -> str:
    """As part of a figure's name.

    >>> _word("m/s"), _word("mL"), _word("%")
    ('m_s', 'ml', 'points')
    """
    return _UNITS.get(unit) or re.sub(r"\W+", "_", unit.lower())
