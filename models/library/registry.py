"""Which models there are and how one is loaded. Listing them imports no network library."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.errors import ManifestError, UnsuitableModel, WeightsError
from models.library.manifest import Manifest, read_manifest
from models.library.model import Model
from models.library.name_matching import matching, meant
from models.library.recipe import Answer, Recipe
from models.library.stored_manifests import BrokenManifest, all_manifests, bundled_manifests, stored_name
from models.library.weights_advice import how_to_bring_weights, how_to_import

_BELOW = __name__.removesuffix("models.library.registry")  # "", or "echonode." of a private library

# Family name -> module with its RECIPES, as a string: families stand above this file.
FAMILIES: dict[str, str] = {
    "phantom_classifier": "models.families.phantom.recipe",
    "phantom_points": "models.families.phantom.recipe",
    "phantom_segmenter": "models.families.phantom.recipe",
    "phantom_traces": "models.families.phantom.recipe",
    "echoforge_xception": "models.families.echoforge.recipe",
    "echoforge_resnet": "models.families.echoforge.recipe",
    "echoforge_unet": "models.families.echoforge.recipe",
    "echoforge_phase": "models.families.echoforge.recipe",
    "echoforge_densenet": "models.families.echoforge.recipe",
    "echoforge_efficientnet": "models.families.echoforge.recipe",
    "echoforge_convnext": "models.families.echoforge.recipe",
    "echoforge_transformer": "models.families.echoforge.recipe",
    "echoforge_swin": "models.families.echoforge.recipe",
    "echoforge_keypoints": "models.families.echoforge.recipe",
    "echoforge_quality": "models.families.echoforge.recipe",
    "echonet_dynamic": "models.families.echonet.recipe",
    "echonet_measurements": "models.families.echonet.recipe",
    "echo_motion": "models.families.echo_motion.recipe",
    "echo_prime": "models.families.echo_prime.recipe",
    "pan_echo": "models.families.pan_echo.recipe",
    "echo_apex": "models.families.echo_apex.recipe",
    "image_distribution": "models.families.distribution.recipe",
}


def list_models(pattern: str = "*", *, pretrained: bool = False) -> tuple[Manifest, ...]:
    """The manifests of all models, bundled, published and imported, by name; without those that cannot be read.

    `pattern` fits names and aliases in any case: * is any text, ? one letter. With `pretrained` only those whose weights are
    here.

    >>> [manifest.name for manifest in list_models("PHANTOM_v*", pretrained=True)]
    ['phantom_view']
    """
    found = matching(pattern, all_manifests()[0])
    return tuple(one for one in found if one.has_weights) if pretrained else found


def broken_manifests() -> tuple[BrokenManifest, ...]:
    """The manifests of the model folder that cannot be read."""
    return all_manifests()[1]


def find_manifest(name: str) -> Manifest:
    """The model of this name or alias, or the manifest at a path that ends in `.toml`.

    Raises ManifestError, also where the model folder has a broken manifest of this model: that of another origin is not taken
    in its place.
    """
    if name.endswith(".toml"):
        return read_manifest(Path(name))
    models, broken = all_manifests()
    try:
        found = meant(name, models)
    except ManifestError as error:
        unread = "".join(f"; {one.path} cannot be read: {one.problem}" for one in broken)
        raise ManifestError(f"{error}{unread}") from None
    for one in broken:
        if one.names & {found.name, stored_name(found.name), *found.aliases}:
            raise ManifestError(f"model {found.name}: {one.path} cannot be read: {one.problem}")
    return found


def published_manifest(name: str) -> Manifest:
    """As `find_manifest`, but the bundled one also where weights have been imported since. Raises ManifestError."""
    if name.endswith(".toml"):
        return read_manifest(Path(name))
    return meant(name, bundled_manifests())


def load_model(
    name: str,
    pretrained: bool = False,
    weights: str | Path | None = None,
    device: str = "cpu",
    *,
    num_classes: int | None = None,
    labels: Sequence[str] | None = None,
    features_only: bool = False,
    seed: int = 0,
) -> Model:
    """The model `name` on `device`, ready for inference: freshly initialised, or with its weights.

    `pretrained` takes the weights that its manifest names, `weights` the same from another place; their hash must be the
    manifest's, so a published file is imported first.

    `num_classes` puts a new head on it, of so many outputs, also where it had as many before. The head is random by `seed`,
    all else has the weights; `labels` name the outputs. `Model.new_head` says so, and until somebody trains it the model reads
    nothing. With `features_only` (or `num_classes` 0) the network gives what its head takes, features (n, width) of frames or
    clips; of a network without such features the maps of its last encoding layer, in the form that its recipe states
    (`recipe.Form`).

    Raises ManifestError, also for a published model whose weights nobody has brought, `WeightsError` for missing or altered
    weights, UnsuitableModel where the network takes no new head or gives no features, BackendError for a device that is not
    here.
    """
    named("models.engines.devices:require_device")(device)
    manifest = find_manifest(name)
    if num_classes:
        return _with_new_head(manifest, (num_classes, labels, seed), pretrained, weights, device, features_only)
    model = load_manifest(manifest, pretrained, weights, device)
    return _features_of(model) if features_only or num_classes == 0 else model


def _with_new_head(
    manifest: Manifest,
    head: tuple[int, Sequence[str] | None, int],
    pretrained: bool,
    weights: str | Path | None,
    device: str,
    features_only: bool,
) -> Model:
    if features_only:
        raise UnsuitableModel("num_classes asks for a head, and features_only for none: give one of them")
    source = _weights_of(manifest, pretrained, weights)
    model: Model = named("models.networks.new_head:with_new_head")(manifest, recipe_of(manifest), source, device, *head)
    return model


def _features_of(model: Model) -> Model:
    features: Model = named("models.networks.features_alone:features_alone")(model)
    return features


def load_manifest(
    manifest: Manifest, pretrained: bool = False, weights: str | Path | None = None, device: str = "cpu"
) -> Model:
    """`load_model` for a manifest at hand."""
    recipe = recipe_of(manifest)
    if not recipe.networks:
        raise ManifestError(f"model {manifest.name}: unknown family {manifest.family!r}")
    source = _weights_of(manifest, pretrained, weights)
    network = build(recipe, manifest, source, device)
    return Model(network, recipe, manifest, trained=source is not None and manifest.trained)


def _weights_of(manifest: Manifest, pretrained: bool, weights: str | Path | None) -> Path | None:
    """The file that is to be read; None where none is asked for."""
    if not pretrained and weights is None:
        return None
    if not manifest.weights_file:
        raise WeightsError(how_to_bring_weights(manifest) if weights is None else how_to_import(manifest, Path(weights)))
    return manifest.weights_path if weights is None else Path(weights)


def preprocess(model: Model | Manifest | str, images: Any, frames: Sequence[int] | None = None) -> Any:
    """What the network of `model` (or of a name) is shown of `images`: the tensor that the node feeds it.

    `images` is a Clip, or uint8 of one image (rows, columns) or (rows, columns, 3), or of a clip (frames, rows, columns) or
    (frames, rows, columns, 3), 0 to 255, RGB. Gives float32 (n, channels, rows, columns), of a network of clips (1, channels,
    n, rows, columns), in the values that its manifest states; on the device of a loaded model. `frames` are those that are
    wanted, 0-based, by default all; a network that chooses for itself takes its own. Raises ReadingError and UnsuitableModel.
    """
    found = find_manifest(model) if isinstance(model, str) else model
    if isinstance(found, Model):
        return found.preprocess(images, frames)
    return named("models.inputs.preprocessing:prepared")(found, images, frames)


def build(recipe: Recipe, manifest: Manifest, weights: Path | None, device: str) -> Any:
    """The network itself; of the weights only their place is asked, so that an importer may build one without any."""
    return named(f"{recipe.networks}:load")(manifest, weights, device)


def recipes_of(family: str) -> tuple[Recipe, ...]:
    """Of a family of `FAMILIES`, one for each of its tasks; empty for an unknown one."""
    if family not in FAMILIES:
        return ()
    recipes: tuple[Recipe, ...] = named(f"{FAMILIES[family]}:RECIPES")
    return tuple(recipe for recipe in recipes if recipe.family == family)


def recipe_of(manifest: Manifest) -> Recipe:
    """What the model's family says of networks like it. That of an unknown family or task can do nothing."""
    recipes = recipes_of(manifest.family)
    of_task = {recipe.task: recipe for recipe in recipes}
    task = str(manifest.architecture.get("network") or manifest.architecture.get("task", ""))
    first = recipes[0] if recipes else Recipe(manifest.family, "", Answer.VALUES)
    unknown = Recipe(manifest.family, first.networks, first.answers, task, importer=first.importer)
    return of_task.get(task) or of_task.get("") or unknown


