"""An engine for a network that is asked outside the node's model set: to read, to classify, to outline, for its features."""

from models.analysis.adapters import border_logit, outlines_frames
from models.analysis.embedding import encodes_clips
from models.analysis.loaded_model import engage, joined
from models.analysis.reader_probes import ReaderProbe, role_batch
from models.engines.agreement import choose_backend, probe_clip
from models.engines.backend import TorchBackend
from models.library.model import Model
from models.library.recipe import Answer
from models.networks.engine_slots import EngineSlots


def move_to_engine(model: Model, *, engine: str, device: str, for_features: bool = False) -> str:
    """The model's way to its answer, or `for_features` to those, goes to the quickest engine that agrees with torch.

    Returns what computes, as the findings of the node say it. Torch keeps what has no probe, and encoders of whole clips.
    """
    manifest = model.manifest
    here = TorchBackend(model.network, device).name
    if engine == "torch" or (for_features and encodes_clips(model)):
        return here
    trained = bool(manifest.weights_sha256)
    if not for_features and (chosen := engage(model, engine=engine, device=device, trained=trained)):
        return joined(chosen).name
    if (probe := _probe(model, for_features=for_features)) is None:
        return here
    level = border_logit(manifest) if probe.answers is Answer.MASK else 0.0
    backend = choose_backend(
        probe.step, probe.answers, probe.batch, manifest, engine=engine, device=device, level=level, trained=trained
    )
    if not backend.as_it_is:
        probe.hand_to(backend.run)
    return backend.name


def _probe(model: Model, *, for_features: bool) -> ReaderProbe | None:
    manifest, network = model.manifest, model.network
    batch = role_batch(probe_clip(manifest.probe), manifest)
    if not isinstance(network, EngineSlots):
        return None
    if for_features:
        return ReaderProbe(network, "embed", Answer.VALUES, batch)
    if outlines_frames(manifest):
        return ReaderProbe(network, "forward", Answer.MASK, batch)
    if model.recipe.answers is Answer.CLASSES:
        return ReaderProbe(network, "forward", Answer.CLASSES, batch)
    return None
