"""Frames of every view of synthetic hearts as items of a data set: view, quality, structures, lines."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.catalogue import ECHOVIEW47, LINE_POINTS, in_order
from models.clip import Clip
from models.evaluation.datasets.items import Item, Masks, TrueLandmark, Truth
from models.phantom.rendered import STRUCTURES
from models.training.display_frames import display_frames
from models.training.plane_frames import CLASSES, OTHER, UNGRADED, PlaneFrames, joined, plane_frames

_WITH_DISPLAYS = 320  # hearts: thirteen classes of spectra need fewer than thirty-four planes
_VIEWS = {row.name: row.view for row in ECHOVIEW47}


def plane_samples(seeds: tuple[int, int], split: str, cache: Path, processes: int) -> Iterator[Item]:
    """Every frame of the hearts first..last-1, the heart's seed in place of a patient."""
    with_displays = (seeds[0], min(seeds[1], seeds[0] + _WITH_DISPLAYS))
    frames = joined([plane_frames(seeds, cache, processes), display_frames(with_displays, cache, processes)])
    frames = replace(frames, points=in_order(frames.points))
    return (_item(frames, index, split) for index in range(len(frames)))


def _item(frames: PlaneFrames, index: int, split: str) -> Item:
    seed, name, grade = int(frames.seeds[index]), CLASSES[int(frames.classes[index])], int(frames.qualities[index])
    known = tuple(structure for structure, told in zip(STRUCTURES, frames.known[index], strict=True) if told)
    truth = Truth(
        label=name,
        view=None if name == OTHER else _VIEWS[name],
        quality=None if grade == UNGRADED else grade,
        masks=partial(_masks, frames.labels[index], known) if known else dict,
        structures=known,
        landmarks=_landmarks(frames.points[index]),
    )
    return Item(f"{seed}/{index}", str(seed), split, partial(_clip, f"{seed}/{index}", frames.images[index]), truth)


def _landmarks(points: NDArray[np.float32]) -> tuple[TrueLandmark, ...]:
    """Of lines (lines, 2, 2), (x, y) px, NaN where none is drawn."""
    ends = zip(LINE_POINTS, points.reshape(-1, 2), strict=True)
    return tuple(TrueLandmark(name, 0, (float(x), float(y))) for name, (x, y) in ends if np.isfinite(x))


def _clip(key: str, image: NDArray[np.uint8]) -> Clip:
    return Clip(key, np.repeat(image[None, ..., None], 3, axis=3), None, is_quality_control_subject=True)


def _masks(labels: NDArray[np.uint8], known: tuple[str, ...]) -> Masks:
    return {name: {0: labels == STRUCTURES.index(name) + 1} for name in known}