def all_recipes() -> tuple[Recipe, ...]:
    return tuple(recipe for family in FAMILIES for recipe in recipes_of(family))


def reading_beats_of(model: Model, segmenter: Model) -> Model:
    """The model that reads each beat which the segmenter finds. Raises UnsuitableModel for models that do not go together."""
    if not model.recipe.beats_by:
        raise UnsuitableModel(f"model {model.manifest.name} reads no beats that a segmenter finds")
    beat_by_beat: Model = named(model.recipe.beats_by)(model, segmenter)
    return beat_by_beat


def reference_family() -> str:
    """The family that keeps what was learnt in the features of another model."""
    return next(recipe.family for recipe in all_recipes() if recipe.reference)


def named(path: str) -> Any:
    """What a recipe names as "module:name", imported now.

    As an `import` here would find it: below `echonode`, where that loads the library privately.
    """
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(_BELOW + module), name)


def embedder_of(reference: Manifest) -> Manifest | None:
    """The model in whose features `reference` was learnt, where it was learnt in those of another ([architecture] `embedder`).

    Raises ManifestError where that model is not there, or has other weights now, or was trained on phantoms and its reference
    says that it was not.
    """
    if not (name := str(reference.architecture.get("embedder", ""))):
        return None
    embedder = find_manifest(name)
    learnt_in = str(reference.architecture.get("embedder_sha256", ""))
    if not embedder.weights_sha256 or embedder.weights_sha256 != learnt_in:
        here = f"SHA-256 {embedder.weights_sha256}" if embedder.weights_sha256 else "none"
        raise ManifestError(
            f"model {reference.name}: learnt in the features of {name} with weights of SHA-256 {learnt_in}, and here are "
            f"{here}: learn it again (`echonode models judge`)"
        )
    if embedder.trained_on_phantoms and not reference.trained_on_phantoms:
        raise ManifestError(f"model {reference.name}: {name} was trained on phantoms, so its reference is phantom-trained, too")
    return embedder
