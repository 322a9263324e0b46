"""On which images a model that measures is asked, and for which quantities: told from its manifest alone."""

from collections.abc import Mapping

from models.catalogue import GRADIENT_OF, QUANTITIES, READ, View
from models.library.manifest import Manifest
from models.library.model_set import ModelSettings, Role
from models.library.registry import find_manifest, recipe_of

_OF_DIAMETERS = ("fs_2d", "ef_teichholz_2d")
# What a reader calls without a view that our keys name with it.
_KEYS_BY_VIEW: dict[str, dict[View, str]] = {
    "la_area": {View.A4C: "la_area_a4c", View.A2C: "la_area_a2c"},
    "la_vol_mod": {View.A4C: "la_vol_mod_a4c", View.A2C: "la_vol_mod_a2c"},
}
AREAS = ("la_area_a4c", "la_area_a2c", "ra_area")  # at end-systole


def views_read(manifest: Manifest) -> tuple[View, ...]:
    """On which images a model that measures is asked; empty where the node never asks it."""
    recipe = recipe_of(manifest)
    if recipe.needs:
        shown = (view for key in _labelled(manifest) for view in (*READ[key].views, *READ[key].also_in))
        return tuple(dict.fromkeys(shown))
    stated = recipe.views_of_model.get(manifest.name) or recipe.views
    return stated or (_views_of_quantities(manifest.architecture) if recipe.as_named else ())


def quantities_read(manifest: Manifest) -> tuple[str, ...]:
    """The keys of `catalogue.READ` that the node may take from this model."""
    keys = _labelled(manifest) or recipe_of(manifest).quantities or _named_keys(manifest)
    keys += _OF_DIAMETERS if {"lvidd_2d", "lvids_2d"} <= set(keys) else ()
    views = views_read(manifest)
    return tuple(key for key in keys if key in READ and set(READ[key].views) <= set(views))


def quantities_of(models: ModelSettings) -> frozenset[str]:
    """What the measuring models of a set may give beside the quantities of the outlines. Raises ManifestError."""
    return frozenset(key for name in models.names(Role.MEASUREMENTS) for key in quantities_read(find_manifest(name)))


def groups_read(models: ModelSettings) -> dict[tuple[View, ...], tuple[tuple[str, str], ...]]:
    """The views of which the set's models read clips together, with model and quantity of each. Raises ManifestError."""
    groups: dict[tuple[View, ...], tuple[tuple[str, str], ...]] = {}
    for manifest in map(find_manifest, models.names(Role.MEASUREMENTS)):
        if views := views_together(manifest):
            groups[views] = (*groups.get(views, ()), *((manifest.name, key) for key in quantities_read(manifest)))
    return groups


def key_in_view(key: str, view: View) -> str:
    """Our key for what a reader calls `key`, of an image of this view."""
    return _KEYS_BY_VIEW.get(key, {}).get(view, key)


def views_together(manifest: Manifest) -> tuple[View, ...]:
    """The views of which it reads one clip each, all together and none alone; empty where it reads single clips."""
    return next((READ[key].views for key in quantities_read(manifest) if len(READ[key].views) > 1), ())


def _labelled(manifest: Manifest) -> tuple[str, ...]:
    """Those of which the model has all labels."""
    needs = recipe_of(manifest).needs
    return tuple(key for key, labels in needs.items() if key in READ and set(labels) <= set(manifest.labels))


def _named_keys(manifest: Manifest) -> tuple[str, ...]:
    """Those that the architecture names, and what is made of them."""
    stated = manifest.architecture
    keys = [str(stated[name]) for name in ("at_ed", "at_es", "largest", "key") if name in stated]
    keys += [GRADIENT_OF[key] for key in keys if key in GRADIENT_OF]
    if stated.get("task") == "area":
        name = manifest.aliases[0] if manifest.aliases else manifest.name.rsplit("/", 1)[-1]
        keys += [key_in_view(name, view) for view in views_read(manifest)]
    return tuple(keys)


def _views_of_quantities(architecture: Mapping[str, object]) -> tuple[View, ...]:
    """Of the catalogue's quantities whose keys the architecture names."""
    views = [view for value in architecture.values() if str(value) in QUANTITIES for view in QUANTITIES[str(value)].views]
    return tuple(dict.fromkeys(views))
