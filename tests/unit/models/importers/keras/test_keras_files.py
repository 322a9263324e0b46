"""What is no Keras file is said to be none; what cannot be told apart is refused, never guessed."""

import json
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from models.errors import KerasFileError, TorchFileError, WeightsFileError
from models.importers.keras.config import snake_case
from models.importers.keras.files import read_keras_file
from models.importers.sources import read_source
from tests.unit.models.importers.keras.keras_writer import Layer, dense, description, write_hdf5, write_zip

FIRST, SECOND = dense("features", 3, 4), dense("views", 4, 2)


def test_weights_go_by_the_name_of_their_layer(tmp_path: Path) -> None:
    file = read_keras_file(write_hdf5(tmp_path / "m.h5", [FIRST, SECOND]))
    assert [(layer.name, layer.class_name) for layer in file.layers] == [("features", "Dense"), ("views", "Dense")]
    assert np.array_equal(file.layers[1].weights["kernel"], SECOND[3]["kernel"])
    assert file.config is not None


def test_places_are_counted_by_class_and_not_by_name(tmp_path: Path) -> None:
    places = {"dense": FIRST[3], "dense_1": SECOND[3]}
    file = read_keras_file(write_zip(tmp_path / "m.keras", places, description([FIRST, SECOND])))
    assert np.array_equal(file.layers[0].weights["kernel"], FIRST[3]["kernel"])
    assert np.array_equal(file.layers[1].weights["bias"], SECOND[3]["bias"])


def test_long_lists_of_names_come_in_pieces(tmp_path: Path) -> None:
    """Keras cuts an attribute of more than 64 kB; ten pieces sort by number, not as text."""
    path = write_hdf5(tmp_path / "m.h5", [dense(f"d{index}", 2, 2) for index in range(11)])
    with h5py.File(path, "r+") as file:
        group = file["model_weights"]
        names = list(group.attrs["layer_names"])
        del group.attrs["layer_names"]
        for index, name in enumerate(names):
            group.attrs[f"layer_names{index}"] = [name]
    assert [layer.name for layer in read_keras_file(path).layers if layer.weights] == [f"d{index}" for index in range(11)]


def test_a_list_of_layers_is_an_old_sequential(tmp_path: Path) -> None:
    config = description([FIRST])
    config["config"] = config["config"]["layers"]
    assert read_keras_file(write_hdf5(tmp_path / "m.h5", [FIRST], config=config)).layers[0].name == "features"


def test_half_precision_becomes_single(tmp_path: Path) -> None:
    half: Layer = ("d", "Dense", {"use_bias": False}, {"kernel": np.ones((2, 2), np.float16)})  # type: ignore[dict-item]
    assert read_keras_file(write_hdf5(tmp_path / "m.h5", [half])).layers[0].weights["kernel"].dtype == np.float32


@pytest.mark.parametrize(
    ("class_name", "place"),
    [("SeparableConv2D", "separable_conv2d"), ("LSTM", "lstm"), ("Conv2DTranspose", "conv2d_transpose"), ("ReLU", "re_lu")],
)
def test_places_are_named_as_keras_names_them(class_name: str, place: str) -> None:
    assert snake_case(class_name) == place


def _text(folder: Path) -> Path:
    (folder / "m.h5").write_text("not HDF5")
    return folder / "m.h5"


def _other_hdf5(folder: Path) -> Path:
    with h5py.File(folder / "m.h5", "w") as file:
        file["data"] = np.zeros(3)
    return folder / "m.h5"


def _other_zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "m.keras", "w") as archive:
        archive.writestr("readme.txt", "")
    return folder / "m.keras"


def _saved_model(folder: Path) -> Path:
    (folder / "m").mkdir()
    return folder / "m"


def _surplus_place(folder: Path) -> Path:
    return write_zip(folder / "m.keras", {"dense": FIRST[3], "dense_1": SECOND[3]}, description([FIRST]))


def _no_bias(folder: Path) -> Path:
    return write_zip(folder / "m.keras", {"dense": {"kernel": FIRST[3]["kernel"]}}, description([FIRST]))


