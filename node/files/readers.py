"""Readers of clips by the names of their models, ready to measure files."""

from pathlib import Path
from typing import Any

from models.analysis.loaded_model import make_part
from models.library.model_set import Role
from models.library.reading import Decoding, Reader
from models.library.registry import find_manifest, load_manifest
from node.errors import ConfigError


def open_reader(model: str, weights: Path | None, device: str, engine: str) -> tuple[Reader, tuple[str, ...]]:
    """The loaded model, ready to measure, and what computes it. Raises ConfigError for a model that does not measure."""
    manifest = find_manifest(model)
    reader: Reader = load_manifest(manifest, pretrained=True, weights=weights, device=device)
    if not (hasattr(reader, "read") or hasattr(reader, "read_pair")):
        raise ConfigError(f"{manifest.name} does not measure clips: its family {manifest.family} has no reader")
    part = make_part(Role.MEASUREMENTS, reader, device=device, engine=engine)
    measuring: Reader = part.network
    return measuring, (part.use.engine,)


def smooth_by_kernel(reader: Any, decoding: Decoding) -> None:
    """Raises ConfigError where there are no published phases that it would change."""
    if decoding is not Decoding.PUBLISHED or not getattr(reader, "has_published_phases", False):
        raise ConfigError("--kernel belongs to the published phases of the left ventricle: lvid, --decoding published")
    reader.kernel = True
