"""Which patients are learnt from, validated on and tested on: no patient is in two of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.errors import DatasetError
from models.evaluation.datasets.items import Item

SPLITS = ("train", "val", "test")


@dataclass(frozen=True, eq=False)
class PatientSplits:
    """The items of each of `SPLITS`, in their order; `notes` tell what was left out, and why."""

    items: Mapping[str, tuple[Item, ...]]
    notes: tuple[str, ...] = ()


def split_by_patient(items: Sequence[Item], fractions: tuple[float, float, float], seed: int) -> PatientSplits:
    """The data's own splits where they have them, else patients drawn by `seed` in these `fractions`.

    A patient in several of the data's splits is taken out of all but the one that is kept for testing longest. Raises
    DatasetError where nobody is left to learn from, or to validate on.
    """
    notes: list[str] = []
    if any(item.split for item in items):
        held = [item for item in items if item.split]
        if len(held) < len(items):
            notes.append(f"{len(items) - len(held)} items are in no split of the data")
        held, leaks = _without_leaks(held)
        notes += leaks
        if not any(item.split == "val" for item in held):
            held = _with_validation(held, fractions, seed)
            notes.append("the data have no split to validate on: patients of the training split are taken for it")
        split_of = {id(item): item.split for item in held}
    else:
        drawn = _drawn(sorted({item.group for item in items}), fractions, seed)
        held, split_of = list(items), {id(item): drawn[item.group] for item in items}
    found = {split: tuple(item for item in held if split_of[id(item)] == split) for split in SPLITS}
    for split in SPLITS[:2]:
        if not found[split]:
            raise DatasetError(f"of {len(items)} items that can teach this task none is left for {split}")
    return PatientSplits(found, tuple(notes))


def _without_leaks(items: list[Item]) -> tuple[list[Item], list[str]]:
    """Of a patient in several splits the items of the last one stay: test before val before train."""
    last: dict[str, int] = {}
    for item in items:
        last[item.group] = max(last.get(item.group, 0), SPLITS.index(item.split))
    kept = [item for item in items if SPLITS.index(item.split) == last[item.group]]
    if len(kept) == len(items):
        return kept, []
    patients = {item.group for item in items if SPLITS.index(item.split) != last[item.group]}
    return kept, [
        f"{len(items) - len(kept)} items of {len(patients)} patients left out: their patients are in a later split, too"
    ]


def _with_validation(items: list[Item], fractions: tuple[float, float, float], seed: int) -> list[Item]:
    share = fractions[1] / max(1 - fractions[2], 1e-9)
    drawn = _drawn(sorted({item.group for item in items if item.split == "train"}), (1 - share, share, 0.0), seed)
    moved = {group for group, split in drawn.items() if split == "val"}
    return [_in_validation(item) if item.split == "train" and item.group in moved else item for item in items]


def _in_validation(item: Item) -> Item:
    return Item(item.key, item.group, "val", item.load, item.truth)


def _drawn(groups: Sequence[str], fractions: tuple[float, float, float], seed: int) -> dict[str, str]:
    """Every split whose share is not 0 gets a patient as long as there are enough of them."""
    order = [groups[index] for index in np.random.default_rng([seed, 2]).permutation(len(groups))]
    wanted = [index for index, fraction in enumerate(fractions) if fraction > 0]
    counts = [round(fraction * len(groups)) for fraction in fractions]
    for index in wanted[1:]:
        counts[index] = max(counts[index], 1 if len(groups) > index else 0)
    counts[0] = len(groups) - counts[1] - counts[2]
    ends = np.cumsum(counts)
    return {group: SPLITS[int(np.searchsorted(ends, place, side="right"))] for place, group in enumerate(order)}
