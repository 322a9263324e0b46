"""Headers of stored objects, read as leniently as their clips are."""

import struct
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from pydicom.dataset import Dataset

from node.errors import Unparseable
from node.objects.character_sets import DEFAULT_FALLBACK
from node.objects.element_walk import TooMuch
from node.objects.loaded_header import load_header
from node.objects.stored_object import opened

_BROKEN = (ValueError, TypeError, LookupError, AttributeError, NotImplementedError, EOFError, struct.error)


def read_header(path: Path, fallback_character_set: str = DEFAULT_FALLBACK) -> Dataset:
    """Every element before the pixels, with or without preamble and file meta information.

    Raises Unparseable, without a value, for what is no DICOM object; OSError where the file itself cannot be read.
    """
    return read_noted_header(path, fallback_character_set)[0]


def read_noted_header(path: Path, fallback_character_set: str = DEFAULT_FALLBACK) -> tuple[Dataset, tuple[str, ...]]:
    """`read_header`, and what had to be tolerated or passed over, in words without a value."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with opened(path) as found:
                header = load_header(found, fallback_character_set)
                notes = tuple(dict.fromkeys(found.notes))
    except TooMuch as error:
        raise Unparseable(f"the object is not read: {error}") from None
    except _BROKEN as error:
        raise Unparseable(f"not a DICOM object ({type(error).__name__})") from None
    if "SOPInstanceUID" not in header and "SOPClassUID" not in header:
        raise Unparseable("not a DICOM object: it names neither its class nor itself")
    return header, notes


def read_headers(paths: Iterable[Path], fallback_character_set: str = DEFAULT_FALLBACK) -> Iterator[Dataset]:
    """The headers of those files that are DICOM objects."""
    for path in paths:
        with suppress(Unparseable):
            yield read_header(path, fallback_character_set)
