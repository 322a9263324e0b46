"""One item of a data set: its frames when asked for, what is true of it, which split and which patient it belongs to."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.catalogue import View
from models.clip import Clip
from models.results import Point

Mask = NDArray[np.bool_]
Masks = Mapping[str, Mapping[int, Mask]]  # structure -> frame index -> mask (rows, columns)

NOT_SURE = "not sure"


@dataclass(frozen=True)
class Caliper:
    """A line somebody drew: `ends_px` are (x, y) of the frame; `cm_per_px` follows from the length in cm they noted."""

    key: str
    frame_index: int
    ends_px: tuple[Point, Point]
    cm_per_px: float | None


@dataclass(frozen=True)
class TrueLandmark:
    """A point somebody marked, (x, y) px of the frame."""

    name: str
    frame_index: int
    point_px: Point


@dataclass(frozen=True)
class TrueValue:
    """A measurement somebody states, in the unit they state it in; "" where they state none."""

    value: float
    unit: str


def _no_masks() -> Masks:
    return {}


@dataclass(frozen=True, eq=False)
class Truth:
    """What is known of an item; None and empty: not known.

    `answers` are of several readers, by name, each a label or NOT_SURE; `label` is the one the data set calls true. `masks` are
    made when asked for: by structure and frame (rows, columns), true inside. Frames are 0-based. `values` are measurements of
    the clip, or of its study, by our keys; `view` is what the clip shows, in our words. `structures` are those of the masks,
    known without making them; `quality` is a grade, 0 the worst.
    """

    label: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    ef_percent: float | None = None
    edv_ml: float | None = None
    esv_ml: float | None = None
    ed_frame: int | None = None
    es_frame: int | None = None
    masks: Callable[[], Masks] = _no_masks
    calipers: tuple[Caliper, ...] = ()
    landmarks: tuple[TrueLandmark, ...] = ()
    values: Mapping[str, TrueValue] = field(default_factory=dict)
    view: View | None = None
    structures: tuple[str, ...] = ()
    quality: int | None = None


@dataclass(frozen=True, eq=False)
class Item:
    """`group` is what belongs to one patient, or to one study where no patient is named: it is resampled as a whole.

    `split` is "train", "val" or "test", or "" where the data set has no splits.
    """

    key: str
    group: str
    split: str
    load: Callable[[], Clip]
    truth: Truth


@dataclass(frozen=True, eq=False)
class DataSet:
    """The items of one data set, iterated once. `classes` are its labels in its own order; `notes` tell what was noticed."""

    layout: str
    items: Iterable[Item]
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


_SPLITS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}


def split_named(word: str) -> str | None:
    """The split that `word` means, in any case; None where it means none.

    >>> split_named("TRAIN"), split_named("validation"), split_named("maybe")
    ('train', 'val', None)
    """
    return _SPLITS.get(word.strip().lower())
