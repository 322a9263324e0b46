"""The file somebody brings, whatever its name: which format it is in, and one plain error where it is damaged."""

import hashlib
import lzma
import pickle
import struct
import zipfile
import zlib
from pathlib import Path

from models.errors import WeightsFileError
from models.importers.keras.files import KerasFile, read_keras_file
from models.importers.torch.files import TorchFile, read_torch_file, said_by

_HDF5 = b"\x89HDF\r\n\x1a\n"
_LFS_POINTER = b"version https://git-lfs"
# What zipfile, h5py, json, pickle, numpy and torch make of bytes that are not what they should be.
_DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    lzma.LZMAError,
    pickle.UnpicklingError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def read_source(file: Path) -> KerasFile | TorchFile:
    """HDF5 and zips with a `config.json` are Keras', all else is torch's.

    Raises WeightsFileError for a missing or damaged file; KerasFileError or TorchFileError for a whole one that is not taken.
    """
    try:
        return _read(file)
    except FileNotFoundError:
        raise WeightsFileError(f"no file {file}") from None
    except MemoryError as error:
        raise WeightsFileError(f"{file.name} asks for more memory than there is: it is too large here, or damaged") from error
    except _DAMAGE as error:
        raise WeightsFileError(f"{file.name} is damaged, or is no file of Keras or torch: {said_by(error)}") from error


def _read(file: Path) -> KerasFile | TorchFile:
    if file.is_dir():
        return read_keras_file(file)  # which says what is wrong with it
    refuse_pointer(file)
    with file.open("rb") as opened:
        start = opened.read(len(_HDF5))
    if start == _HDF5 or _is_keras_zip(file):
        return read_keras_file(file)
    return read_torch_file(file)


def refuse_pointer(file: Path) -> None:
    """Raises WeightsFileError for what Git LFS leaves in the place of a file that was not fetched."""
    with file.open("rb") as opened:
        start = opened.read(len(_LFS_POINTER))
    if start == _LFS_POINTER:
        raise WeightsFileError(f"{file.name} is a pointer of Git LFS, not the weights: fetch them with `git lfs pull`")


def sha256_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _is_keras_zip(file: Path) -> bool:
    """torch's files are zips, too."""
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        return "config.json" in archive.namelist()
