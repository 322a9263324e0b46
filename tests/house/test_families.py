"""A model family has one home."""

import re
from pathlib import Path

from models.library.model_set import Role
from models.library.recipe import Encodes
from models.library.registry import FAMILIES, all_recipes, list_models, load_manifest, named, recipe_of
from models.training.tasks import TASKS

ROOT = Path(__file__).resolve().parents[2]
HOMES = ("models/families/", "models/library/registry.py")
# Data sets that carry the name of the family that was trained on them.
DATA_SETS = ("models/evaluation/datasets/", "models/training/training_clips.py")


def test_a_family_stands_by_name_in_its_home_and_in_the_registry_alone() -> None:
    """Bug prevented: one more table keyed by family, which whoever adds a family does not know of."""
    named = re.compile("|".join(f"[\"']{re.escape(family)}[\"']" for family in FAMILIES))
    elsewhere = set()
    for floor in ("models", "node", "sr_templates"):
        for path in (ROOT / floor).rglob("*.py"):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith((*HOMES, *DATA_SETS)) and named.search(path.read_text(encoding="utf-8")):
                elsewhere.add(name)
    assert not elsewhere


PROMISED = {
    "read": lambda recipe: recipe.clips_read == 1,
    "read_group": lambda recipe: recipe.clips_read > 1,
    "embed_clip": lambda recipe: recipe.encodes is Encodes.CLIPS,
    "embed": lambda recipe: recipe.encodes is not None,
    "distance": lambda recipe: Role.DISTRIBUTION in recipe.roles,
}


def test_a_recipe_promises_what_its_network_can_do() -> None:
    """Bug prevented: a network asked for what it cannot do, or never asked for what it can."""
    seen = set()
    for manifest in list_models():
        recipe = recipe_of(manifest)
        if (recipe.family, recipe.task) in seen or "embedder" in manifest.architecture:
            continue
        seen.add((recipe.family, recipe.task))
        network = load_manifest(manifest, device="meta").network
        for method, promised in PROMISED.items():
            if (manifest.family, method) != ("echoforge_phase", "embed"):  # that is a step of its own for an engine
                assert hasattr(type(network), method) is promised(recipe), (manifest.name, method)
        names = [name for name, _ in network.named_parameters()]
        for path in recipe.backbone:  # a fine-tune that freezes a misspelt backbone trains all of it
            assert any(name.startswith(f"{path}.") for name in names), (manifest.name, path)
        assert bool(recipe.backbone) is bool(recipe.taught) or recipe.clips_read > 1, manifest.name
    assert len(seen) > 25


def test_what_a_recipe_names_is_there() -> None:
    """Bug prevented: a recipe's misspelt function, found when somebody needs it."""
    for recipe in all_recipes():
        for path in (recipe.sees, recipe.beats_by, recipe.reference):
            assert not path or callable(named(path)), path
        assert not recipe.importer or named(f"{recipe.importer}:IMPORTER").place
        assert callable(named(f"{recipe.networks}:load"))
        assert set(recipe.taught) <= TASKS.keys()


def test_the_registry_has_one_line_for_each_family() -> None:
    lines = (ROOT / "models/library/registry.py").read_text(encoding="utf-8").splitlines()
    for family in FAMILIES:
        assert sum(f'"{family}"' in line for line in lines) == 1, family
