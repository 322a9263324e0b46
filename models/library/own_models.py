"""Models of one's own: what stands under a name, and who uses its weights, told before others take their place."""

import re
from pathlib import Path

from models.errors import ManifestError
from models.library.manifest import Manifest
from models.library.name_matching import names_of
from models.library.registry import find_manifest, list_models
from models.library.stored_manifests import bundled_manifests, model_folder, stored_name

_NAME = re.compile(r"\w[\w.-]*(?:/\w[\w.-]*)?")


def dependents_of(weights_sha256: str) -> tuple[str, ...]:
    """The models that were trained from these weights, or keep a reference learnt in their features, in words."""
    if not weights_sha256:
        return ()
    return tuple(words for one in list_models() for words in _uses(one, weights_sha256))


def _uses(manifest: Manifest, sha256: str) -> tuple[str, ...]:
    learnt_in = manifest.architecture.get("embedder_sha256") == sha256
    started = manifest.started_from == sha256
    return (
        *((f"{manifest.name} was learnt in their features: learn it again",) if learnt_in else ()),
        *((f"{manifest.name} was trained from them",) if started else ()),
    )


def phantom_lineage(weights_sha256: str) -> bool:
    """Whether a model here has these weights and phantoms had a part in them, also where an evaluation lifted the rule."""
    return any(
        one.weights_sha256 == weights_sha256 and (one.trained_on_phantoms or one.site_evaluation is not None)
        for one in list_models()
    )


def stored_model(name: str, folder: Path | None = None) -> Manifest | None:
    """What stands under this name in the folder of models of one's own."""
    path = (folder or model_folder()) / "manifests" / f"{stored_name(name)}.toml"
    return find_manifest(str(path)) if path.is_file() else None


def refuse_taken(name: str, folder: Path) -> None:
    """Raises ManifestError for what cannot be the name of a model of one's own, or is that of another."""
    if not _NAME.fullmatch(name):
        raise ManifestError(f"--name {name}: letters, digits, - _ and ., with one / at most")
    for manifest in bundled_manifests():
        if name.casefold() in {known.casefold() for known in names_of(manifest)}:
            raise ManifestError(f"--name {name}: that is {manifest.name}, which comes with the library; take another name")
    before = stored_model(name, folder)
    if before is not None and (before.name != name or before.publication is not None):
        raise ManifestError(f"--name {name}: its files would be those of {before.name}; take another name")
