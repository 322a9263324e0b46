"""What models read off whole clips, against its truth: ejection fraction, lengths, end-diastole and end-systole."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.clip import Clip
from models.errors import EvaluationError
from models.evaluation.datasets.items import Caliper, DataSet, Item
from models.evaluation.datasets.linear_csv import MODEL_OF_CALC
from models.evaluation.metrics.abstention import error_abstention_figures, mean_error_over_coverage
from models.evaluation.metrics.numbers import agreement_figures, ef_auroc
from models.evaluation.metrics.phases import frame_figures, nearest
from models.evaluation.tasks.evaluation_result import Cell, Draw, EvaluationResult, Options
from models.evaluation.tasks.item_choice import (
    Row,
    chosen,
    column,
    items_together,
    left_out_notes,
    missing,
    need,
    of_views,
    pairs_of,
    read_clips,
    regression_plots,
    views_asked,
)
from models.evaluation.tasks.plots import area_curves, histogram, risk_over_coverage
from models.library.manifest import Value
from models.library.model import Model
from models.library.quantities import views_together
from models.library.reading import Mark, Reading
from models.results import CaliperKind, ReadValue

_EF_KEYS = ("ef_video_regression", "ef_bp", "ef_a4c", "ef_a4c_uncalibrated", "ef_area_a4c", "ef_video_regression_biplane")
_FEWEST_FRAMES = 3  # of a clip; CAMUS has end-diastole and end-systole as two single frames
_ANY_EF = "ef_"
_CURVES = 4  # area curves drawn
_MM_PER_CM = 10.0


def read_ef(model: Model, data: DataSet, options: Options) -> EvaluationResult:
    """Ejection fraction, with how many items one was read at all. Raises EvaluationError without a true one."""
    rows: list[Row] = []
    curves: list[tuple[str, Sequence[float], Sequence[int]]] = []
    key_read, prefix = "", model.recipe.ef_figures
    single_frames, others = 0, list[Item]()
    known = chosen(data, options, lambda item: item.truth.ef_percent is not None)
    for item, clips, unpaired in _clips(model, known, others):
        if (prefix != _ANY_EF or len(clips) > 1) and min(clip.number_of_frames for clip in clips) < _FEWEST_FRAMES:
            single_frames += 1
            continue
        reading, problem = read_clips(model, clips, options) if clips else (None, unpaired)
        value = next((one for one in reading.values if one.key in _EF_KEYS), None) if reading else None
        found = None if value is None else value.value
        key_read = value.key if value else key_read
        if value is not None and found is None:
            problem = " ".join(value.reasons)
        true = item.truth.ef_percent
        first = reading.rows[0].get("EF") if reading and reading.rows else None
        rows.append({
            "item": item.key, "group": item.group, "split": item.split, "true": true, "found": found,
            "error": None if found is None or true is None else found - true, "first_clip": first, "not_measured": problem,
            "spread": _spread(reading, value),
        })  # fmt: skip
        if reading and len(curves) < _CURVES:
            curves += _curve(item.key, reading)
    need(rows, options, "a true ejection fraction" + _passed_over(single_frames, others))
    pairs, groups = pairs_of(rows, "found")
    figures: dict[str, Value] = {"items": len(rows), "coverage_percent": 100 * len(pairs) / len(rows)}
    figures |= agreement_figures(prefix, "points", pairs, groups) | (ef_auroc(prefix, pairs) if len(pairs) else {})
    if prefix == "all_clips_":
        single, single_groups = pairs_of(rows, "first_clip")
        figures |= agreement_figures("clip_", "points", single, single_groups)
    sure = [(row["error"], None if row["spread"] is None else -float(row["spread"])) for row in rows]
    ranked = _over_coverage(prefix, "points", sure, "the spread over beats or clips, the least first, a single one last")
    figures |= ranked.figures
    notes = (f"read: {key_read or 'nothing'}, {options.decoding.value}", *missing(rows), *left_out_notes(others), *ranked.notes)
    plots = regression_plots(pairs, "EF, %") | ranked.plots | ({"area_curves": area_curves(curves)} if curves else {})
    return EvaluationResult("ef", figures, tuple(rows), notes, plots)


def read_lengths(model: Model, data: DataSet, options: Options) -> EvaluationResult:
    """Calipers of the kinds the model draws, on the frames where somebody drew one. Raises EvaluationError where nobody did."""
    names = model.recipe.lines or (model.manifest.name.rpartition("/")[2],)
    rows: list[Row] = []
    for item in chosen(data, options, lambda item: any(_line_name(caliper) in names for caliper in item.truth.calipers)):
        calipers = [caliper for caliper in item.truth.calipers if _line_name(caliper) in names]
        frames = sorted({caliper.frame_index for caliper in calipers})
        clip = item.load()
        if frames[-1] >= clip.number_of_frames:
            raise EvaluationError(f"{item.key}: a caliper on frame {frames[-1]} of {clip.number_of_frames}")
        times = None if clip.frame_times_ms is None else clip.frame_times_ms[frames]
        reading, problem = read_clips(model, [replace(clip, frames=clip.take(frames), frame_times_ms=times)], options)
        marks = [mark for mark in reading.marks if mark.kind is CaliperKind.LINE] if reading else []
        lines = {(mark.label.lower().split(maxsplit=1)[0], mark.frame_index): mark for mark in marks}
        for caliper in calipers:
            line = lines.get((_line_name(caliper), frames.index(caliper.frame_index)))
            rows.append(_length_row(item, caliper, line, problem))
    need(rows, options, f"a caliper for {' or '.join(names)}")
    figures: dict[str, Value] = {"calipers": len(rows)}
    figures["coverage_percent"] = 100 * sum(row["found_px"] is not None for row in rows) / len(rows)
    figures |= _length_figures("", rows)
    kinds = sorted({str(row["caliper"]) for row in rows})
    if len(kinds) > 1:
        for kind in kinds:
            figures |= _length_figures(f"{kind}_", [row for row in rows if row["caliper"] == kind])
    ends_px = column(rows, "end_error_px")
    if ends_px.size:
        figures["end_error_mean_px"] = float(ends_px.mean())
    pairs, _ = pairs_of(rows, "found_mm", "true_mm")
    unit = "mm" if any(row["found_mm"] is not None for row in rows) else "px"
    ranked = _over_coverage(
        f"{unit}_", unit, [(_difference(row, unit), row["probability"]) for row in rows], "the probability of the less sure end"
    )
    plots = regression_plots(pairs, "length, mm") | ranked.plots
    return EvaluationResult("linear", figures | ranked.figures, tuple(rows), (*missing(rows), *ranked.notes), plots)


def read_phases(model: Model, data: DataSet, options: Options) -> EvaluationResult:
    """End-diastole and end-systole: the found frame nearest to each true one. Raises EvaluationError without a true one."""
    rows: list[Row] = []
    for item in chosen(data, options, lambda item: None not in (item.truth.ed_frame, item.truth.es_frame)):
        clip = item.load()
        if clip.number_of_frames < _FEWEST_FRAMES:
            continue  # of two frames alone the order says which is which
        reading, problem = read_clips(model, [clip], options)
        times = clip.frame_times_ms
        for phase, true in (("ed", item.truth.ed_frame), ("es", item.truth.es_frame)):
            values = reading.values if reading else ()
            frames = [one.frame_index for one in values if one.key == f"{phase}_time" and one.frame_index is not None]
            found = None if true is None else nearest(true, frames)
            difference = None if found is None or true is None else found - true
            late_ms = None if found is None or true is None or times is None else float(times[found] - times[true])
            rows.append({
                "item": item.key, "group": item.group, "split": item.split, "phase": phase, "true": true, "found": found,
                "difference_frames": difference, "difference_ms": late_ms, "not_measured": problem,
            })  # fmt: skip
    need(rows, options, "both phases of a clip")
    figures: dict[str, Value] = {"items": len({row["item"] for row in rows})}
    for phase in ("ed", "es"):
        of_phase = [row for row in rows if row["phase"] == phase]
        figures[f"{phase}_coverage_percent"] = 100 * sum(row["found"] is not None for row in of_phase) / len(of_phase)
        frames_off, late = (column(of_phase, key) for key in ("difference_frames", "difference_ms"))
        figures |= frame_figures(phase, frames_off, late)
    plots = {"phase_errors": histogram(column(rows, "difference_frames"), "found - true, frames")}
    return EvaluationResult("phase", figures, tuple(rows), missing(rows), plots)


def _clips(model: Model, items: Iterator[Item], left_out: list[Item]) -> Iterator[tuple[Item, list[Clip], str]]:
    """Each item with its clip; `left_out` takes those of views that the model does not read. Of a model that reads several
    clips together each study with one of each view, or which it lacks.
    """
    if not (together := views_together(model.manifest)):
        yield from ((item, [item.load()], "") for item in of_views(items, views_asked(model.manifest), left_out))
        return
    for study, group, incomplete in items_together(items, together):
        yield replace(study, key=study.group), [item.load() for item in group], incomplete


def _passed_over(single_frames: int, others: Sequence[Item]) -> str:
    words = [f"the model reads clips of several frames, and {single_frames} are single frames"] if single_frames else []
    words += [f"{len(others)} clips are of views that the model does not read"] if others else []
    return f": {'; '.join(words)}" if words else ""


def _spread(reading: Reading | None, value: ReadValue | None) -> float | None:
    """The standard deviation over the beats or clips of which the value is the mean; of a single one nothing is known."""
    if reading is None or value is None or value.value is None:
        return None
    parts = [float(str(row["EF"])) for row in reading.rows if row.get("EF") is not None]
    return value.sd if value.sd is not None or len(parts) < 2 else float(np.std(parts, ddof=1))


@dataclass(frozen=True)
class _Ranked:
    figures: dict[str, Value]
    plots: dict[str, Draw]
    notes: tuple[str, ...]


def _over_coverage(prefix: str, unit: str, pairs: Sequence[tuple[Cell, Cell]], by: str) -> _Ranked:
    """The error by coverage of all `pairs` (error, how sure), the surest first; those without an error are not covered."""
    read = [(abs(float(error)), sure) for error, sure in pairs if error is not None]
    if all(sure is None for _, sure in read):
        return _Ranked({}, {}, ("no risk-coverage curve: the model gives no confidence of its values",) if read else ())
    confidence = np.array([-np.inf if sure is None else float(sure) for _, sure in read])
    errors = np.array([error for error, _ in read])
    figures = error_abstention_figures(prefix, unit, confidence, errors, len(pairs))
    curve = risk_over_coverage(*mean_error_over_coverage(confidence, errors, len(pairs)), f"mean absolute error, {unit}")
    return _Ranked(figures, {"risk_coverage": curve}, (f"risk over coverage: by {by}; what was not measured is not covered",))


def _curve(name: str, reading: Reading) -> list[tuple[str, Sequence[float], Sequence[int]]]:
    """The area of every frame where the reading's table has it under one of the names in use, else nothing."""
    for key, marked in (("Size", "ComputerSmall"), ("area_px", "phase")):
        if reading.rows and key in reading.rows[0]:
            areas = [float(str(row[key])) for row in reading.rows]
            return [(name, areas, [index for index, row in enumerate(reading.rows) if row.get(marked)])]
    return []


