"""Every weight comes out of every layout of Keras under its own name, whatever it is nested in."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.errors import KerasFileError
from models.importers.keras.files import read_keras_file
from tests.differential.reference import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["tf_keras", "keras"])
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    command = [sys.executable, "-W", "ignore", "-m", "tests.differential.keras_layouts", request.param, str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "2"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def _expected(folder: Path, model: str) -> dict[str, NDArray[np.float32]]:
    with np.load(folder / f"{model}.npz") as stored:
        return {name: stored[name] for name in stored.files}


def _found(path: Path) -> dict[str, NDArray[np.float32]]:
    return {
        f"{layer.name}/{name}": np.asarray(array)
        for layer in read_keras_file(path).layers
        for name, array in layer.weights.items()
    }


@pytest.mark.parametrize("model", ["nested", "recurrent", "transposed"])
@pytest.mark.parametrize("layout", ["h5", "keras"])
def test_a_whole_model(saved: Path, model: str, layout: str) -> None:
    found, expected = _found(saved / f"{model}.{layout}"), _expected(saved, model)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert np.array_equal(found[name], array), name


def _by_weight(arrays: dict[str, NDArray[np.float32]]) -> set[tuple[str, bytes]]:
    return {(name.rpartition("/")[2], array.tobytes()) for name, array in arrays.items()}


def test_weights_alone_by_name(saved: Path) -> None:
    """Only Keras 2 writes them. A layer in a TimeDistributed goes by the wrapper's name there."""
    for path in saved.glob("*.names.h5"):
        model = path.name.removesuffix(".names.h5")
        found, expected = _found(path), _expected(saved, model)
        assert _by_weight(found) == _by_weight(expected)
        assert {name.partition("/")[0] for name in found.keys() ^ expected.keys()} <= {"each", "time_distributed_2"}


def test_weights_alone_by_place(saved: Path) -> None:
    """Keras 2 notes no names there: each weight still is what it is."""
    assert _by_weight(_found(saved / "transposed.weights.h5")) == _by_weight(_expected(saved, "transposed"))


def test_weights_alone_that_cannot_be_told_apart_are_refused(saved: Path) -> None:
    """A BatchNorm of three weights, and no description that says which one it lacks."""
    with pytest.raises(KerasFileError, match="should have gamma, beta, moving_mean, moving_variance; it has 3 weights"):
        _found(saved / "nested.weights.h5")


def test_layers_without_weights_are_kept_in_order(saved: Path) -> None:
    layers = read_keras_file(saved / "nested.keras").layers
    classes = [layer.class_name for layer in layers if layer.class_name != "InputLayer"]
    assert classes[0] == "Rescaling"
    assert classes[-2:] == ["GlobalAveragePooling2D", "Dense"]
    assert [layer.path for layer in layers if layer.name == "block1_conv1"] == [("sequential_1", "backbone", "block1_conv1")]
    assert next(layer for layer in layers if layer.name == "sep_bn").config["epsilon"] == 1e-3
