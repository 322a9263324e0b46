"""What to run on a study: the models by name and how strict to be."""

import hashlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass

from models.library.manifest import ManifestError
from models.library.quantities import quantities_read, reads_pairs
from models.library.recipe import Role
from models.library.registry import embedder_of, find_manifest, load_model
from models.library.roles import unfit_for
from node.errors import ConfigError
from node.settings import Settings


@dataclass(frozen=True)
class Plan:
    """Sent to the worker processes with every clip, so it holds plain values only. "": no model takes that part."""

    view: str
    quality: str
    lv_segmentation: str
    research_override: bool
    measurements: tuple[str, ...] = ()
    distribution: str = ""
    phase: str = ""
    split_screen: str = ""
    engine: str = "torch"
    device: str = "cpu"

    def parts(self) -> Iterator[tuple[Role, str]]:
        """Every model with the part it takes."""
        yield Role.VIEW, self.view
        if self.quality:
            yield Role.QUALITY, self.quality
        yield Role.LV_SEGMENTATION, self.lv_segmentation
        yield from ((Role.MEASUREMENTS, name) for name in self.measurements)
        for role in (Role.DISTRIBUTION, Role.PHASE, Role.SPLIT_SCREEN):
            if name := getattr(self, role.value):
                yield role, name

    def pairs_read(self) -> tuple[tuple[str, str], ...]:
        """Model and quantity of what is read off an A4C and an A2C clip together. Raises ManifestError for unknown names."""
        manifests = [find_manifest(name) for name in self.measurements]
        return tuple((one.name, key) for one in manifests if reads_pairs(one) for key in quantities_read(one))

    def quantities_read(self) -> frozenset[str]:
        """What its measuring models may give beside the quantities of the outlines. Raises ManifestError for unknown names."""
        return frozenset(key for name in self.measurements for key in quantities_read(find_manifest(name)))


def plan_for(settings: Settings) -> Plan:
    chosen = settings.models
    return Plan(
        view=chosen.view,
        quality=chosen.quality,
        lv_segmentation=chosen.lv_segmentation,
        research_override=settings.research.override,
        measurements=chosen.measurements,
        distribution=chosen.distribution,
        phase=chosen.phase,
        split_screen=chosen.split_screen,
        engine=chosen.engine,
        device=chosen.device,
    )


def require_models(plan: Plan) -> None:
    """Every network is there, fits its part, and has the weights its manifest names. ConfigError otherwise, before anything is
    received: else every study would fail, one by one.
    """
    if plan.engine == "openvino" and importlib.util.find_spec("openvino") is None:
        raise ConfigError("models.engine: OpenVINO is not installed (pip install 'echonode[openvino]')")
    if plan.device == "cuda":
        chosen_device(plan)
    for role, name in plan.parts():
        try:
            manifest = find_manifest(name)
            if why := unfit_for(role, manifest):
                raise ConfigError(f"models.{role.value}: {name} {why}")
            if not manifest.weights_file:
                load_model(name, pretrained=True)  # says how to bring them
            embedder = embedder_of(manifest)
            needed = (manifest, embedder) if embedder else (manifest,)
            found = [hashlib.sha256(one.weights_path.read_bytes()).hexdigest() for one in needed]
        except (ManifestError, OSError) as error:
            raise ConfigError(f"models.{role.value}: {error}") from error
        if altered := [one.name for one, sha256 in zip(needed, found, strict=True) if sha256 != one.weights_sha256]:
            raise ConfigError(f"models.{role.value}: the weights of {altered[0]} are not those its manifest names")


def chosen_device(plan: Plan) -> str:
    """ "cpu" or "cuda". Raises ConfigError for one that is not there."""
    if plan.device == "cpu":  # the node's own process does without torch
        return plan.device
    from models.engines.backend import BackendError
    from models.engines.devices import device_for

    try:
        return device_for(plan.device, plan.engine)
    except BackendError as error:
        raise ConfigError(f"models.device: {error}") from error
