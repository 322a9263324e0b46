"""The header of a stored object, read as leniently as its clip is."""

import struct
import warnings
from pathlib import Path

from pydicom.dataset import Dataset

from node.errors import Unparseable
from node.study.element_walk import TooMuch
from node.study.stored_object import opened

_BROKEN = (ValueError, TypeError, LookupError, AttributeError, NotImplementedError, EOFError, struct.error)


def read_header(path: Path) -> Dataset:
    """Every element before the pixels, with or without preamble and file meta information.

    Raises Unparseable, without a value, for what is no DICOM object; OSError where the file itself cannot be read.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with opened(path) as found:
                header = found.header()
    except TooMuch as error:
        raise Unparseable(f"the object is not read: {error}") from None
    except _BROKEN as error:
        raise Unparseable(f"not a DICOM object ({type(error).__name__})") from None
    if "SOPInstanceUID" not in header and "SOPClassUID" not in header:
        raise Unparseable("not a DICOM object: it names neither its class nor itself")
    return header
