"""Readers of clips by the names of their models, ready to measure files."""

from pathlib import Path

from models.analysis.loaded_model import prepare_for_role
from models.library.model import Model
from models.library.model_set import Role
from models.library.reading import Decoding
from models.library.registry import find_manifest, load_manifest
from node.errors import ConfigError


def open_reader(model: str, weights: Path | None, device: str, engine: str) -> tuple[Model, tuple[str, ...]]:
    """The loaded model, ready to measure, and what computes it. Raises ConfigError for a model that does not measure."""
    manifest = find_manifest(model)
    loaded = load_manifest(manifest, pretrained=True, weights=weights, device=device)
    if not loaded.recipe.clips_read:
        raise ConfigError(f"{manifest.name} does not measure clips: its family {manifest.family} has no reader")
    ready = prepare_for_role(Role.MEASUREMENTS, loaded, device=device, engine=engine)
    return ready.model, (ready.use.engine,)


def smooth_by_kernel(model: Model, decoding: Decoding) -> None:
    """Raises ConfigError where there are no published phases that it would change."""
    options = model.script_options
    if decoding is not Decoding.PUBLISHED or not options.has_published_phases:
        raise ConfigError("--kernel belongs to the published phases of the left ventricle: lvid, --decoding published")
    options.kernel = True