def _line_name(caliper: Caliper) -> str:
    return MODEL_OF_CALC.get(caliper.key, caliper.key)


def _length_figures(prefix: str, rows: Sequence[Row]) -> dict[str, Value]:
    figures: dict[str, Value] = {}
    for unit in ("px", "mm"):
        pairs, groups = pairs_of(rows, f"found_{unit}", f"true_{unit}")
        if len(pairs):
            figures |= agreement_figures(f"{prefix}{unit}_", unit, pairs, groups)
    return figures


def _difference(row: Row, unit: str) -> float | None:
    found, true = row[f"found_{unit}"], row[f"true_{unit}"]
    return None if found is None or true is None else float(found) - float(true)


def _length_row(item: Item, caliper: Caliper, line: Mark | None, problem: str | None) -> Row:
    ends = None if line is None else line.points_px
    true_px = math.dist(*caliper.ends_px)
    found_px = None if ends is None else math.dist(*ends)
    mm_per_px = None if caliper.cm_per_px is None else caliper.cm_per_px * _MM_PER_CM
    end_error = None
    if ends is not None:  # either end may be the first
        pairings = (zip(ends, order, strict=True) for order in (caliper.ends_px, caliper.ends_px[::-1]))
        end_error = min(sum(math.dist(found, true) for found, true in pairing) / 2 for pairing in pairings)
    return {
        "item": item.key, "group": item.group, "split": item.split, "caliper": caliper.key, "frame": caliper.frame_index,
        "true_px": true_px, "found_px": found_px,
        "true_mm": None if mm_per_px is None else true_px * mm_per_px,
        "found_mm": None if mm_per_px is None or found_px is None else found_px * mm_per_px,
        "end_error_px": end_error, "not_measured": problem or ("no line drawn" if ends is None else None),
        "probability": None if line is None else line.probability,
    }  # fmt: skip
