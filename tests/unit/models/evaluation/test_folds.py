"""TMED-2's folds: each by its own classifier or by one, every figure of each and their mean."""

from pathlib import Path

import numpy as np
import pytest

from models.errors import DatasetError, EvaluationError
from models.evaluation.data_set_evaluation import Evaluated
from models.evaluation.datasets.items import DataSet
from models.evaluation.fold_evaluation import by_fold, evaluate_folds, folds_in
from models.evaluation.tasks import beside_published
from models.evaluation.tasks.evaluation_result import EvaluationResult
from models.library.registry import find_manifest
from tests import miniatures

OWN = [f"EchoFine_TMED2_fold{fold}" for fold in (2, 0, 1)]
IMAGES = {"1s1_0.png": (np.zeros((8, 8, 3), np.uint8), "PLAX", "test")}
ACCURACY = {0: 98.10, 1: 98.17, 2: 97.81}


def folds_of(folder: Path, names: tuple[str, ...] = ("TMED2_fold0.csv", "TMED2_fold1.csv", "TMED2_fold2.csv")) -> Path:
    for name in names:
        miniatures.tmed2(folder, IMAGES, name)
    return folder


def found(model: str, path: Path) -> Evaluated:
    number = int(path.stem[-1])
    figures = {
        "n": 10 + number, "accuracy_percent": 90.0 + number, "accuracy_percent_95": [80.0, 99.0],
        "balanced_accuracy_percent": 88.0,
        "f1": 0.5, "four_views_n": 8, "four_views_argmax_of_4_accuracy_percent": ACCURACY[number], "only_once": 1.0 * number,
    }  # fmt: skip
    if number:
        del figures["only_once"]
    result = EvaluationResult("classification", figures, ({"item": model},), ("a note",), phantom_clips=number)
    return Evaluated(find_manifest(model), DataSet("tmed2", ()), result)


def test_each_fold_is_asked_by_its_own_model_and_the_mean_is_theirs(tmp_path: Path) -> None:
    folds = folds_in(folds_of(tmp_path))
    assert list(folds) == [0, 1, 2]
    whole = evaluate_folds(OWN, folds, found)
    figures = whole.result.figures
    assert figures["fold_2_accuracy_percent"] == 92.0
    assert figures["accuracy_percent"] == pytest.approx(91.0)
    assert figures["four_views_argmax_of_4_accuracy_percent"] == pytest.approx(98.0266, abs=1e-3)
    assert (figures["folds"], figures["n"], figures["four_views_n"]) == (3, 33, 24)
    assert "only_once" not in figures
    assert "accuracy_percent_95" not in figures
    assert [row["item"] for row in whole.result.rows] == sorted(OWN)
    assert [row["fold"] for row in whole.result.rows] == [0, 1, 2]
    assert whole.manifest.name == ", ".join(sorted(OWN))
    assert whole.manifest.weights_sha256 == ""
    assert whole.result.phantom_clips == 3


def test_the_published_folds_stand_beside_those_found(tmp_path: Path) -> None:
    whole = evaluate_folds(["EchoView47_TMED2"], folds_in(folds_of(tmp_path)), found)
    beside = {one.key: one for one in beside_published(whole.manifest, whole.result.figures, "tmed2")}
    for fold, accuracy in ACCURACY.items():
        one = beside[f"fold_{fold}_four_views_argmax_of_4_accuracy_percent"]
        assert one.found == one.published == accuracy
    assert beside["four_views_argmax_of_4_accuracy_percent"].published == 98.03
    assert any("may know test images" in note for note in whole.result.notes)


def test_models_and_folds_that_do_not_pair_are_refused(tmp_path: Path) -> None:
    folds = folds_in(folds_of(tmp_path))
    for models in (OWN[:2], [*OWN, "EchoView47_TMED2"], ["a_fold0", "b_fold0", "c_fold1"]):
        with pytest.raises(EvaluationError, match="each must be of one of the folds 0, 1, 2"):
            by_fold(models, folds)


def test_one_fold_is_no_folder_of_folds_and_several_sizes_are_refused(tmp_path: Path) -> None:
    one = folds_of(tmp_path / "one", ("fold0.csv",))
    assert folds_in(one) == {}
    assert folds_in(one / "DEV479" / "fold0.csv") == {}
    both = folds_of(tmp_path / "both", ("fold0.csv", "again_fold0.csv"))
    with pytest.raises(DatasetError, match=r"2 folds .*name one of them, or a folder of one of each number"):
        folds_in(both)
