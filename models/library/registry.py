"""Which models there are and how one is loaded. Listing them imports no network library.

Bundled manifests lie beside this file. Imported weights lie, each with a manifest of its own, in `model_folder()`; a manifest
there stands before the bundled one of the same name.
"""

import importlib
import os
import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from models.errors import ManifestError, UnsuitableModel, WeightsError
from models.library.manifest import Manifest, read_manifest, read_manifests
from models.library.model import Model
from models.library.recipe import Answer, Recipe, Training

# Family name -> module with its RECIPES, as a string: families stand above this file.
FAMILIES: dict[str, str] = {
    "phantom_classifier": "models.families.phantom.recipe",
    "phantom_segmenter": "models.families.phantom.recipe",
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

MANIFESTS = Path(__file__).parents[1] / "manifests"

MODEL_FOLDER_VARIABLE = "ECHONODE_MODELS"


def model_folder() -> Path:
    """Where imported models lie (`manifests` and `weights`): $ECHONODE_MODELS, else a folder of the user's data; on Linux
    ~/.local/share/echonode/models.
    """
    return Path(os.environ.get(MODEL_FOLDER_VARIABLE) or user_data_path("echonode", appauthor=False) / "models")


@dataclass(frozen=True)
class BrokenManifest:
    """A file of the model folder that is no manifest: `problem` says why, `names` which models it seems to be of."""

    path: Path
    problem: str
    names: frozenset[str]


def list_models() -> tuple[Manifest, ...]:
    """The manifests of all models, bundled, published and imported, by name; without those that cannot be read."""
    return _all_models()[0]


def broken_manifests() -> tuple[BrokenManifest, ...]:
    """The manifests of the model folder that cannot be read."""
    return _all_models()[1]


def stored_name(model: str) -> str:
    """What the files of an imported model are called.

    >>> stored_name("echonet_measurements/lvid")
    'echonet_measurements_lvid'
    """
    return re.sub(r"[^\w.-]+", "_", model)


def _all_models() -> tuple[tuple[Manifest, ...], tuple[BrokenManifest, ...]]:
    by_name = {manifest.name: manifest for manifest in _bundled()}
    broken = []
    for path in sorted((model_folder() / "manifests").glob("*.toml")):
        try:
            by_name |= {manifest.name: manifest for manifest in read_manifests(path)}
        except ManifestError as error:
            broken.append(BrokenManifest(path, str(error), _names_in(path)))
    return tuple(by_name[name] for name in sorted(by_name)), tuple(broken)


def _bundled() -> tuple[Manifest, ...]:
    return _manifests_of(MANIFESTS)


@cache  # part of the package: they do not change while it runs
def _manifests_of(folder: Path) -> tuple[Manifest, ...]:
    return tuple(manifest for path in sorted(folder.glob("*.toml")) for manifest in read_manifests(path))


def _names_in(path: Path) -> frozenset[str]:
    """What looks like the name of a model in a file that is no manifest, and its own name."""
    try:
        text = path.read_bytes().decode("utf-8", errors="replace")
    except OSError:
        text = ""
    return frozenset({path.stem, *re.findall(r"""^name\s*=\s*["'](.+?)["']""", text, flags=re.MULTILINE)})


def find_manifest(name: str) -> Manifest:
    """The model of this name or alias, or the manifest at a path that ends in `.toml`.

    Raises ManifestError, also where the model folder has a broken manifest of this model: that of another origin is not taken
    in its place.
    """
    if name.endswith(".toml"):
        return read_manifest(Path(name))
    models, broken = _all_models()
    try:
        found = _named(name, models)
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
    return _named(name, _bundled())


def _named(name: str, models: tuple[Manifest, ...]) -> Manifest:
    for manifest in models:
        if name == manifest.name or name in manifest.aliases:
            return manifest
    names = {known.lower(): known for manifest in models for known in (manifest.name, *manifest.aliases)}
    close = ", ".join(names[known] for known in get_close_matches(name.lower(), names))
    said = f"close to it: {close}; " if close else ""
    raise ManifestError(f"no model {name!r}; {said}`echonode models list` shows all {len(models)}")


def load_model(name: str, pretrained: bool = False, weights: str | Path | None = None, device: str = "cpu") -> Model:
    """The model `name` on `device`, ready for inference: freshly initialised, or with its weights.

    `pretrained` takes the weights that its manifest names, `weights` the same from another place; their hash must be the
    manifest's, so a published file is imported first. Raises ManifestError, also for a published model whose weights nobody has
    brought, or `WeightsError` for missing or altered weights.
    """
    return load_manifest(find_manifest(name), pretrained, weights, device)


def load_manifest(
    manifest: Manifest, pretrained: bool = False, weights: str | Path | None = None, device: str = "cpu"
) -> Model:
    """`load_model` for a manifest at hand."""
    recipe = recipe_of(manifest)
    if not recipe.networks:
        raise ManifestError(f"model {manifest.name}: unknown family {manifest.family!r}")
    source = None
    if pretrained or weights is not None:
        if not manifest.weights_file:
            raise WeightsError(_how_to_bring_weights(manifest) if weights is None else _how_to_import(manifest, Path(weights)))
        source = manifest.weights_path if weights is None else Path(weights)
    network = build(recipe, manifest, source, device)
    return Model(network, recipe, manifest, trained=source is not None and manifest.trained)


def build(recipe: Recipe, manifest: Manifest, weights: Path | None, device: str) -> Any:
    """The network itself; of the weights only their place is asked, so that an importer may build one without any."""
    return importlib.import_module(recipe.networks).load(manifest, weights, device)


def recipes_of(family: str) -> tuple[Recipe, ...]:
    """Of a family of `FAMILIES`, one for each of its tasks; empty for an unknown one."""
    if family not in FAMILIES:
        return ()
    recipes: tuple[Recipe, ...] = importlib.import_module(FAMILIES[family]).RECIPES
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


def trained_by(name: str) -> tuple[Recipe, Training]:
    """What `train` makes under this name, and how. Raises ManifestError for a name that no family has."""
    known = {training.name: (recipe, training) for recipe in all_recipes() for training in recipe.training}
    if name not in known:
        raise ManifestError(f"nothing is trained as {name!r}; there are {', '.join(known)}")
    return known[name]


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
    """What a recipe names as "module:name", imported now."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


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


def _how_to_bring_weights(manifest: Manifest) -> str:
    source = manifest.publication
    if source is None:
        return f"model {manifest.name}: its manifest names no weights"
    if not source.weights_file:
        return f"model {manifest.name}: nobody has published weights for it; only a training of your own can make them"
    sha256 = f"SHA-256 {source.weights_sha256}" if source.weights_sha256 else "its publisher states no SHA-256"
    return (
        f"model {manifest.name}: its weights are not shipped (licence: {manifest.licence}). Fetch {source.weights_file} from "
        f"{source.weights_origin} ({sha256}), then run `echonode models import {manifest.name} FILE{_unpublished(manifest)}`"
    )


def _how_to_import(manifest: Manifest, file: Path) -> str:
    if manifest.publication is None or not manifest.publication.weights_file:
        return _how_to_bring_weights(manifest)
    return (
        f"model {manifest.name}: {file} is not opened, since its manifest knows no hash of it yet: import it first, "
        f"`echonode models import {manifest.name} {file}{_unpublished(manifest)}`, then load the model with pretrained=True"
    )


def _unpublished(manifest: Manifest) -> str:
    """The options by which an import is told what neither the publication nor the file says."""
    labels = " --labels NAME,..." if manifest.architecture.get("outputs") and not manifest.labels else ""
    needed = manifest.publication.needed_settings if manifest.publication else ()
    return labels + "".join(f" --set {key}=..." for key in needed if key not in manifest.architecture)
