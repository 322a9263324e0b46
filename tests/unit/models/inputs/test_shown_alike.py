"""Every network is shown the same of a clip by whoever asks it: its reader, the engine gate, heat maps, trials, embeddings."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.analysis.embedding import embed
from models.analysis.reader_probes import role_batch, step_batch
from models.catalogue import DISPLAYS
from models.clip import Clip
from models.engines.agreement import probe_clip
from models.errors import NoHeatMap, ReadingError
from models.evaluation.datasets.items import Item, Truth
from models.evaluation.tasks.classification import _embedding, _probabilities
from models.evaluation.tasks.evaluation_result import Options
from models.evaluation.tasks.item_choice import read_clips
from models.evaluation.tasks.landmarks import _found
from models.evaluation.tasks.segmentation import masks_of
from models.explain import explain_clip
from models.explain.explained_layer import place_of
from models.inputs.clip_input import takes_clips
from models.library.manifest import Manifest
from models.library.model import Model
from models.library.recipe import Recipe
from models.library.registry import list_models, load_manifest, preprocess, recipe_of

pytestmark = pytest.mark.slow  # every kind of network, by every verb

_FRAMES, _FRAMES_OF_CLIPS = 8, 32  # as many as every verb asks about: none leaves one out


class Shown(BaseException):
    """What the network was shown first. No reader catches it."""

    def __init__(self, batch: Tensor) -> None:
        self.batch = batch


def stopped(manifest: Manifest, recipe: Recipe) -> nn.Module:
    """The network, in memory that nobody has written into: it stops before it computes anything."""
    network: nn.Module = load_manifest(manifest, device="meta").network.to_empty(device="cpu")

    def stop(batch: Tensor, *more: object) -> Tensor:
        raise Shown(batch)

    network.register_forward_pre_hook(lambda _, inputs: stop(*inputs))
    network.embed = stop  # type: ignore[assignment]
    if recipe.engine and recipe.engine.method != "forward":
        for owner in recipe.engine.owners:
            setattr(network.get_submodule(owner), recipe.engine.method, stop)
    return network


def shown(ask: Callable[[], object]) -> Tensor:
    """Frames (n, channels, rows, columns), in which a clip is taken apart."""
    with pytest.raises(Shown) as stopped_by:
        ask()
    batch = stopped_by.value.batch
    return batch if batch.ndim == 4 else batch.transpose(1, 2).flatten(0, 1)


def clip_for(manifest: Manifest) -> Clip:
    """The model's own probe, in which the region is a part of the screen and all frames differ."""
    clip = probe_clip(manifest.probe)
    if manifest.probe.view in DISPLAYS:
        return clip
    number = _FRAMES_OF_CLIPS if takes_clips(manifest) else _FRAMES
    grain = np.random.default_rng(0).integers(0, 60, (number, clip.rows, clip.columns, 3), dtype=np.uint8)
    frames = np.maximum(clip.take([index % clip.number_of_frames for index in range(number)]), grain)
    region = replace(clip.regions[0], x0_px=40, y0_px=20, x1_px=339, y1_px=279)
    return replace(clip, frames=frames, frame_times_ms=np.arange(number) * 40.0, regions=(region,))


def known(manifest: Manifest) -> Manifest:
    """With the mean and the deviation of the training clips, which come with the weights."""
    if manifest.family != "echonet_dynamic":
        return manifest
    return replace(manifest, architecture={**manifest.architecture, "mean": 60.0, "std": 50.0})


def by_verb(manifest: Manifest) -> dict[str, Tensor]:
    """What each verb shows the model that its recipe has for it."""
    recipe, clip = recipe_of(manifest), clip_for(manifest)
    cines = [clip] * max(recipe.clips_read, 1)
    network: Any = stopped(manifest, recipe)
    model = Model(network, recipe, manifest)
    item, options = Item("a clip", "", "", lambda: clip, Truth()), Options()
    batch = step_batch(clip, manifest, recipe.engine) if recipe.engine else role_batch(clip, manifest)
    found = {"gate": batch if batch.ndim == 4 else batch.transpose(1, 2).flatten(0, 1)}
    prepared = preprocess(manifest, clip)
    found["preprocess"] = prepared if prepared.ndim == 4 else prepared.transpose(1, 2).flatten(0, 1)
    verbs: dict[str, Callable[[], object]] = {}
    if _reads(network, clip):
        verbs["read"] = lambda: network.read_group(cines) if recipe.clips_read > 1 else network.read(clip)
    try:
        place_of(manifest)
        verbs["explain"] = lambda: explain_clip(network, clip)
    except NoHeatMap:
        assert recipe.no_heat_map or "decoder" in manifest.architecture or manifest.architecture.get("outputs") == 0
    trials: dict[str, Callable[[], object]] = {
        "classification": lambda: list(_probabilities(model, [item])),
        "embedding": lambda: _embedding(model, item, options),
        "segmentation": lambda: masks_of(model, clip, range(clip.number_of_frames)),
        "landmarks": lambda: _found(model, clip, range(clip.number_of_frames), options),
    }
    for task in recipe.evaluation:
        verbs[f"evaluate {task}"] = trials.get(task, lambda: read_clips(model, cines, options))
    if "embedding" in recipe.evaluation:
        verbs["embed"] = lambda: embed(model, clip)
    return found | {verb: shown(ask) for verb, ask in verbs.items()}


def _reads(network: Any, clip: Clip) -> bool:
    """An encoder without classes refuses every clip."""
    if not hasattr(network, "read"):
        return hasattr(network, "read_group")
    try:
        network.read(clip)
    except Shown:
        return True
    except ReadingError:
        return False
    return False


@pytest.mark.parametrize("manifest", [known(manifest) for manifest in list_models()], ids=lambda manifest: manifest.name)
def test_whoever_asks_a_network_shows_it_the_same(manifest: Manifest) -> None:
    """Bug prevented: an engine is let through, or an answer explained, on an image that the network never sees."""
    found = by_verb(manifest)
    reference = found.get("read", found["gate"])
    assert len(found) > 1 or manifest.architecture.get("decoder") == "untrained"
    for verb, batch in found.items():
        both = min(len(batch), len(reference))
        assert both, verb
        assert batch.shape[1:] == reference.shape[1:], verb
        assert torch.equal(batch[:both], reference[:both]), f"{verb}: {float((batch[:both] - reference[:both]).abs().max())}"
