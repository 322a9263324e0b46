"""What a received file holds, read as far as needed and no further, and the hashes that tell whether two objects are the same.

The content hash covers every element before the pixels by tag and value bytes, without what a change of transfer syntax changes
(group lengths, photometric interpretation, compression attributes, the encoding of sequences, padding). The pixel hash covers
the pixel bytes as sent: the value, or the fragments without their offset table. Values are compared as bytes and never decoded,
so that neither character sets nor malformed values stop it.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_dataset, read_file_meta_info
from pydicom.pixels.utils import pixel_array
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from node.errors import Unparseable
from node.study.patient import StatedPatient, stated_patient

_PARSE_ERRORS = (
    InvalidDicomError, ValueError, KeyError, TypeError, AttributeError, NotImplementedError, EOFError, struct.error, zlib.error,
    RecursionError, OSError,
)  # fmt: skip
_DECODE_ERRORS = (*_PARSE_ERRORS, RuntimeError, IndexError)  # decoders raise what they like
_SOP_CLASS, _SOP_INSTANCE, _STUDY, _SERIES = 0x00080016, 0x00080018, 0x0020000D, 0x0020000E
_SR_CLASSES = "1.2.840.10008.5.1.4.1.1.88."
_DEVICE_OBSERVER_UID = "121012"  # DCM, CID 270 and TID 1004
_CHANGED_BY_TRANSCODING = frozenset({0x00280004, 0x00280006, 0x00282110, 0x00282112, 0x00282114})
_PADDED_VRS = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"})
_LONG_LENGTH_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
_PIXEL_ELEMENTS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})  # float, double float, integer
_ITEM, _UNDEFINED_LENGTH = 0xFFFEE000, 0xFFFFFFFF
_CHUNK_BYTES = 1 << 20
_LARGEST_INFLATED_BYTES = 1 << 30  # a deflated data set may hold a thousand times its size


@dataclass(frozen=True)
class Content:
    """UIDs are empty where the object has none. `patient` is patient data: only its keyed form leaves this value.

    `note` says what was tolerated; `pixel_hash` is None for an object without pixels.
    """

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    patient: StatedPatient
    observer_uids: frozenset[str]
    content_hash: str
    pixel_hash: str | None
    note: str = ""


@dataclass(frozen=True)
class _Stream:
    """A data set ready to be read: inflated where it was deflated."""

    file: BinaryIO
    start: int
    implicit: bool
    little_endian: bool

    def read(self, last_tag: int) -> Dataset:
        """Elements up to `last_tag`; the file then stands at the one after."""
        self.file.seek(self.start)
        return read_dataset(
            self.file, self.implicit, self.little_endian, stop_when=lambda tag, _vr, _length: int(tag) > last_tag
        )


def read_content(path: Path) -> Content:
    """What the file holds. Raises Unparseable when not even the UIDs can be read, OSError when the disk fails."""
    try:
        with _open_dataset(path) as stream:
            header = stream.read(last_tag=0x7FDFFFFF)
            digest = hashlib.sha256()
            _feed(digest, header)
            pixel_hash = _hash_pixels(stream)
            return _content(header, digest.hexdigest(), pixel_hash)
    except _PARSE_ERRORS as error:
        _raise_disk_error(error)
        return _read_uids_only(path, f"the header cannot be read to its end ({type(error).__name__})")


def _read_uids_only(path: Path, note: str) -> Content:
    try:
        with _open_dataset(path) as stream:
            header = stream.read(last_tag=_SERIES)
            stream.file.seek(stream.start)
            digest = hashlib.sha256()
            _feed_bytes(digest, stream.file, None)
            return _content(header, digest.hexdigest(), None, note)
    except _PARSE_ERRORS as error:
        _raise_disk_error(error)
        raise Unparseable(f"the data set cannot be parsed ({type(error).__name__})") from error


def _raise_disk_error(error: Exception) -> None:
    """pydicom says OSError of a data set that ends too early, too; the system's own carry a number."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error


@contextmanager
def _open_dataset(path: Path) -> Iterator[_Stream]:
    meta = read_file_meta_info(path)
    syntax = UID(str(meta.get("TransferSyntaxUID", "")))
    start = 128 + 4 + 12 + int(meta.FileMetaInformationGroupLength)  # preamble, DICM, the group length element itself
    with path.open("rb") as file:
        if syntax == DeflatedExplicitVRLittleEndian:
            file.seek(start)
            inflater = zlib.decompressobj(-zlib.MAX_WBITS)
            inflated = inflater.decompress(file.read(), _LARGEST_INFLATED_BYTES)
            if inflater.unconsumed_tail:
                raise ValueError("inflates to more than can be read")
            yield _Stream(BytesIO(inflated), 0, False, True)
        else:
            yield _Stream(file, start, syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian)


def _content(header: Dataset, content_hash: str, pixel_hash: str | None, note: str = "") -> Content:
    sop_class_uid, sop_instance_uid = _uid(header, _SOP_CLASS), _uid(header, _SOP_INSTANCE)
    if not sop_class_uid and not sop_instance_uid:
        raise ValueError("bytes without a meaning")
    return Content(
        sop_class_uid=sop_class_uid,
        sop_instance_uid=sop_instance_uid,
        study_instance_uid=_uid(header, _STUDY),
        series_instance_uid=_uid(header, _SERIES),
        patient=stated_patient(header),
        observer_uids=frozenset(_observer_uids(header)) if sop_class_uid.startswith(_SR_CLASSES) else frozenset(),
        content_hash=content_hash,
        pixel_hash=pixel_hash,
        note=note,
    )


