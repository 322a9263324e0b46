"""Frames of synthetic hearts as items of a data set, with exact truth: the one place where trainings ask for phantoms."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.catalogue import View
from models.clip import Clip
from models.errors import TrainingConfigError
from models.evaluation.datasets.items import Item, Masks, Truth
from models.phantom import GENERATOR_VERSION
from models.training.phantom_source import VIEWS, FrameSet, load_frames
from models.training.plane_samples import plane_samples
from models.training.settings import PhantomPart
from models.training.trace_samples import trace_samples

FRAME_SIZE_PX = 160  # all trainings share one set of frames, generated at the largest input size


def phantom_samples(told: PhantomPart) -> Iterator[Item]:
    """Every frame of every heart, and images of no heart, which have the label "other" and no view.

    The heart's seed stands for the patient. Raises TrainingConfigError for ranges of seeds that overlap.
    """
    ranges = seeds_of(told)
    ordered = sorted(ranges.values())
    if ordered[0][1] > ordered[1][0] or ordered[1][1] > ordered[2][0]:
        raise TrainingConfigError("data.phantom: train, validation and test seeds overlap: no heart may be in two of them")
    for split, seeds in ranges.items():
        if told.of == "planes":
            yield from plane_samples(seeds, split, Path(told.cache), told.processes)
            continue
        if told.of in ("spectra", "m_modes"):
            yield from trace_samples(told.of, seeds, split, Path(told.cache), told.processes)
            continue
        frames = load_frames(seeds, FRAME_SIZE_PX, Path(told.cache), told.processes)
        yield from (_item(frames, index, split) for index in range(len(frames)))


def seeds_of(told: PhantomPart) -> dict[str, tuple[int, int]]:
    """By split."""
    return {"train": told.train_seeds, "val": told.validation_seeds, "test": told.test_seeds}


def phantom_generator() -> str:
    return GENERATOR_VERSION


def phantom_description(told: PhantomPart) -> str:
    shown = {
        "apical": "A4C and A2C in several phases",
        "planes": "every view of three generators",
        "spectra": "spectra of two generators",
        "m_modes": "M-modes of two generators",
    }
    hearts = told.train_seeds[1] - told.train_seeds[0]
    return f"{hearts} synthetic hearts, {shown[told.of]}, and images of no heart"


def _item(frames: FrameSet, index: int, split: str) -> Item:
    heart, seed = bool(frames.is_heart[index]), int(frames.seeds[index])
    view = VIEWS[int(frames.views[index])]
    outlined = heart and view is not View.OTHER
    truth = Truth(
        label=view.value,
        view=view if heart else None,
        quality=int(frames.qualities[index]) if heart else None,
        masks=partial(_masks, frames.lv_masks[index]) if outlined else dict,
        structures=("lv",) if outlined else (),
    )
    return Item(f"{seed}/{index}", str(seed), split, partial(_clip, f"{seed}/{index}", frames.images[index]), truth)


def _clip(key: str, image: NDArray[np.uint8]) -> Clip:
    return Clip(key, np.repeat(image[None, ..., None], 3, axis=3), None, is_quality_control_subject=True)


def _masks(mask: NDArray[np.uint8]) -> Masks:
    found: Mapping[str, Mapping[int, NDArray[np.bool_]]] = {"lv": {0: mask > 127}}
    return found
