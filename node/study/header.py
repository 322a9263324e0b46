"""The header of a stored object, read as leniently as its clip is."""

import struct
import warnings
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError

from node.errors import Unparseable

_BROKEN = (BytesLengthException, InvalidDicomError, EOFError, ValueError, TypeError, LookupError, AttributeError, struct.error)


def read_header(path: Path) -> Dataset:
    """Every element before the pixels, with or without preamble and file meta information.

    Raises Unparseable, without a value, for what is no DICOM object; OSError where the file itself cannot be read.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = dcmread(path, stop_before_pixels=True, force=True)
            if "SOPInstanceUID" not in header and "SOPClassUID" not in header:
                raise Unparseable("not a DICOM object")
            return header
    except _BROKEN as error:
        raise Unparseable(f"not a DICOM object ({type(error).__name__})") from None