def _other_name_at_the_place(folder: Path) -> Path:
    path = write_zip(folder / "m.keras", {"dense": FIRST[3]}, description([FIRST]))
    with zipfile.ZipFile(path) as archive:
        content = archive.read("model.weights.h5")
    (folder / "w.h5").write_bytes(content)
    with h5py.File(folder / "w.h5", "r+") as file:
        file["layers/dense/vars"].attrs["name"] = "something_else"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(description([FIRST])))
        archive.writestr("model.weights.h5", (folder / "w.h5").read_bytes())
    return path


def _ambiguous_names(folder: Path) -> Path:
    inner = description([("conv", "Dense", {}, {}), ("other", "Dense", {}, {})])
    config = {"class_name": "Sequential", "config": {"name": "outer", "layers": [inner]}}
    odd: Layer = ("sequential", "Sequential", {}, FIRST[3])  # named after the nested model, not after a layer of it
    return write_hdf5(folder / "m.h5", [odd], config=config)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_other_hdf5, "an HDF5 file, but not one that Keras wrote"),
        (_other_zip, "missing: config.json, model.weights.h5"),
        (_saved_model, "is a folder .a SavedModel"),
        (_surplus_place, "weights at layers/dense_1/vars belong to no layer the file describes"),
        (_no_bias, "layer features .Dense. should have kernel, bias; it has 1 weights"),
        (_other_name_at_the_place, "at layers/dense lies something_else, expected features"),
        (_ambiguous_names, "cannot be told to which layer the weight sequential/kernel:0 belongs"),
    ],
    ids=lambda value: getattr(value, "__name__", "").strip("_") or None,
)
def test_refusals_in_plain_words(make, words: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(KerasFileError, match=words):
        read_keras_file(make(tmp_path))


def _flipped(path: Path, at: int, value: int) -> Path:
    content = bytearray(path.read_bytes())
    content[at] = value
    path.write_bytes(content)
    return path


def _damaged_zip(kind: str, folder: Path) -> Path:
    """One byte of the zip's directory is another one."""
    path = write_zip(folder / "m.keras", {"dense": FIRST[3]}, description([FIRST]))
    entry, end = path.read_bytes().rindex(b"PK\x01\x02"), path.read_bytes().rindex(b"PK\x05\x06")
    return _flipped(path, *{"signature": (entry, 0), "version": (entry + 6, 138), "end": (end + 16, 0)}[kind])


def _damaged_hdf5(folder: Path) -> Path:
    path = write_hdf5(folder / "m.h5", [FIRST, SECOND])
    content = path.read_bytes()
    attribute = content.index(b"model_config")
    path.write_bytes(content[: attribute - 8] + bytes([0xFF] * 16) + content[attribute + 8 :])
    return path


def _odd_name_in_zip(folder: Path) -> Path:
    path = write_zip(folder / "m.keras", {"dense": FIRST[3]}, description([FIRST]))
    content = path.read_bytes()
    place = content.rindex(b"PK\x01\x02")
    _flipped(path, place + 9, 0x08)  # its name is said to be UTF-8
    return _flipped(path, place + 46, 0xF7)


def _broken_json(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "m.keras", "w") as archive:
        archive.writestr("config.json", b"\xff{")
        archive.writestr("model.weights.h5", b"")
    return folder / "m.keras"


@pytest.mark.parametrize(
    "make",
    [
        _text,
        lambda folder: _damaged_zip("signature", folder),
        lambda folder: _damaged_zip("version", folder),
        lambda folder: _damaged_zip("end", folder),
        _odd_name_in_zip,
        _broken_json,
        _damaged_hdf5,
    ],
    ids=["text", "signature", "version", "end", "name", "json", "hdf5"],
)
def test_damaged_files_end_in_one_error(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Bug prevented: zipfile's and h5py's own exceptions went through to the terminal, as tracebacks."""
    path = make(tmp_path)
    with pytest.raises(
        (WeightsFileError, TorchFileError), match=rf"^{path.name} is damaged, or is no file of Keras or torch: \S"
    ):
        read_source(path)
