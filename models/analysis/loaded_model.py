"""One network of a model set with what computes it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from torch import Tensor, nn

from models.analysis.adapters import (
    Described,
    border_logit,
)
from models.analysis.embedding import encodes_clips
from models.analysis.reader_probes import reader_probes, role_batch
from models.engines.agreement import GatedBackend, choose_backend, probe_clip
from models.engines.backend import TorchBackend
from models.errors import UnsuitableModel
from models.families.phantom.classifier import PhantomClassifier
from models.library.manifest import Manifest
from models.library.model_set import Role
from models.library.reading import Reader
from models.library.recipe import Answer
from models.library.registry import find_manifest, load_model
from models.library.roles import unfit_for
from models.results import ModelUse

log = logging.getLogger(__name__)


class KnowsItsTrainingData(Protocol):
    """A network that keeps the means (classes, width) of its training data; one with none of them knows nothing.

    It gives its features as its second output; one that has them of another network has that as `embedder`.
    """

    @property
    def class_means(self) -> Tensor: ...

    def distance(self, features: Tensor) -> Tensor:
        """Distance (n,) of features (n, width) to the nearest class."""
        ...


@dataclass(frozen=True)
class Part:
    """`network` is the module itself, for what it can do beside `run`."""

    network: Any
    manifest: Manifest
    backend: GatedBackend

    @property
    def use(self) -> ModelUse:
        return ModelUse(
            self.manifest.name,
            self.manifest.version,
            self.manifest.weights_sha256 if getattr(self.network, "trained", True) else "",
            self.manifest.trained_on_phantoms,
            self.backend.name,
        )

    def run(self, batch: Tensor) -> tuple[Tensor, ...]:
        return self.backend.run(batch)

    @property
    def knows_its_training_data(self) -> bool:
        """Whether it can tell an image unlike those it was taught on."""
        return len(getattr(self.network, "class_means", ())) > 0


def load_part(role: Role, name: str, *, device: str = "cpu", engine: str = "torch") -> Part:
    """Raises ManifestError for a model that is not there, UnsuitableModel for one that cannot take the part, WeightsError."""
    manifest = find_manifest(name)
    if why := unfit_for(role, manifest):
        raise UnsuitableModel(f"model {name} cannot do this: it {why}")
    network = load_model(name, pretrained=True, device=device)
    return make_part(role, network, device=device, engine=engine)


def make_part(role: Role, network: Any, *, device: str = "cpu", engine: str = "torch") -> Part:
    """A loaded network as a part. Its backend is chosen here, once."""
    if role in (Role.MEASUREMENTS, Role.PHASE) or (role is Role.QUALITY and not isinstance(network, PhantomClassifier)):
        return _reader(network, device, engine)
    manifest: Manifest = network.manifest
    embedder = getattr(network, "embedder", None)
    if engine == "torch" or (embedder and encodes_clips(embedder)):  # nothing to choose from, so no probe is rendered
        return Part(network, manifest, GatedBackend(TorchBackend(_entry(network, role), device)))
    clip = probe_clip(manifest.probe)
    if role is Role.LV_SEGMENTATION:
        probe, answers = role_batch(clip, manifest), Answer.MASK
        level = border_logit(manifest)
    else:
        entered = embedder.manifest if embedder else manifest
        probe, answers = role_batch(clip, entered), Answer.VALUES if embedder else Answer.CLASSES
        level = 0.0
    backend = choose_backend(
        _entry(network, role), answers, probe, manifest, engine=engine, device=device, level=level, trained=_trained(manifest)
    )
    return Part(network, manifest, backend)


def _trained(manifest: Manifest) -> bool:
    return bool(manifest.weights_sha256)


def _entry(network: nn.Module, role: Role) -> nn.Module:
    """What is run of it."""
    if role in (Role.VIEW, Role.DISTRIBUTION) and isinstance(network, PhantomClassifier):
        return Described(network).eval()
    return network


def _reader(network: Reader, device: str, engine: str) -> Part:
    """A network that reads clips itself: the step that takes its time goes to the backend, where the gate lets one through."""
    manifest = network.manifest
    if not isinstance(network, nn.Module) or not (hasattr(network, "read") or hasattr(network, "read_pair")):
        raise UnsuitableModel(f"model {manifest.name} measures nothing: its network does not read clips")
    chosen = () if engine == "torch" else engage(network, engine=engine, device=device, trained=_trained(manifest))
    return Part(network, manifest, joined(chosen) if chosen else GatedBackend(TorchBackend(network, device)))


def engage(
    network: nn.Module, *, engine: str, device: str, trained: bool, answers: Answer | None = None
) -> tuple[GatedBackend, ...]:
    """Each step of a network that reads clips goes to the backend that the gate lets through; empty where none can be tried.

    `answers` judges otherwise than by what the network is.
    """
    manifest: Manifest = network.manifest  # type: ignore[assignment]
    probes = reader_probes(network, probe_clip(manifest.probe))
    chosen = tuple(
        choose_backend(
            probe.step, answers or probe.answers, probe.batch, manifest,
            engine=engine, device=device, trained=trained, others=probe.others,
        )
        for probe in probes
    )  # fmt: skip
    for probe, backend in zip(probes, chosen, strict=True):
        if not backend.as_it_is:
            probe.hand_to(backend.run)
    return chosen


def joined(chosen: Sequence[GatedBackend]) -> GatedBackend:
    """Of a network whose steps were judged apart: torch where one stayed there, and all that was refused."""
    told = next((backend for backend in chosen if backend.as_it_is), chosen[0])
    return replace(told, refusals=tuple(dict.fromkeys(refusal for backend in chosen for refusal in backend.refusals)))
