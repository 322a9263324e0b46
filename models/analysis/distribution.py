"""How like the images of a distribution reference a clip is: what of it is looked at, its features, and their distance."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from torch import Tensor

from models.analysis.displays import display_choice
from models.analysis.embedding import features_as_learnt
from models.analysis.loaded_model import LoadedModel
from models.calibration import DisplayChoice
from models.catalogue import DISPLAYS, View
from models.clip import Clip
from models.inputs.clip_input import network_input
from models.library.model import Model
from models.results import DistributionVerdict

_FRAMES = 8  # spread over the clip, so that several phases of the beat vote


def frames_looked_at(clip: Clip) -> list[int]:
    last = clip.number_of_frames - 1
    return [int(index) for index in np.unique(np.linspace(0, last, _FRAMES).round())]


def reference_features(loaded: LoadedModel, clip: Clip, view: View, chosen: Sequence[int]) -> Tensor:
    """Features (n, width), float32, of a clip of `view`.

    Raises ReadingError for one that the reference's embedder cannot be asked about.
    """
    embedder = loaded.model.embedder
    if embedder is None:  # a classifier that knows its own training data
        return loaded.run(network_input(clip, loaded.manifest, chosen))[1]
    display = display_choice(view, clip) if view in DISPLAYS else None
    return features_of_display(embedder, clip, display, chosen, run=lambda batch: loaded.run(batch)[1])


def features_of_display(
    embedder: Model,
    clip: Clip,
    display: DisplayChoice | None,
    chosen: Sequence[int],
    run: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """`features_as_learnt` of a clip, (n, width), float32, or of the `display` alone, without the small picture
    above it.

    `run` is as there: it makes features (n, width) of a batch (n, ...). Embedders look at the two-dimensional image of a
    screen, or at all of it; cut out, each of them sees the trace.
    """
    if display is None or display.seen is None:
        return features_as_learnt(embedder, clip, chosen, run)
    x0, y0, x1, y1 = display.seen.corners_px
    cut = np.ascontiguousarray(clip.take(chosen)[:, y0 : y1 + 1, x0 : x1 + 1])
    alone = replace(clip, frames=cut, frame_times_ms=None, regions=())
    return features_as_learnt(embedder, alone, range(len(cut)), run=run)


def verdict(loaded: LoadedModel, features: Tensor) -> DistributionVerdict:
    """How far `features` (n, width), float32, lie from the training data, in the mean, and whether that is allowed."""
    reference = loaded.model.reference
    distance = float(reference.distance(features.to(reference.class_means.device)).mean())
    threshold = loaded.manifest.threshold("out_of_distribution")
    return DistributionVerdict(distance, threshold, inside=distance <= threshold)
