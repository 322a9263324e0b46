"""From data sets to samples: splits by patient, and truth that lies where the network sees it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from models.clip import Clip
from models.errors import DatasetError
from models.evaluation.datasets.items import Item, Truth
from models.evaluation.datasets.pictures import filled_polygon
from models.inputs.clip_input import input_of
from models.library.registry import find_manifest, list_models, recipe_of
from models.training import dataset
from models.training.batch_order import BatchOrder, class_balance
from models.training.clip_dataset import collate
from models.training.patient_splits import split_by_patient
from models.training.placement import Placement
from models.training.tasks import TASKS
from models.training.tasks.task import Shown, TaskContext
from models.training.value_range import ValueRange
from tests.unit.models.training.miniature_trainings import SIZE, dynamic


def items(*of: tuple[str, str]) -> list[Item]:
    clip = Clip("", np.zeros((1, 8, 8, 3), np.uint8), None)
    return [Item(f"{group}/{index}", group, split, lambda: clip, Truth()) for index, (group, split) in enumerate(of)]


def groups(found: tuple[Item, ...]) -> set[str]:
    return {item.group for item in found}


def test_patients_are_drawn_whole_and_by_the_seed() -> None:
    many = items(*((f"p{index // 3}", "") for index in range(60)))
    split = split_by_patient(many, (0.6, 0.2, 0.2), 1).items
    assert [len(groups(split[name])) for name in ("train", "val", "test")] == [12, 4, 4]
    assert groups(split["train"]).isdisjoint(groups(split["val"]) | groups(split["test"]))
    assert sum(map(len, split.values())) == 60
    again, other = (split_by_patient(many, (0.6, 0.2, 0.2), seed).items for seed in (1, 2))
    assert groups(again["test"]) == groups(split["test"])
    assert groups(other["test"]) != groups(split["test"])


def test_a_patient_in_two_splits_of_the_data_stays_in_the_later_one() -> None:
    """Bug prevented: a published split by images, of which a patient is learnt and tested at once."""
    split = split_by_patient(items(("a", "train"), ("b", "train"), ("a", "test"), ("c", "val"), ("c", "train")), (1, 0, 0), 0)
    assert {name: groups(found) for name, found in split.items.items()} == {"train": {"b"}, "val": {"c"}, "test": {"a"}}
    assert split.notes == ("2 items of 2 patients left out: their patients are in a later split, too",)


def test_without_a_split_to_validate_on_patients_are_taken_from_training() -> None:
    split = split_by_patient(items(*((f"p{index}", "train") for index in range(8)), ("t", "test")), (0.8, 0.1, 0.1), 0)
    assert len(groups(split.items["val"])) == 1
    assert groups(split.items["test"]) == {"t"}
    assert groups(split.items["val"]).isdisjoint(groups(split.items["train"]))


def test_few_patients_still_leave_one_to_validate_on() -> None:
    two = split_by_patient(items(("a", ""), ("b", "")), (0.8, 0.1, 0.1), 0).items
    assert [len(two[name]) for name in ("train", "val", "test")] == [1, 1, 0]
    with pytest.raises(DatasetError, match="none is left for val"):
        split_by_patient(items(("a", "")), (0.8, 0.1, 0.1), 0)


@pytest.mark.parametrize("name", ["phantom_lv", "EchoLVSNet", "echonet_measurements/lvid", "EchoApex_ViT-S_lvh"])
def test_truth_lies_where_the_network_sees_it(name: str) -> None:
    """A bright box on the clip, and its mask and centre as targets: all three in one place of the input, for every way of
    cutting and scaling.
    """
    frame = np.zeros((1, 300, 400, 3), np.uint8)
    frame[0, 90:151, 200:281] = 255
    seen = input_of(Clip("", frame, None), find_manifest(name))
    shown = seen.batch([0])[0]
    grey = (shown / shown.max()).mean(dim=0).numpy()
    placement = Placement.of(seen)
    mask = placement.mask(frame[0, ..., 0] > 0, *grey.shape)
    assert np.abs(mask - grey).mean() < 0.002
    ((x, y),) = placement.to_input(np.array([[240.0, 120.0]]))
    rows, columns = np.mgrid[: grey.shape[0], : grey.shape[1]]
    assert x == pytest.approx((mask * columns).sum() / mask.sum(), abs=0.05)
    assert y == pytest.approx((mask * rows).sum() / mask.sum(), abs=0.05)


def test_black_and_white_of_every_network_are_known() -> None:
    """Bug prevented: brightness changed in standard deviations, or cut off at 1 where a network takes 0 to 255."""
    seen = set()
    for manifest in list_models():
        recipe = recipe_of(manifest)
        if not recipe.taught or recipe.sees in seen or recipe.sees.endswith("BeatSquares"):
            continue
        seen.add(recipe.sees)
        known = ValueRange.of(manifest)
        if "mean" in (manifest.publication.needed_settings if manifest.publication else ()):
            assert known is None  # until mean and deviation are stated
            continue
        assert known is not None, manifest.name
        assert bool((known.high > known.low).all())
        images = torch.rand(2, len(known.low), 4, 4)
        torch.testing.assert_close(known.to_unit(known.from_unit(images)), images)
    assert len(seen) > 8


def test_a_loop_of_ones_own_gets_batches(tmp_path: Path) -> None:
    train = dataset(dynamic(tmp_path), "phantom_lv", "segmentation", labels=("lv",))
    batch = next(iter(DataLoader(train, batch_size=4, collate_fn=collate)))
    side = find_manifest("phantom_lv").input_size_px
    assert batch.inputs.shape == batch.targets["mask"].shape == (4, 1, side, side)
    assert set(batch.keys) == {"v0", "v1", "v2", "v3"}
    assert torch.equal(train[1].inputs, train[1].inputs)
    frames = set()
    for epoch in range(8):
        train.set_epoch(epoch)
        frames.add(float(train[0].targets["mask"].sum()))
    assert len(frames) == 2  # either of the two outlined frames


def test_every_item_comes_once_an_epoch_and_rare_classes_as_often_as_others() -> None:
    order = BatchOrder(10, 3, seed=1)
    epoch = [index for step in range(3) for index in order.batch(step)]
    assert len(set(epoch)) == 9
    assert order.batch(1) == BatchOrder(10, 3, seed=1).batch(1) != order.batch(4)
    assert BatchOrder(2, 8, seed=1).batch(0) in ([0, 1], [1, 0])
    weights = class_balance(["a"] * 9 + ["b"])
    drawn = [index for step in range(200) for index in BatchOrder(10, 10, 1, weights).batch(step)]
    assert 0.45 < np.mean([index == 9 for index in drawn]) < 0.55


def test_a_polygon_that_leaves_the_image_is_cut_off() -> None:
    """Bug prevented: a box around it that counts from the other end of the image."""
    vertices = np.array([[-6, -4], [9, -2], [12, 11], [-3, 14]])
    whole = filled_polygon(vertices + 20, 50, 50)
    assert np.array_equal(filled_polygon(vertices, 10, 8), whole[20:30, 20:28])
    assert not filled_polygon(vertices - 40, 10, 8).any()
    assert not filled_polygon(vertices + 40, 10, 8).any()


def test_phases_are_taught_between_end_diastole_and_end_systole() -> None:
    start = find_manifest("EchoPDNet")
    (item,) = (Item("k", "g", "", lambda: None, Truth(ed_frame=2, es_frame=6)),)  # type: ignore[arg-type, return-value]
    task = TASKS["phase"].of({"name": "phase"}, TaskContext(start, recipe_of(start), (), [item]))
    target = task.target(item, Shown([1, 2, 4, 6, 7], Placement(np.eye(2), np.zeros(2)), SIZE, SIZE))
    torch.testing.assert_close(target["curve"], torch.tensor([0, 1, 0.5, 0, 0]))
    assert target["known"].tolist() == [False, True, True, True, False]
    batch = {name: one[None] for name, one in target.items()}
    assert task.loss(torch.tensor([[9, 1, 0.5, 0, 9.0]]), batch) == 0
    scores = task.scores(torch.tensor([[9, 1, 0.5, 0, -9.0]]), batch)
    assert task.figures({name: one.double().numpy() for name, one in scores.items()})["frames_off"] == 0
    assert list(task.starts(item, 5, 10)) == [2]
    assert not len(task.starts(item, 4, 10))
