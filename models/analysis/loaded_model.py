"""One model of a model set with what computes it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import Tensor, nn

from models.analysis.adapters import (
    border_logit,
)
from models.analysis.embedding import encodes_clips
from models.analysis.reader_probes import reader_probes, role_batch
from models.engines.agreement import GatedBackend, choose_backend, probe_clip
from models.engines.backend import TorchBackend
from models.errors import UnsuitableModel
from models.library.manifest import Manifest
from models.library.model import Model
from models.library.model_set import Role
from models.library.recipe import Answer
from models.library.registry import find_manifest, load_model
from models.library.roles import unfit_for
from models.networks.classifier_features import Described
from models.results import ModelUse


@dataclass(frozen=True)
class LoadedModel:
    """`model` is there for what it can do beside `run`."""

    model: Model
    backend: GatedBackend

    @property
    def manifest(self) -> Manifest:
        return self.model.manifest

    @property
    def use(self) -> ModelUse:
        return ModelUse(
            self.manifest.name,
            self.manifest.version,
            self.manifest.weights_sha256 if self.model.trained else "",
            self.manifest.trained_on_phantoms,
            self.backend.name,
        )

    def run(self, batch: Tensor) -> tuple[Tensor, ...]:
        """All outputs of the network, each (n, ...), float32 logits, features or values, for `batch` (n, ...), float32."""
        return self.backend.run(batch)


def load_for_role(role: Role, name: str, *, device: str = "cpu", engine: str = "torch") -> LoadedModel:
    """Raises ManifestError for a model that is not there, UnsuitableModel for one that cannot take the role, WeightsError."""
    manifest = find_manifest(name)
    if why := unfit_for(role, manifest):
        raise UnsuitableModel(f"model {name} cannot do this: it {why}")
    return prepare_for_role(role, load_model(name, pretrained=True, device=device), device=device, engine=engine)


def prepare_for_role(role: Role, model: Model, *, device: str = "cpu", engine: str = "torch") -> LoadedModel:
    """A model with its backend, which is chosen here, once."""
    if role in (Role.MEASUREMENTS, Role.PHASE) or (role is Role.QUALITY and model.recipe.answers is not Answer.CLASSES):
        return _reader(model, device, engine)
    manifest, embedder = model.manifest, model.embedder
    if engine == "torch" or (embedder and encodes_clips(embedder)):  # nothing to choose from, so no probe is rendered
        return LoadedModel(model, GatedBackend(TorchBackend(_entry(model, role), device)))
    clip = probe_clip(manifest.probe)
    if role is Role.LV_SEGMENTATION:
        probe, answers = role_batch(clip, manifest), Answer.MASK
        level = border_logit(manifest)
    else:
        entered = embedder.manifest if embedder else manifest
        probe, answers = role_batch(clip, entered), Answer.VALUES if embedder else Answer.CLASSES
        level = 0.0
    backend = choose_backend(
        _entry(model, role), answers, probe, manifest, engine=engine, device=device, level=level, trained=_trained(manifest)
    )
    return LoadedModel(model, backend)


def _trained(manifest: Manifest) -> bool:
    return bool(manifest.weights_sha256)


def _entry(model: Model, role: Role) -> nn.Module:
    """What is run of it."""
    if role in (Role.VIEW, Role.DISTRIBUTION) and model.describes:
        return Described(model.describing).eval()
    return model.network


def _reader(model: Model, device: str, engine: str) -> LoadedModel:
    """A network that reads clips itself: the step that takes its time goes to the backend, where the gate lets one through."""
    if not model.recipe.clips_read:
        raise UnsuitableModel(f"model {model.manifest.name} measures nothing: its network does not read clips")
    chosen = () if engine == "torch" else engage(model, engine=engine, device=device, trained=_trained(model.manifest))
    return LoadedModel(model, joined(chosen) if chosen else GatedBackend(TorchBackend(model.network, device)))


def engage(model: Model, *, engine: str, device: str, trained: bool, answers: Answer | None = None) -> tuple[GatedBackend, ...]:
    """Each step of a network that reads clips goes to the backend that the gate lets through; empty where none can be tried.

    `answers` compares otherwise than by what the network is.
    """
    probes = reader_probes(model.network, probe_clip(model.manifest.probe))
    chosen = tuple(
        choose_backend(
            probe.step, answers or probe.answers, probe.batch, model.manifest,
            engine=engine, device=device, trained=trained, others=probe.others,
        )
        for probe in probes
    )  # fmt: skip
    for probe, backend in zip(probes, chosen, strict=True):
        if not backend.as_it_is:
            probe.hand_to(backend.run)
    return chosen


def joined(chosen: Sequence[GatedBackend]) -> GatedBackend:
    """Of a network whose steps were tried apart: torch where one stayed there, and all that was refused."""
    told = next((backend for backend in chosen if backend.as_it_is), chosen[0])
    return replace(told, refusals=tuple(dict.fromkeys(refusal for backend in chosen for refusal in backend.refusals)))
