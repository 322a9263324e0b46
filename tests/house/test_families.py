"""A model family has one home."""

import re
from pathlib import Path

from models.library.registry import FAMILIES

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


def test_the_registry_has_one_line_for_each_family() -> None:
    lines = (ROOT / "models/library/registry.py").read_text(encoding="utf-8").splitlines()
    for family in FAMILIES:
        assert sum(f'"{family}"' in line for line in lines) == 1, family
