"""An export of somebody's own training, taken in on another machine."""

from dataclasses import replace
from pathlib import Path

from models.errors import WeightsFileError
from models.importers.exports import Export
from models.importers.placement import checked
from models.importers.sources import sha256_of
from models.importers.tensor_files import write_tensors
from models.library.manifest import Manifest, write_manifest
from models.library.own_models import refuse_taken
from models.library.registry import build, recipe_of
from models.library.stored_manifests import stored_name


def store_own(name: str, export: Export, folder: Path) -> Manifest:
    """Stores what `exports.export_model` wrote of a registered model under its own name.

    An evaluation that lifted the phantom rule was one on data of another site: here the rule holds again. Raises ManifestError
    for a name that comes with the library, WeightsFileError for that of another model, WeightsMismatch.
    """
    theirs = export.manifest
    if name != theirs.name:
        raise WeightsFileError(f"the file is an export of {theirs.name} ({theirs.family}), not of {name}")
    refuse_taken(name, folder)
    tensors = checked(export.tensors, build(recipe_of(theirs), theirs, None, "meta"))
    safe_name = stored_name(name)
    weights, path = folder / "weights" / f"{safe_name}.safetensors", folder / "manifests" / f"{safe_name}.toml"
    weights.parent.mkdir(parents=True, exist_ok=True)
    write_tensors(weights, tensors, export.origin)
    manifest = replace(
        theirs,
        weights_file=weights.name,
        weights_sha256=sha256_of(weights),
        trained_on_phantoms=theirs.trained_on_phantoms or theirs.site_evaluation is not None,
        site_evaluation=None,
        path=path,
    )
    write_manifest(manifest, path)
    return manifest
