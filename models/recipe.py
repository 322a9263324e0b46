"""What a family says of itself, for everybody who asks: one recipe for each kind of network it has. Torch-free.

A family's recipes stand in `models/families/<origin>/recipe.py`, and `registry.FAMILIES` names that file. What needs torch is
named by its module and imported only when it is used.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from models.catalogue import TRACES, View


class Role(StrEnum):
    """A slot of a model set."""

    VIEW = "view"
    QUALITY = "quality"
    LV_SEGMENTATION = "lv_segmentation"
    MEASUREMENTS = "measurements"
    DISTRIBUTION = "distribution"
    PHASE = "phase"
    SPLIT_SCREEN = "split_screen"


class Answer(StrEnum):
    """What a network's outputs are."""

    CLASSES = "classes"
    MASK = "mask"
    POINTS = "points"
    VALUES = "values"
    FEATURES = "features"


FITS = ""  # nothing is missing for a role
PLAX = (View.PLAX, View.PLAX_HIGH, View.PLAX_ZOOM)
OF_IMAGES = tuple(view for view in View if view not in TRACES)


@dataclass(frozen=True)
class Recipe:
    """One kind of network of one family.

    `task` is what a manifest states as `[architecture] network` or `task`; "" stands for every one of them that the family has
    no other recipe for. `networks` is a module with `load(manifest, weights, device)`; `importer` one with
    `architecture(file, manifest)` and `place(file, network)`, "" where nobody publishes weights.

    `roles` are those that the family takes, with what this kind lacks for it (FITS: nothing); `limits` the one entry of
    [thresholds] that it needs for a role. `views` are the images on which the node asks it, `views_of_model` the same of single
    models; `quantities` the keys that it reads there. With `as_named` both follow from the keys in the manifest's
    [architecture] where nothing else is said. `judges` are the views whose image quality it may grade, `outlines` those that a
    segmenter reads of its own accord.

    `evaluation` are the tasks of `evaluate`, the usual one first; `lines` the calipers that it draws, where they are more than
    the one that it is called after.
    """

    family: str
    networks: str
    answers: Answer
    task: str = ""
    roles: Mapping[Role, str] = field(default_factory=dict)
    limits: Mapping[Role, str] = field(default_factory=dict)
    views: tuple[View, ...] = ()
    views_of_model: Mapping[str, tuple[View, ...]] = field(default_factory=dict)
    quantities: tuple[str, ...] = ()
    as_named: bool = False
    judges: tuple[View, ...] = OF_IMAGES
    outlines: tuple[View, ...] = ()
    evaluation: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    importer: str = ""
