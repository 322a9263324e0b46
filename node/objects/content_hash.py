"""What a received file holds, read as far as needed and no further, and the hashes that tell whether two objects are the same.

The content hash covers every element before the pixels by tag and value bytes, without what a change of transfer syntax changes
(group lengths, photometric interpretation, compression attributes, the encoding of sequences, padding). The pixel hash covers
the pixel bytes as sent: the value, or the fragments without their offset table. Values are compared as bytes and never decoded,
so that neither character sets nor malformed values stop it.
"""

import hashlib
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels.utils import pixel_array

from node.errors import Unparseable, UnreadableClip
from node.objects.character_sets import DEFAULT_FALLBACK
from node.objects.element_head import known_vr
from node.objects.element_walk import Element, TooMuch
from node.objects.loaded_header import load_header
from node.objects.patient import StatedPatient, stated_patient
from node.objects.rejection_note import RejectionNote, rejection_note
from node.objects.stored_object import StoredObject, opened
from node.objects.stored_pixels import load_pixels

# What pydicom and decoders raise of objects that they cannot read.
_READ_ERRORS = (ValueError, LookupError, TypeError, AttributeError, NotImplementedError, EOFError, struct.error, RecursionError)
_DECODE_ERRORS = (*_READ_ERRORS, RuntimeError, MemoryError, OSError)
_SOP_CLASS, _SOP_INSTANCE, _STUDY, _SERIES = 0x00080016, 0x00080018, 0x0020000D, 0x0020000E
_SR_CLASSES = "1.2.840.10008.5.1.4.1.1.88."
_DEVICE_OBSERVER_UID = "121012"  # DCM, CID 270 and TID 1004
_PIXEL_GROUP = 0x7FE0
_CHANGED_BY_TRANSCODING = frozenset({0x00280004, 0x00280006, 0x00282110, 0x00282112, 0x00282114})
_PADDED_VRS = frozenset(b"AE AS CS DA DS DT IS LO LT PN SH ST TM UC UI UR UT".split())
_ITEM = 0xFFFEE000
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Content:
    """UIDs are empty where the object has none. `patient` is patient data: only its keyed form leaves this value.

    `note` says why the object could not be read to its end, `tolerated` what was passed over on the way; `pixel_hash` is None
    for an object without pixels. Both hashes are None where they were not asked for.
    """

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    patient: StatedPatient
    observer_uids: frozenset[str]
    content_hash: str | None
    pixel_hash: str | None
    note: str = ""
    tolerated: tuple[str, ...] = ()
    rejection: RejectionNote | None = None


def read_content(path: Path, fallback_character_set: str = DEFAULT_FALLBACK) -> Content:
    """What the file holds; text of no known character set is in the fallback.

    Raises Unparseable when not even the UIDs can be read, OSError when the disk fails.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom's words may quote values
            with opened(path) as found:
                return _content_of(found, fallback_character_set)
    except TooMuch as error:
        raise Unparseable(f"the data set is not read: {error}") from None
    except _READ_ERRORS as error:
        raise Unparseable(f"the data set cannot be parsed ({type(error).__name__})") from error


def _content_of(found: StoredObject, fallback_character_set: str) -> Content:
    digest = hashlib.sha256()
    note, pixel_hash = "", None
    if found.breaks_off and found.pixels is None:
        note = "the header cannot be read to its end"
        found.file.seek(0)
        _feed_bytes(digest, found.file, None)
    else:
        # What belongs to the pixels, such as an extended offset table, changes with them.
        _feed(digest, found, [element for element in found.elements if element.tag >> 16 < _PIXEL_GROUP])
        pixel_hash = _hash_pixels(found)
    return _content(found, digest.hexdigest(), pixel_hash, note, fallback_character_set)


def _content(found: StoredObject, content_hash: str, pixel_hash: str | None, note: str, fallback_character_set: str) -> Content:
    sop_class_uid, sop_instance_uid = _uid(found, _SOP_CLASS), _uid(found, _SOP_INSTANCE)
    if not sop_class_uid and not sop_instance_uid:
        raise Unparseable("the data set names neither its class nor itself")
    header = load_header(found, fallback_character_set)
    return Content(
        sop_class_uid=sop_class_uid,
        sop_instance_uid=sop_instance_uid,
        study_instance_uid=_uid(found, _STUDY),
        series_instance_uid=_uid(found, _SERIES),
        patient=stated_patient(header),
        observer_uids=frozenset(_observer_uids(header)) if sop_class_uid.startswith(_SR_CLASSES) else frozenset(),
        content_hash=content_hash,
        pixel_hash=pixel_hash,
        note=note,
        tolerated=tuple(found.notes),
        rejection=rejection_note(header),
    )


def _uid(found: StoredObject, tag: int) -> str:
    uid = found.text(tag)
    if len(uid) > 64 or not uid.isascii() or not uid.isprintable():  # PS3.5 9.1; what is kept must fit its column
        raise Unparseable("a UID of more than 64 characters, or of others than the standard allows")
    return uid


def _observer_uids(item: Dataset) -> Iterator[str]:
    for child in item.get("ContentSequence", ()):
        names = child.get("ConceptNameCodeSequence", ())
        if any(str(name.get("CodeValue", "")) == _DEVICE_OBSERVER_UID for name in names):
            yield str(child.get("UID", ""))
        yield from _observer_uids(child)


def _feed(digest: Any, found: StoredObject, elements: list[Element]) -> None:
    by_tag = {element.tag: element for element in elements}
    for tag, element in sorted(by_tag.items()):
        if tag & 0xFFFF == 0 or tag >> 16 <= 0x0002 or tag in _CHANGED_BY_TRANSCODING:
            continue
        digest.update(struct.pack("<HH", tag >> 16, tag & 0xFFFF))
        if element.items is not None:
            digest.update(b"SQ" + struct.pack("<L", len(element.items)))
            for item in element.items:
                _feed(digest, found, item)
                digest.update(b"END")
        else:
            vr = element.vr if element.vr not in (b"", b"UN") else known_vr(tag)
            length = _length_without_padding(found, element) if vr in _PADDED_VRS else element.length
            digest.update(struct.pack("<L", length & 0xFFFFFFFF))
            found.file.seek(element.start)
            _feed_bytes(digest, found.file, length)


def _length_without_padding(found: StoredObject, element: Element) -> int:
    start, end = element.start, element.start + element.length
    while end > start:
        chunk_start = max(start, end - _CHUNK_BYTES)
        found.file.seek(chunk_start)
        if kept := len(found.file.read(end - chunk_start).rstrip(b" \0")):
            return chunk_start + kept - start
        end = chunk_start
    return 0


def _hash_pixels(found: StoredObject) -> str | None:
    """The hash of the pixels; None where there is no pixel element, or an empty one."""
    if found.pixels is None:
        return None
    digest = hashlib.sha256()
    found.file.seek(found.pixels.start)
    if found.pixels.encapsulated:
        return digest.hexdigest() if _feed_fragments(digest, found.file) else None
    fed = _feed_bytes(digest, found.file, found.pixels.length)
    return digest.hexdigest() if fed else None


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
    except (*_DECODE_ERRORS, Unparseable, UnreadableClip):
        return False


def _number_of_frames(path: Path) -> int:
    """Checked by what is declared before anything is decoded. Raises UnreadableClip for what would cost too much."""
    from node.objects.pixels import open_frames  # 17 MB of decoders, which a receiver needs when a UID comes in two encodings

    with opened(path) as found:
        return open_frames(load_header(found), load_pixels(found), found.stated, lambda _: None).shape[0]
