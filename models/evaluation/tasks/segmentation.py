"""Outlines of the left ventricle, and of what else a network marks, against traced ones: Dice, IoU, distance of the borders."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from models.analysis.adapters import border_logit, lv_output, outlines_frames, placed_frames
from models.clip import Clip
from models.errors import EvaluationError
from models.evaluation.datasets.items import DataSet, Item
from models.evaluation.metrics.by_group import bootstrap_by_group, stated
from models.evaluation.metrics.overlap import Mask, Overlap, overlap, pooled_dice
from models.evaluation.tasks.evaluation_result import Cell, EvaluationResult, Options
from models.evaluation.tasks.plots import histogram
from models.inputs.clip_input import ClipInput
from models.library.manifest import Value
from models.library.model import Model
from models.library.recipe import LV
from models.networks.frame_answers import frame_answers

_FAR_OUTSIDE = -1e4  # the logit of pixels that the network does not see
_AT_ONCE = 20
_MM_PER_CM = 10.0


def segment(model: Model, data: DataSet, options: Options) -> EvaluationResult:
    """Every traced frame of the split; figures without a name are of the left ventricle, where the network marks it.

    Raises EvaluationError where nothing that it marks is traced.
    """
    rows: list[dict[str, Cell]] = []
    overlaps: list[Overlap] = []
    units: set[str] = set()
    for item in data.items:
        if options.split and item.split and item.split != options.split:
            continue
        for row, found, unit in _compared(model, item):
            rows.append(row)
            overlaps.append(found)
            units.add(unit)
    structures = structures_of(model)
    if not rows:
        names = "ventricle" if structures == (LV,) else " or ".join(structures)
        raise EvaluationError(f"no item of the split {options.split!r} has a traced {names}")
    further: dict[str, Value] = {}
    for structure in structures[1:]:
        if chosen := [index for index, row in enumerate(rows) if row["structure"] == structure]:
            groups = [str(rows[index]["group"]) for index in chosen]
            further |= _figures(f"{structure}_", [overlaps[index] for index in chosen], groups, units)
    main = [index for index, row in enumerate(rows) if row["structure"] == structures[0]]
    every, rows, overlaps = tuple(rows), [rows[index] for index in main], [overlaps[index] for index in main]
    if not rows:
        return EvaluationResult("segmentation", further, every)
    groups = [str(row["group"]) for row in rows]
    figures: dict[str, Value] = {"frames": len(rows), "items": len({row["item"] for row in rows})}
    figures |= _figures("", overlaps, groups, units)
    views = sorted({str(row["view"]) for row in rows if row["view"]})
    for key, word in (("phase", "ed"), ("phase", "es"), *(("view", view) for view in views)):
        chosen = [index for index, row in enumerate(rows) if row[key] == word]
        if chosen:
            figures |= _figures(f"{word}_", [overlaps[i] for i in chosen], [groups[i] for i in chosen], units)
    dice = np.array([one.dice for one in overlaps])
    notes = ("dice is of all pixels together, as EchoNet-Dynamic prints it; dice_mean the mean over frames",)
    return EvaluationResult("segmentation", figures | further, every, notes, {"dice": histogram(dice, "Dice")})


def _figures(prefix: str, overlaps: Sequence[Overlap], groups: Sequence[str], units: set[str]) -> dict[str, Value]:
    counts = np.array([(one.shared, one.either) for one in overlaps], dtype=np.float64)
    shares = np.array([(one.dice, one.iou) for one in overlaps])
    figures: dict[str, Value] = dict(stated(f"{prefix}dice", bootstrap_by_group(_pooled, counts, groups)))
    figures |= stated(f"{prefix}dice_mean", bootstrap_by_group(lambda v: float(v[:, 0].mean()), shares, groups))
    figures |= stated(f"{prefix}iou", bootstrap_by_group(lambda v: float(v[:, 1].mean()), shares, groups))
    distances = [one.surface_distance for one in overlaps if one.surface_distance is not None]
    if distances and len(units) == 1:
        figures[f"{prefix}surface_distance_mean_{next(iter(units))}"] = float(np.mean(distances))
    figures[f"{prefix}nothing_found"] = len(overlaps) - len(distances)
    return figures


def _pooled(counts: NDArray[np.float64]) -> float:
    return pooled_dice([Overlap(int(counts[:, 0].sum()), int(counts[:, 1].sum()), None)])


def structures_of(model: Model) -> tuple[str, ...]:
    """What it marks, the left ventricle first: by its labels, or that alone."""
    labels = model.manifest.labels
    return (LV, *(label for label in labels if label != LV)) if LV in labels else (LV,)


def _compared(model: Model, item: Item) -> Iterator[tuple[dict[str, Cell], Overlap, str]]:
    masks = item.truth.masks()
    traced = {name: masks[name] for name in structures_of(model) if masks.get(name)}
    if not traced:
        return
    clip = item.load()
    region = clip.b_mode_region().region
    unit = "mm" if region else "px"
    cm_per_px = region.cm_per_px if region else None
    size = (cm_per_px[0] * _MM_PER_CM, cm_per_px[1] * _MM_PER_CM) if cm_per_px else (1.0, 1.0)
    frames = sorted({frame for true in traced.values() for frame in true})
    placed, maps = _all_maps(model, clip, frames)
    level = border_logit(model.manifest)
    for frame, logits in zip(frames, maps, strict=True):
        for structure, true in traced.items():
            if frame not in true:
                continue
            mask = _on_image(logits[_output(model, structure)], placed, clip) > level
            one = overlap(true[frame], mask, size)
            phase = {item.truth.ed_frame: "ed", item.truth.es_frame: "es"}.get(frame, "")
            row: dict[str, Cell] = {
                "item": item.key, "group": item.group, "split": item.split, "frame": frame, "phase": phase,
                "structure": structure, "view": (item.truth.label or "").lower(),
                "dice": one.dice, "iou": one.iou, "surface_distance": one.surface_distance, "unit": unit,
                "true_px": int(true[frame].sum()), "found_px": int(mask.sum()),
            }  # fmt: skip
            yield row, one, unit


def _output(model: Model, structure: str) -> int:
    return lv_output(model.manifest) if structure == LV else model.manifest.labels.index(structure)


def masks_of(model: Model, clip: Clip, frames: Sequence[int]) -> list[Mask]:
    """Masks (rows, columns) of the whole image on these frames, true inside.

    Raises EvaluationError for a model that outlines nothing.
    """
    placed, maps = maps_of(model, clip, frames)
    level = border_logit(model.manifest)
    return [_on_image(logits, placed, clip) > level for logits in maps]


def maps_of(model: Model, clip: Clip, frames: Sequence[int]) -> tuple[ClipInput, Iterator[NDArray[np.float32]]]:
    """Logits (h, w) of the left ventricle on these frames of the network's input, and where that lies in the image.

    Raises EvaluationError for a model that outlines nothing.
    """
    placed, maps = _all_maps(model, clip, frames)
    return placed, (logits[lv_output(model.manifest)] for logits in maps)


def _all_maps(model: Model, clip: Clip, frames: Sequence[int]) -> tuple[ClipInput, Iterator[NDArray[np.float32]]]:
    if not outlines_frames(model.manifest):
        family = model.manifest.family
        raise EvaluationError(f"model {model.manifest.name}: nothing says how its family {family} sees a frame")
    placed = placed_frames(clip, model.manifest)
    return placed, (logits.numpy() for logits in frame_answers(model.network, placed, frames, _AT_ONCE))


def _on_image(logits: NDArray[np.float32], placed: ClipInput, clip: Clip) -> NDArray[np.float32]:
    """The map resampled to the image's pixels; its placement is a shift and a scale along each axis."""
    corner, far = placed.to_image(np.array([[0.0, 0.0], [1.0, 1.0]]))
    scale = far - corner
    x, y = ((np.arange(length) - corner[axis]) / scale[axis] for axis, length in ((0, clip.columns), (1, clip.rows)))
    grid_x, grid_y = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    on_image = cv2.remap(np.ascontiguousarray(logits), grid_x, grid_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    rows, columns = logits.shape
    outside = (grid_x < -0.5) | (grid_x > columns - 0.5) | (grid_y < -0.5) | (grid_y > rows - 0.5)
    return np.asarray(np.where(outside, np.float32(_FAR_OUTSIDE), on_image), dtype=np.float32)
