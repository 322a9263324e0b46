"""Points that somebody marked against those a model gives: the ends of its calipers, annulus and apex of its outlines."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from models.analysis.adapters import border_probability, outlines_frames
from models.catalogue import LINE_POINTS
from models.clip import Clip
from models.derive.calipers.heat_map import sigmoid
from models.derive.calipers.linear import PLAX_LINES, PLAX_POINTS
from models.derive.ventricle.outline import cavity_outline
from models.derive.ventricle.sector import probe_position
from models.evaluation.datasets.items import DataSet, Item, TrueLandmark
from models.evaluation.metrics.by_group import bootstrap_by_group, stated
from models.evaluation.tasks.evaluation_result import Draw, EvaluationResult, Options
from models.evaluation.tasks.item_choice import Row, chosen, column, missing, need, read_clips
from models.evaluation.tasks.plots import histogram
from models.evaluation.tasks.segmentation import maps_of
from models.inputs.clip_input import on_map, pairs
from models.library.manifest import Manifest, Value
from models.library.model import Model
from models.library.reading import Mark
from models.library.registry import recipe_of
from models.results import CaliperKind, Point

OUTLINED = ("mitral_annulus_left", "mitral_annulus_right", "apex")  # left and right of the image
_SIDES = ("upper", "lower", "left", "right")  # of the two ends of every other line, in the image
_MM_PER_CM = 10.0

Found = Mapping[tuple[str, int], Point]  # by name and frame index


def read_landmarks(model: Model, data: DataSet, options: Options) -> EvaluationResult:
    """The distance of every marked point that the model has a name for, in px, and in mm of clips with a scale.

    Raises EvaluationError where nobody marked one.
    """
    names = names_of(model.manifest)
    rows: list[Row] = []
    for item in chosen(data, options, lambda item: any(mark.name in names for mark in item.truth.landmarks)):
        true = [mark for mark in item.truth.landmarks if mark.name in names]
        clip = item.load()
        found, problem = _found(model, clip, sorted({mark.frame_index for mark in true}), options)
        rows += [_row(item, clip, mark, found.get((mark.name, mark.frame_index)), problem) for mark in true]
    need(rows, options, f"a marked {' or '.join(names)}")
    figures: dict[str, Value] = {"landmarks": len(rows), "items": len({row["item"] for row in rows})}
    figures |= _figures("", rows)
    for name in dict.fromkeys(str(row["landmark"]) for row in rows):
        figures |= _figures(f"{name}_", [row for row in rows if row["landmark"] == name])
    plots: dict[str, Draw] = {}
    for unit in ("px", "mm"):
        distances = column(rows, f"error_{unit}")
        if distances.size:
            plots[f"distance_{unit}"] = histogram(distances, f"distance, {unit}")
    return EvaluationResult("landmarks", figures, tuple(rows), missing(rows), plots)


def names_of(manifest: Manifest) -> tuple[str, ...]:
    """What the points are called that the model gives."""
    if outlines_frames(manifest):
        return OUTLINED
    if recipe_of(manifest).needs:
        return tuple(label for label in manifest.labels if label in LINE_POINTS)
    if recipe_of(manifest).lines:
        return PLAX_POINTS
    return _ends_of(manifest.name.rpartition("/")[2])


def _ends_of(line: str) -> tuple[str, ...]:
    return PLAX_LINES.get(line) or tuple(f"{line}_{side}" for side in _SIDES)


def _found(model: Model, clip: Clip, frames: Sequence[int], options: Options) -> tuple[Found, str | None]:
    if names_of(model.manifest) == OUTLINED:
        return _of_outlines(model, clip, frames), None
    times = None if clip.frame_times_ms is None else clip.frame_times_ms[list(frames)]
    reading, problem = read_clips(model, [replace(clip, frames=clip.take(frames), frame_times_ms=times)], options)
    found: dict[tuple[str, int], Point] = {}
    for mark in reading.marks if reading else ():
        if mark.kind is CaliperKind.LINE:
            for name, point in _named_ends(mark, model.manifest.labels).items():
                found.setdefault((name, frames[mark.frame_index]), point)
    return found, problem


def _of_outlines(model: Model, clip: Clip, frames: Sequence[int]) -> Found:
    placed, maps = maps_of(model, clip, frames)
    level = border_probability(model.manifest)
    region = clip.b_mode_region().region
    scale = np.array(region.cm_per_px if region else (1.0, 1.0))
    probe = on_map(placed, probe_position(clip))
    found: dict[tuple[str, int], Point] = {}
    for frame, logits in zip(frames, maps, strict=True):
        line = cavity_outline(sigmoid(logits), level, probe=probe)
        if line is None:
            continue
        points = pairs(placed.to_image(line))
        left, right = sorted((points[0], points[-1]))
        scaled = np.array(points) * scale
        apex = int(np.linalg.norm(scaled - (scaled[0] + scaled[-1]) / 2, axis=1).argmax())
        found |= {(name, frame): point for name, point in zip(OUTLINED, (left, right, points[apex]), strict=True)}
    return found


def _named_ends(mark: Mark, labels: Sequence[str]) -> dict[str, Point]:
    """Of a network without a label for each, either end may be the first; where it lies in the image says which it is."""
    line = mark.label.lower().split(maxsplit=1)[0] if mark.label else ""
    if f"{line}_1" in labels:
        return {f"{line}_{number}": point for number, point in enumerate(mark.points_px, start=1)}
    upper, lower = sorted(mark.points_px, key=lambda point: point[1])
    if line in PLAX_LINES:
        return dict(zip(PLAX_LINES[line], (upper, lower), strict=True))
    left, right = sorted(mark.points_px)
    return dict(zip((f"{line}_{side}" for side in _SIDES), (upper, lower, left, right), strict=True))


def _row(item: Item, clip: Clip, true: TrueLandmark, found: Point | None, problem: str | None) -> Row:
    region = clip.b_mode_region().region
    error_mm = None
    if found is not None and region is not None:
        steps = ((one - other) * cm for one, other, cm in zip(found, true.point_px, region.cm_per_px, strict=True))
        error_mm = math.hypot(*steps) * _MM_PER_CM
    return {
        "item": item.key, "group": item.group, "split": item.split, "landmark": true.name, "frame": true.frame_index,
        "true_x": true.point_px[0], "true_y": true.point_px[1],
        "found_x": None if found is None else found[0], "found_y": None if found is None else found[1],
        "error_px": None if found is None else math.dist(found, true.point_px), "error_mm": error_mm,
        "not_measured": (problem or "no such point") if found is None else None,
    }  # fmt: skip


def _figures(prefix: str, rows: Sequence[Row]) -> dict[str, Value]:
    known = [row for row in rows if row["error_px"] is not None]
    figures: dict[str, Value] = {f"{prefix}coverage_percent": 100 * len(known) / len(rows)}
    for unit in ("px", "mm"):
        of_unit = [row for row in known if row[f"error_{unit}"] is not None]
        if of_unit:
            groups = [str(row["group"]) for row in of_unit]
            mean = bootstrap_by_group(lambda values: float(values.mean()), column(of_unit, f"error_{unit}"), groups)
            figures |= stated(f"{prefix}distance_mean_{unit}", mean)
    return figures
