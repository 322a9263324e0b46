"""A finished training becomes a model: its weights and a manifest in the folder of models of one's own.

What phantoms had a part in stays phantom: the rule that such weights put no number on a patient is inherited from the weights
that a training started from, however much it was trained on since. `lift_phantom_rule` ends it for one set of weights.
"""

import hashlib
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from models.errors import ManifestError, TrainingRunError, WeightsError
from models.importers.placement import checked
from models.library.manifest import PHANTOM_ONLY, Manifest, SiteEvaluation, write_manifest
from models.library.own_models import phantom_lineage, refuse_taken, stored_model
from models.library.recipe import Answer
from models.library.registry import build, find_manifest, recipe_of
from models.library.stored_manifests import model_folder, stored_name
from models.networks.stored_weights import read_weights
from models.training.run import Run, manifest_of_run

_RESEARCH = "Research. Not a medical device."


def register(run: Run, name: str, *, intended_use: str = "", folder: Path | None = None) -> Manifest:
    """Stores the weights of `run` for the model `name`, and a manifest; afterwards `load_model` finds both.

    A model that was registered under this name before is replaced, as the next version. Raises ManifestError for a name that
    is none or belongs to another model, TrainingRunError for a run that does not fit together, WeightsError and WeightsMismatch
    for weights that are not the run's or not its network's.
    """
    folder = folder or model_folder()
    manifest = _described(run, name, intended_use, folder)
    tensors = read_weights(run.weights, run.weights_sha256)
    network = build(recipe_of(manifest), manifest, None, "meta")
    broken = [key for key, one in checked(tensors, network).items() if one.is_floating_point() and not one.isfinite().all()]
    if broken:
        raise WeightsError(f"{run.weights}: not a number in {', '.join(broken)}")
    manifest.weights_path.parent.mkdir(parents=True, exist_ok=True)
    manifest.weights_path.write_bytes(run.weights.read_bytes())
    write_manifest(manifest, manifest.path)
    return manifest


def _described(run: Run, name: str, intended_use: str, folder: Path) -> Manifest:
    refuse_taken(name, folder)
    start = find_manifest(run.model)
    if start.family != run.family:
        raise TrainingRunError(f"{run.folder}: it says that {run.model} is of the family {run.family}, which is {start.family}")
    before = stored_model(name, folder)
    on_phantoms = run.trained_on_phantoms or run.data.of_phantoms or _inherits(run, start)
    said = intended_use or ("" if on_phantoms else _RESEARCH)
    use = ". ".join(filter(None, (PHANTOM_ONLY, said))) if on_phantoms and PHANTOM_ONLY not in said else said
    manifest = manifest_of_run(run, start)
    own_head = run.labels != start.labels and recipe_of(manifest).answers is not Answer.CLASSES
    safe_name = stored_name(name)
    return replace(
        manifest,
        name=name,
        version=str(int(before.version) + 1) if before and before.version.isdecimal() else "1",
        intended_use=use,
        weights_file=f"{safe_name}.safetensors",
        trained_on_phantoms=on_phantoms,
        started_from=run.started_from,
        site_evaluation=None,
        architecture={**manifest.architecture, **({"new_head": True} if own_head else {})},
        path=folder / "manifests" / f"{safe_name}.toml",
    )


def _inherits(run: Run, start: Manifest) -> bool:
    """Whether phantoms had a part in the weights it started from, also where an evaluation answers for those."""
    same = run.started_from == start.weights_sha256
    return bool(run.started_from) and (phantom_lineage(run.started_from) or (same and start.trained_on_phantoms))


def lift_phantom_rule(name: str, evaluation: Path, *, by: str, at: datetime) -> tuple[Manifest, Manifest]:
    """The manifest of `name` as it is, and with the evaluation of its weights on data of patients; nothing is written.

    `evaluation` is the metrics.json of `echonode evaluate NAME --data ... --out`. Raises ManifestError for a model of which
    nothing is to be lifted, TrainingRunError for figures that are of other weights, or of phantoms.
    """
    before = find_manifest(name)
    if not before.trained_on_phantoms:
        raise ManifestError(f"model {before.name} is under no phantom rule")
    if before.path.parent.parent != model_folder():
        raise ManifestError(f"model {before.name} comes with the library: train your own from it, and register that")
    if len(by.split()) < 2 or not by.isprintable():
        raise ManifestError(f"--by {by!r}: first and last name of the person who answers for it")
    content = evaluation.read_bytes()
    record = _record(evaluation, content)
    if record.get("weights_sha256") != before.weights_sha256:
        raise TrainingRunError(f"{evaluation}: figures of the weights {record.get('weights_sha256')!r}, not of {before.name}")
    figures = record["figures"]
    items = figures.get("n", figures.get("items"))
    if not isinstance(items, int) or items < 1:
        raise TrainingRunError(f"{evaluation}: it must say on how many items it was measured, one or more, not {items!r}")
    if (phantoms := record.get("phantom_clips")) != 0:
        counted = "it does not say how many clips were phantoms" if phantoms is None else f"{phantoms} clips were phantoms"
        raise TrainingRunError(f"{evaluation}: {counted}; it must be measured on data of patients alone")
    judged = SiteEvaluation(
        by, at.isoformat(timespec="seconds"), evaluation.name, hashlib.sha256(content).hexdigest(),
        f"{record.get('layout')}, {record.get('task')}, {items} items", before.weights_sha256,
    )  # fmt: skip
    use = before.intended_use.replace(PHANTOM_ONLY, "").strip(" .") or _RESEARCH
    return before, replace(before, trained_on_phantoms=False, intended_use=use, site_evaluation=judged)


def _record(path: Path, content: bytes) -> dict[str, Any]:
    try:
        record = json.loads(content)
    except ValueError as error:
        raise TrainingRunError(f"{path} is no JSON: give the metrics.json of `echonode evaluate`") from error
    if not isinstance(record, dict) or not isinstance(record.get("figures"), dict):
        raise TrainingRunError(f"{path} has no figures: give the metrics.json of `echonode evaluate`")
    return record
