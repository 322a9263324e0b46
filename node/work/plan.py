"""What to run on a study: the models by name and how strict to be."""

import hashlib
from dataclasses import dataclass

from models.manifest import ManifestError
from models.registry import find_manifest
from node.errors import ConfigError
from node.settings import Settings


@dataclass(frozen=True)
class Plan:
    """Sent to the worker processes with every clip, so it holds plain values only."""

    view: str
    quality: str
    lv_segmentation: str
    research_override: bool


def plan_for(settings: Settings) -> Plan:
    chosen = settings.models
    return Plan(chosen.view, chosen.quality, chosen.lv_segmentation, settings.research.override)


# What the predictor runs today, by part; a network of another family answers other questions.
_FAMILIES = {"view": "phantom_classifier", "quality": "phantom_classifier", "lv_segmentation": "phantom_segmenter"}


def require_models(plan: Plan) -> None:
    """Every network is there, fits its part, and has the weights its manifest names. ConfigError otherwise, before anything is
    received: else every study would fail, one by one.
    """
    for part, family in _FAMILIES.items():
        name = getattr(plan, part)
        try:
            manifest = find_manifest(name)
            if manifest.family != family:
                raise ConfigError(f"models.{part}: {name} is a {manifest.family}, not a {family}")
            found = hashlib.sha256(manifest.weights_path.read_bytes()).hexdigest()
        except (ManifestError, OSError) as error:
            raise ConfigError(f"models.{part}: {error}") from error
        if found != manifest.weights_sha256:
            raise ConfigError(f"models.{part}: the weights of {name} are not those its manifest names")
