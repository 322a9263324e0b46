"""A damaged HDF5 file that libhdf5 reads for ever, or that ends it, ends in one plain error."""

from pathlib import Path

import pytest

from models.errors import KerasFileError
from models.importers.keras.hdf5_guard import survives_reading
from models.importers.sources import read_source
from tests.fuzz.mutation import mutated
from tests.fuzz.weights_seeds import keras_hdf5

ENDLESS = 130  # found by fuzzing


def written(folder: Path, content: bytes) -> Path:
    path = folder / "it's a\nfile.h5"
    path.write_bytes(content)
    return path


@pytest.mark.slow
def test_a_file_that_is_never_read_to_its_end_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, mutated(keras_hdf5(), "weights_keras_hdf5", ENDLESS))
    with pytest.raises(KerasFileError, match="takes for ever"):
        read_source(path)


def test_a_whole_file_is_read_also_behind_an_endless_one(tmp_path: Path) -> None:
    for content in keras_hdf5():
        assert survives_reading(written(tmp_path, content))
        assert read_source(written(tmp_path, content)).layers
