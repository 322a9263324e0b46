"""Who uses weights: told before others take their place."""

from models.library.manifest import Manifest
from models.library.registry import list_models


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