def _text(dataset: Dataset, tag: int) -> str:
    """A value without validation, which would quote it in a warning."""
    value: Any = dataset.get_item(tag).value if tag in dataset else b""
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value or "")
    return text.strip(" \0")


def _uid(dataset: Dataset, tag: int) -> str:
    uid = _text(dataset, tag)
    if len(uid) > 64 or not uid.isascii() or not (uid.isprintable()):  # PS3.5 9.1; what is kept must fit its column
        raise ValueError("a UID of more than 64 characters, or of others than the standard allows")
    return uid


def _observer_uids(item: Dataset) -> Iterator[str]:
    for child in item.get("ContentSequence", ()):
        names = child.get("ConceptNameCodeSequence", ())
        if any(str(name.get("CodeValue", "")) == _DEVICE_OBSERVER_UID for name in names):
            yield str(child.get("UID", ""))
        yield from _observer_uids(child)


def _feed(digest: Any, dataset: Dataset) -> None:
    # All at once: opening a sequence makes pydicom convert elements beside it.
    elements = [(tag, dataset.get_item(tag)) for tag in sorted(dataset.keys())]
    for tag, element in elements:
        if tag.element == 0 or tag.group <= 0x0002 or int(tag) in _CHANGED_BY_TRANSCODING:
            continue
        digest.update(struct.pack("<HH", tag.group, tag.element))
        if _vr(element, tag) == "SQ":
            items: Sequence = dataset[tag].value
            digest.update(b"SQ" + struct.pack("<L", len(items)))
            for item in items:
                _feed(digest, item)
                digest.update(b"END")
        else:
            value = _value_bytes(element, tag)
            digest.update(struct.pack("<L", len(value)) + value)


def _vr(element: RawDataElement | DataElement, tag: BaseTag) -> str:
    if element.VR is not None and element.VR != "UN":
        return str(element.VR)
    return dictionary_VR(tag) if dictionary_has_tag(tag) else "UN"  # implicit VR: the dictionary says


def _value_bytes(element: RawDataElement | DataElement, tag: BaseTag) -> bytes:
    value = element.value
    if value is None:
        return b""
    raw = value if isinstance(value, bytes) else str(value).encode()
    return raw.rstrip(b" \0") if _vr(element, tag) in _PADDED_VRS else raw


def _hash_pixels(stream: _Stream) -> str | None:
    """The first pixel element from where the file stands; None where there is none, or an empty one."""
    order = "<" if stream.little_endian else ">"
    while (found := _next_element(stream, order)) is not None:
        tag, length = found
        if tag in _PIXEL_ELEMENTS:
            digest = hashlib.sha256()
            fed = (
                _feed_fragments(digest, stream.file)
                if length == _UNDEFINED_LENGTH
                else _feed_bytes(digest, stream.file, length)
            )
            return digest.hexdigest() if fed else None
        stream.file.seek(length, 1)
    return None


def _next_element(stream: _Stream, order: str) -> tuple[int, int] | None:
    head = stream.file.read(8)
    if len(head) < 8:
        return None
    group, element = struct.unpack(order + "HH", head[:4])
    if stream.implicit:
        length = struct.unpack(order + "L", head[4:])[0]
    elif head[4:6] in _LONG_LENGTH_VRS:
        length = struct.unpack(order + "L", stream.file.read(4))[0]
    else:
        length = struct.unpack(order + "H", head[6:])[0]
    return group << 16 | element, length


def _feed_fragments(digest: Any, file: BinaryIO) -> int:
    fed = 0
    for number in count():
        head = file.read(8)
        if len(head) < 8:
            return fed
        group, element, length = struct.unpack("<HHL", head)
        if group << 16 | element != _ITEM:
            return fed
        if number == 0:
            file.seek(length, 1)  # the basic offset table: another writer may leave it out
        else:
            fed += _feed_bytes(digest, file, length)
    return fed


def _feed_bytes(digest: Any, file: BinaryIO, length: int | None) -> int:
    """Hash `length` bytes, or all that are left; returns how many there were."""
    fed = 0
    while length is None or fed < length:
        chunk = file.read(_CHUNK_BYTES if length is None else min(_CHUNK_BYTES, length - fed))
        if not chunk:
            break
        digest.update(chunk)
        fed += len(chunk)
    return fed


def same_decoded_pixels(ours: Path, theirs: Path) -> bool:
    """Whether two files decode to the same frames, bit for bit; False where either cannot be decoded."""
    try:
        frames = _number_of_frames(ours)
        if frames != _number_of_frames(theirs):
            return False
        return all(np.array_equal(pixel_array(ours, index=i), pixel_array(theirs, index=i)) for i in range(frames))
    except _DECODE_ERRORS:
        return False


def _number_of_frames(path: Path) -> int:
    with _open_dataset(path) as stream:
        return int(_text(stream.read(last_tag=0x00280008), 0x00280008) or 1)
