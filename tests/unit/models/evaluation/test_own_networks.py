"""Networks of our own with several labels at the tasks of `evaluate`: each line and each structure by its name."""

from functools import partial
from typing import Any

import numpy as np
import pytest

from models.clip import Clip
from models.derive.calipers.linear import length_cm
from models.evaluation.datasets.items import Caliper, DataSet, Item, TrueLandmark, Truth
from models.evaluation.tasks import TASKS
from models.evaluation.tasks.evaluation_result import Options
from models.families.phantom.points import PhantomPoints
from models.families.phantom.segmenter import PhantomSegmenter
from models.library.model import Model
from models.library.registry import recipe_of
from tests.unit.models.families.phantom.drawn_truth import REGION, SIZE_PX, box_of, clip_of, drawn, manifest_of, peaks

CLIP = clip_of(2, interval_ms=300.0)
TRUE = {"lvid_1": (200.0, 120.0), "lvid_2": (210.0, 210.0), "rv_basal_1": (260.0, 150.0), "rv_basal_2": (180.0, 160.0)}


def data_of(**truth: Any) -> DataSet:
    return DataSet("generated", [Item("1", "1", "", partial(_same, CLIP), Truth(**truth))])


def _same(clip: Clip) -> Clip:
    return clip


def points_model(shift_px: float) -> Model:
    """A network that places every second end so far to the right."""
    manifest = manifest_of("phantom_points", tuple(TRUE))
    placed = {name: (x + shift_px * name.endswith("_2"), y) for name, (x, y) in TRUE.items()}
    return Model(
        drawn(PhantomPoints(manifest), lambda _: peaks(tuple(TRUE), placed, box_of(CLIP))), recipe_of(manifest), manifest
    )


def test_the_points_of_each_label_are_compared_under_their_names() -> None:
    marks = tuple(TrueLandmark(name, frame, point) for name, point in TRUE.items() for frame in (0, 1))
    result = TASKS["landmarks"](points_model(10.0), data_of(landmarks=marks), Options())
    assert result.figures["lvid_1_distance_mean_mm"] == pytest.approx(0, abs=0.3)
    assert result.figures["rv_basal_2_distance_mean_mm"] == pytest.approx(10 * REGION.cm_per_px[0] * 10, abs=0.3)


def test_each_line_has_its_error_in_mm() -> None:
    def caliper(line: str) -> Caliper:
        ends = TRUE[f"{line}_1"], TRUE[f"{line}_2"]
        return Caliper(line, 1, ends, length_cm(*ends, REGION.cm_per_px) / float(np.hypot(*np.subtract(*ends))))

    result = TASKS["linear"](points_model(-10.0), data_of(calipers=(caliper("lvid"), caliper("rv_basal"))), Options())
    assert result.figures["coverage_percent"] == 100
    errors = {row["caliper"]: float(str(row["found_mm"])) - float(str(row["true_mm"])) for row in result.rows}
    assert errors["rv_basal"] == pytest.approx(4.0, abs=0.2)
    assert abs(errors["lvid"]) < 1


def test_each_structure_has_its_overlap() -> None:
    labels = ("la", "lv")
    manifest = manifest_of("phantom_segmenter", labels)
    y, x = np.mgrid[: CLIP.rows, : CLIP.columns]
    lv, la = np.hypot(x - 220, y - 120) < 50, np.hypot(x - 220, y - 230) < 40
    box = box_of(CLIP)
    grid = np.stack(np.meshgrid(np.arange(SIZE_PX), np.arange(SIZE_PX)), axis=-1).reshape(-1, 2).astype(float)
    px, py = box.to_image(grid).T

    def maps(_: int) -> Any:
        found = np.hypot(px - 220, py - 230) - 40, np.hypot(px - 240, py - 120) - 50  # the ventricle 20 px off
        return np.stack([-one.reshape(SIZE_PX, SIZE_PX) for one in found]).astype(np.float32)

    model = Model(drawn(PhantomSegmenter(manifest), maps), recipe_of(manifest), manifest)
    data = data_of(masks=lambda: {"lv": {0: lv}, "la": {0: la}, "rv": {0: la}}, structures=("lv", "la", "rv"))
    result = TASKS["segmentation"](model, data, Options())
    assert result.figures["la_dice"] == pytest.approx(1.0, abs=0.02)
    assert result.figures["dice"] == pytest.approx(float(2 * (lv & np.roll(lv, 20, axis=1)).sum() / (2 * lv.sum())), abs=0.02)
    assert [row["structure"] for row in result.rows] == ["lv", "la"]
