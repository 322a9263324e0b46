"""Distribution references from clips to manifest: which clips count and as what, and what is written of them."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from safetensors.torch import save_file

from models.analysis.displays import display_choice, mode_of, mode_shown, objection
from models.analysis.distribution import features_of_display, frames_looked_at
from models.analysis.loaded_model import LoadedModel
from models.analysis.view_and_quality import find_view_and_quality
from models.calibration import DisplayChoice
from models.catalogue import DISPLAYS, Mode, View
from models.clip import Clip
from models.errors import ExcludedClip, IndistinctImages
from models.library.manifest import PHANTOM_ONLY, Manifest, write_manifest
from models.library.model import Model
from models.library.registry import named, recipe_of, reference_family
from models.results import Reason
from models.training.image_distribution import Learnt, SeenClip, learn

NEW_SHA256 = "0" * 64  # until the weights are written
_INTENDED_USE = "Tells images unlike those it was learnt from. Research. Not a medical device."
_SCREEN = (480, 640)  # rows, columns


@dataclass(frozen=True)
class Images:
    """What was looked at. `left_out` counts the reasons; `of_phantoms` says that the images show no patients."""

    clips: Sequence[SeenClip]
    left_out: Counter[str]
    of_phantoms: bool


def seen_clip(embedder: Model, clip: Clip, *, patient: str, study: str, view_model: LoadedModel | None = None) -> SeenClip:
    """The clip in features, with its class: its view by `view_model`, or without one its mode by its regions.

    Raises ExcludedClip, and `ReadingError` for a clip that the embedder cannot be asked about.
    """
    chosen = frames_looked_at(clip)
    label, display = _shown_as_view(clip, view_model) if view_model else _shown_as_mode(clip)
    excluded = set(clip.known_exclusions) - ({Reason.COLOUR_DOPPLER.value} if display else set())
    if excluded:
        raise ExcludedClip(f"not to be measured by the header: {', '.join(sorted(excluded))}")
    if problem := display.problem if display else clip.b_mode_region().problem:
        raise ExcludedClip(problem.value)
    return SeenClip(features_of_display(embedder, clip, display, chosen).numpy(), label, patient, study)


def _shown_as_view(clip: Clip, view_model: LoadedModel) -> tuple[str, DisplayChoice | None]:
    view = find_view_and_quality(clip, view_model, (), None).view.view
    if view is View.OTHER or mode_of(view) is None:
        raise ExcludedClip(f"no view that {view_model.manifest.name} is sure of")
    if view in DISPLAYS and (why := objection(view, clip)):
        raise ExcludedClip(why[1])
    return view.value, display_choice(view, clip) if view in DISPLAYS else None


def _shown_as_mode(clip: Clip) -> tuple[str, DisplayChoice | None]:
    mode = mode_shown(clip)
    if mode is None:
        raise ExcludedClip("spectra of PW and CW on one screen")
    if mode is Mode.B_MODE:
        return mode.value, None
    return mode.value, clip.m_mode_region() if mode is Mode.M_MODE else clip.spectral_region()


def reference_of(images: Images, embedder: Model, draft: Manifest, quantile: float) -> tuple[Manifest, Learnt]:
    """What is learnt of the images, and the manifest `draft` with it, still without weights.

    Raises TooFewImages, and IndistinctImages where noise and empty screens would pass for such images.
    """
    learnt = learn(images.clips, quantile)
    reference = learnt.reference
    passing = [kind for kind, clip in _no_images() if reference.distance(_seen(embedder, clip)) <= learnt.limit]
    if passing:
        raise IndistinctImages(
            f"in the features of {draft.architecture['embedder']} these images cannot be told from {' and '.join(passing)}: "
            f"the limit would be {learnt.limit:.3g}"
        )
    used = [clip for clip in images.clips if clip.label in reference.labels]
    patients, studies = ({getattr(clip, name) for clip in used} for name in ("patient", "study"))
    frames = sum(len(clip.features) for clip in used)
    classes, width = reference.class_means.shape
    shown = Counter(clip.label for clip in used)
    kind = "phantoms" if images.of_phantoms else "patients"
    manifest = replace(
        draft,
        labels=reference.labels,
        training_data=f"{len(used)} clips of {len(studies)} studies of {kind}: "
        + ", ".join(f"{label} {shown[label]}" for label in reference.labels),
        architecture=dict(draft.architecture) | {"reference_classes": classes, "width": width},
        thresholds={"out_of_distribution": learnt.limit},
        metrics={
            "patients_or_studies": len(patients),
            "studies": len(studies),
            "clips": len(used),
            "rows_of_features": frames,
            "quantile": quantile,
            "clips_held_out": len(learnt.held_out),
            "held_out_median": float(np.median(learnt.held_out)),
            "held_out_largest": float(learnt.held_out.max()),
            "shrinkage": reference.shrinkage,
            "measured_on": "the images themselves, a fifth of the patients or studies held out at a time",
        },
    )
    return manifest, learnt


def _no_images() -> list[tuple[str, Clip]]:
    random = np.random.default_rng(0)
    ramp = np.linspace(0, 255, _SCREEN[0])[:, None] * np.ones(_SCREEN[1])
    screens = {
        "noise": random.integers(0, 256, _SCREEN),
        "a grey screen": np.full(_SCREEN, 128),
        "a shaded screen": ramp,
    }
    return [(kind, Clip("", np.repeat(grey.astype(np.uint8)[None, ..., None], 3, 3), None)) for kind, grey in screens.items()]


def _seen(embedder: Model, clip: Clip) -> SeenClip:
    return SeenClip(features_of_display(embedder, clip, None, [0]).numpy(), "", "")


def draft_of(
    name: str,
    embedder: Manifest,
    *,
    named: str,
    version: str,
    licence: str,
    of_phantoms: bool,
    view_model: Manifest | None,
    options: str = "",
) -> Manifest:
    """The manifest before anything is learnt. `named` is how the embedder is found again: its name, or its manifest's path.
    `options` are further ones of the command, which it repeats.

    Whatever phantom-trained network took part makes a phantom-trained reference, and so do images of phantoms.
    """
    on_phantoms = of_phantoms or embedder.trained_on_phantoms or (view_model is not None and view_model.trained_on_phantoms)
    taught_by = f" --view-model {view_model.name}" if view_model else ""
    return Manifest(
        name=name,
        version=version,
        family=reference_family(),
        licence=licence or f"that of the images' owner; features of {embedder.name}: {embedder.licence}",
        intended_use=PHANTOM_ONLY if on_phantoms else _INTENDED_USE,
        weights_file=f"{name}.safetensors",
        weights_sha256=NEW_SHA256,
        trained=True,
        input_size_px=embedder.input_size_px,
        input_shape=embedder.input_shape,
        input_values=f"as {embedder.name}",
        output_values="distance from the nearest class, about 1 for an image of the training",
        labels=(),
        trained_on_phantoms=on_phantoms,
        training_data="",
        generator="",
        train_seeds=(0, 0),
        validation_seeds=(0, 0),
        test_seeds=(0, 0),
        command=f"echonode models judge {embedder.name} IMAGES --name {name}{taught_by}{options}",
        probe=embedder.probe,
        architecture={"embedder": named, "embedder_sha256": embedder.weights_sha256}
        | ({"classes_by": view_model.name, "classes_by_sha256": view_model.weights_sha256} if view_model else {}),
    )


def write_reference(manifest: Manifest, learnt: Learnt, embedder: Manifest, folder: Path) -> Manifest:
    """Writes `weights` and `manifests` of `folder`; returns the manifest as it stands there."""
    reference = learnt.reference
    tensors = named(recipe_of(manifest).reference)(reference.class_means, reference.precision, embedder)
    weights = folder / "weights" / manifest.weights_file
    weights.parent.mkdir(parents=True, exist_ok=True)
    origin = {"model": manifest.name, "licence": manifest.licence, "embedder_sha256": embedder.weights_sha256}
    save_file(tensors, weights, metadata=origin)
    path = folder / "manifests" / f"{manifest.name}.toml"
    written = replace(manifest, weights_sha256=hashlib.sha256(weights.read_bytes()).hexdigest(), path=path)
    write_manifest(written, path)
    return written
