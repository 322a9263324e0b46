"""Training windows of displays: what is marked in them is what flows there, whichever generator drew it."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from models.catalogue import View
from models.catalogue.trace_labels import SPECTRA, WAVES
from models.evaluation.datasets.items import Item
from models.training.trace_samples import render, trace_samples
from models.training.trace_truth import extents

pytestmark = pytest.mark.slow

SEEDS = (20, 22)  # one heart of either generator


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("windows")


@pytest.fixture(scope="module")
def items(cache: Path) -> list[Item]:
    return list(trace_samples("spectra", SEEDS, "train", cache, 1))


def test_a_window_has_a_view_and_what_its_truth_names(items: list[Item]) -> None:
    assert {item.group for item in items} == {"20", "21"}
    for item in items:
        assert set(item.truth.structures) <= set(SPECTRA)
        assert item.truth.structures[0] == "flow"
        assert item.load().frames.shape == (1, 192, 256, 3)


def test_flow_is_brighter_than_what_lies_beyond_its_envelope(items: list[Item]) -> None:
    """So mask and picture lie over each other, on displays that are good enough to see it."""
    differences = []
    for item in items:
        flow = item.truth.masks()["flow"][0]
        if item.truth.view is not None and (item.truth.quality or 0) >= 2 and flow.any():
            grey = item.load().frames[0, ..., 0].astype(float)
            differences.append(grey[flow].mean() - grey[~flow].mean())
    assert len(differences) >= 3
    assert min(differences) > 10


def test_waves_lie_in_the_flow_and_never_over_each_other(items: list[Item]) -> None:
    for item in items:
        masks = {name: mask[0] for name, mask in item.truth.masks().items()}
        named = [masks[name] for name in WAVES if name in masks]
        assert sum((mask.astype(int) for mask in named), np.zeros(1, int)).max() <= 1
        assert all((masks["flow"] | ~mask).all() for mask in named)


def test_windows_are_drawn_once_and_kept(items: list[Item], cache: Path) -> None:
    (kept,) = cache.glob("spectra-*.npz")
    written = kept.stat().st_mtime_ns
    again = trace_samples("spectra", SEEDS, "train", cache, 1)
    np.testing.assert_array_equal(next(again).load().frames, items[0].load().frames)
    assert kept.stat().st_mtime_ns == written


@pytest.mark.parametrize("seed", [20, 21])
def test_early_filling_comes_before_atrial_filling_in_every_beat(seed: int) -> None:
    trace = render(seed, View.DOPPLER_MV_PW, 3, 7)
    marked = {name: np.isfinite(ends[1]) for name, ends in extents(trace).items()}
    starts = sorted(
        (column, name) for name in ("e", "a") for column in np.flatnonzero(np.diff(marked[name].astype(int)) == 1).tolist()
    )
    names = [name for _, name in starts]
    assert len(names) >= 3
    assert all(one != other for one, other in pairwise(names))
