"""What a family says of itself, for everybody who asks: one recipe for each kind of network it has. Torch-free.

A family's recipes stand in `models/families/<origin>/recipe.py`, and `registry.FAMILIES` names that file. What needs torch is
named by its module and imported only when it is used.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from models.catalogue import DISPLAYS, View
from models.library.manifest import Manifest
from models.library.model_set import Role


class Answer(StrEnum):
    """What a network's outputs are."""

    CLASSES = "classes"  # logits (n, classes)
    MASK = "mask"  # logits (n, structures, h, w)
    POINTS = "points"  # logits (n, points, h, w), a peak each
    VALUES = "values"
    FEATURES = "features"


class Encodes(StrEnum):
    """Of what a network gives features."""

    FRAMES = "frames"
    CLIPS = "clips"


LV = "lv"  # the label of the left ventricle's cavity
FITS = ""  # nothing is missing for a role
PLAX = (View.PLAX, View.PLAX_HIGH, View.PLAX_ZOOM)
EMBEDDING = "the numbers of an embedding have no meaning that could be explained"
OF_IMAGES = tuple(view for view in View if view not in DISPLAYS)


class Form(StrEnum):
    """How a layer writes its features. FRAMES, FRAME_TOKENS: of a clip's frames one after the other, as in a batch."""

    MAPS = "(n, channels, rows, columns)"
    CHANNELS_LAST = "(n, rows, columns, channels)"
    TOKENS = "(n, leading tokens + rows * columns, channels)"
    CLIPS = "(n, channels, frames, rows, columns)"
    FRAMES = "(n * frames, channels, rows, columns)"
    FRAME_TOKENS = "(n * frames, leading tokens + rows * columns, channels)"


@dataclass(frozen=True)
class Layer:
    """Where the features are: the path of a submodule, -1 being the last of a list. Tokens have a `stride_px` and may be led
    by others, such as a class token.
    """

    path: str
    form: Form = Form.MAPS
    stride_px: int = 0
    leading_tokens: int = 0

    def of(self, network: Any) -> Any:
        module = network
        for step in self.path.split("."):
            module = module[-1] if step == "-1" else module.get_submodule(step)
        return module

    def maps(self, features: Any, rows: int, columns: int) -> Any:
        """Tensor (n, channels, ...) of features that came of an input of this size."""
        if self.form is Form.CHANNELS_LAST:
            return features.permute(0, 3, 1, 2)
        if self.form not in (Form.TOKENS, Form.FRAME_TOKENS):
            return features
        grid = rows // self.stride_px, columns // self.stride_px
        return features[:, self.leading_tokens :].transpose(1, 2).unflatten(2, grid)


@dataclass(frozen=True)
class HeatMap:
    """How an answer is explained: the layer whose features are weighed.

    `outputs` makes (n, k) or (n, k, h, w) of an answer that is neither; `labels` names the k where the manifest's do not, as a
    question to the network. `default` is the output that is explained where none is asked for; "": the largest.
    """

    layer: Layer
    outputs: Callable[[Any], Any] | None = None
    labels: Callable[[Any], Sequence[str]] | None = None
    default: str = ""


@dataclass(frozen=True)
class EngineStep:
    """What an engine may compute of a network that reads clips itself: `method` of the submodules `owners` ("" is the network).

    `frame_by_frame`: it takes frames, although the network takes clips. `other_sides` are further heights and widths that it is
    tried at, where it takes any.
    """

    method: str = "forward"
    owners: tuple[str, ...] = ("",)
    frame_by_frame: bool = False
    other_sides: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Recipe:
    """One kind of network of one family.

    `task` is what a manifest states as `[architecture] network` or `task`; "" stands for every one of them that the family has
    no other recipe for. `networks` is a module with `load(manifest, weights, device)`; `importer` one with
    `architecture(file, manifest)` and `place(file, network)`, "" where nobody publishes weights.

    `roles` are those that the family takes, with what this kind lacks for it (FITS: nothing); `limits` the one entry of
    [thresholds] that it needs for a role. `views` are the images on which the node asks it, `views_of_model` the same of single
    models; `quantities` the keys that it reads there. With `as_named` both follow from the keys in the manifest's
    [architecture] where nothing else is said. With `needs`, the labels that each quantity is read from, a model reads those
    whose labels it has, on all images that show them. `grades` are the views whose image quality it may grade, `outlines` those
    that a segmenter reads of its own accord.

    `clips_read` is how many clips it reads together: 1 makes it a `Reader`, more a `GroupReader`. `encodes` says of what it
    gives features. `beats_by` names, as "module:function" of (model, segmenter's model), the model that reads each beat which
    the segmenter finds. `reference` names, as "module:function" of (class means, precision, embedder's manifest), the tensors
    of a reference learnt in the features of another model, which [architecture] `embedder` names.

    `evaluation` are the tasks of `evaluate`, the usual one first; `lines` the calipers that it draws, where they are more than
    the one that it is called after; `ef_figures` is how figures of its ejection fraction begin, as its publisher calls them.
    `taught` are the tasks of `train` that fit, `backbone` the paths of the submodules that look: a fine-tune may freeze them.
    All else answers, and begins anew where the number of answers changes. `heat_map` says how an answer is explained, else
    `no_heat_map` why it cannot be.

    `head` is the submodule that answers, whose outputs are as many as [architecture] `outputs` says, or the labels: it may be
    exchanged for one of another number. "": what the network answers is of one kind and number.

    `sees` names, as "module:function" of (clip, manifest), the `inputs.clip_input.ClipInput` that is a clip as it sees it. With
    no `engine` a network that reads clips stays with torch.
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
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    grades: tuple[View, ...] = OF_IMAGES
    outlines: tuple[View, ...] = ()
    evaluation: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    ef_figures: str = "ef_"
    clips_read: int = 0
    encodes: Encodes | None = None
    beats_by: str = ""
    reference: str = ""
    taught: tuple[str, ...] = ()
    backbone: tuple[str, ...] = ()
    importer: str = ""
    head: str = ""
    sees: str = ""
    engine: EngineStep | None = None
    heat_map: HeatMap | None = None
    no_heat_map: str = ""

    def reads(self, manifest: Manifest) -> bool:
        """Whether the family knows what the outputs are: a new head may have any, of which it reads classes, and the
        structures and points that it has quantities of, by their labels, and of other masks the left ventricle.
        """
        if not manifest.architecture.get("new_head") or self.answers is Answer.CLASSES:
            return True
        if any(set(needed) <= set(manifest.labels) for needed in self.needs.values()):
            return True
        return self.answers is Answer.MASK and Role.LV_SEGMENTATION in self.roles and LV in manifest.labels

    @property
    def per_pixel(self) -> bool:
        """Whether its outputs are maps."""
        return self.answers in (Answer.MASK, Answer.POINTS)
