"""Training frames of every view: what is drawn on them is where the picture shows it, whichever generator drew it."""

from pathlib import Path

import numpy as np
import pytest

from models.catalogue import ECHOVIEW47, LINE_POINTS
from models.evaluation.datasets.items import Item
from models.phantom.rendered import STRUCTURES
from models.training.plane_frames import OTHER
from models.training.plane_samples import plane_samples

pytestmark = pytest.mark.slow

SEEDS = (20, 22)  # one heart of either generator


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("frames")


@pytest.fixture(scope="module")
def items(cache: Path) -> list[Item]:
    return list(plane_samples(SEEDS, "train", cache, 1))


def test_each_frame_has_a_class_of_echoview47_or_shows_no_heart(items: list[Item]) -> None:
    names = {item.truth.label for item in items}
    assert names <= {row.name for row in ECHOVIEW47} | {OTHER}
    assert {item.group for item in items} == {"20", "21"}
    assert len(names) > 5


def test_the_cavity_is_darker_than_its_wall(items: list[Item]) -> None:
    """So mask and picture lie over each other."""
    differences = []
    for item in items:
        masks = item.truth.masks()
        if "lv" in masks and "lv_wall" in masks and masks["lv"][0].sum() > 400 and masks["lv_wall"][0].sum() > 400:
            grey = item.load().frames[0, ..., 0].astype(float)
            differences.append(grey[masks["lv_wall"][0]].mean() - grey[masks["lv"][0]].mean())
    assert len(differences) >= 4
    assert np.mean(np.array(differences) > 5) > 0.9


def test_structures_never_overlap_and_name_what_the_vocabulary_names(items: list[Item]) -> None:
    for item in items:
        masks = item.truth.masks()
        assert set(masks) <= set(STRUCTURES)
        assert sum((mask[0].astype(int) for mask in masks.values()), np.zeros(1, int)).max() <= 1


def test_points_lie_in_the_square_and_come_in_pairs(items: list[Item]) -> None:
    marks = [mark for item in items for mark in item.truth.landmarks]
    assert marks
    assert {mark.name for mark in marks} <= set(LINE_POINTS)
    assert all(0 <= value < 192 for mark in marks for value in mark.point_px)
    for item in items:
        lines = [mark.name.rpartition("_")[0] for mark in item.truth.landmarks]
        assert all(lines.count(line) == 2 for line in lines)


def test_frames_are_drawn_once_and_kept(items: list[Item], cache: Path) -> None:
    (kept,) = cache.glob("planes-*.npz")
    written = kept.stat().st_mtime_ns
    again = plane_samples(SEEDS, "train", cache, 1)
    np.testing.assert_array_equal(next(again).load().frames, items[0].load().frames)
    assert kept.stat().st_mtime_ns == written
