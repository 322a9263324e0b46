"""A stored object's header as pydicom has it: as much as may be loaded, and its text in a known character set."""

from pydicom.charset import convert_encodings, default_encoding
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from node.objects.character_sets import DEFAULT_FALLBACK, TEXT_VRS, settle
from node.objects.element_head import EXPLICIT_LITTLE, LONG_VRS, SHORT_VRS, Encoding, known_vr
from node.objects.element_walk import Element
from node.objects.reading_limits import LARGEST_HEADER_BYTES
from node.objects.stored_object import StoredObject

_CHARACTER_SET = 0x00080005
_VRS = (LONG_VRS | SHORT_VRS) - {b"SQ"}
_Encodings = str | list[str]


def load_header(found: StoredObject, fallback_character_set: str = DEFAULT_FALLBACK) -> Dataset:
    """The elements before the pixels. What was decided on their character set is added to `found.notes`."""
    stated = found.text(_CHARACTER_SET)
    header = _Header(found, stated)
    dataset = header.load()
    settled, note = settle(stated, header.beyond_ascii, fallback_character_set)
    if note:
        found.notes.append(note)
    return dataset if settled == stated else _Header(found, settled).load()


class _Header:
    """One loading. `beyond_ascii` are the texts in the data set's own character set that hold more than ASCII."""

    def __init__(self, found: StoredObject, character_set: str) -> None:
        self._found, self._character_set = found, character_set
        self._left = LARGEST_HEADER_BYTES
        self.beyond_ascii: list[bytes] = []

    def load(self) -> Dataset:
        encodings = _encodings(self._character_set)
        dataset = self._dataset(self._found.elements, self._found.encoding, default_encoding, encodings, own=True)
        if self._character_set:
            value = self._character_set.encode("latin-1", "replace")
            dataset._dict[BaseTag(_CHARACTER_SET)] = RawDataElement(
                BaseTag(_CHARACTER_SET), "CS", len(value), value, 0, False, True
            )
        dataset.file_meta = FileMetaDataset()
        for element in self._found.meta:
            dataset.file_meta._dict[BaseTag(element.tag)] = self._raw(element, EXPLICIT_LITTLE)
        return dataset

    def _dataset(
        self, elements: list[Element], encoding: Encoding, parent: _Encodings, encodings: _Encodings, *, own: bool
    ) -> Dataset:
        """`own` while the text is in the data set's character set, not in one that an item states for itself."""
        loaded: dict[BaseTag, RawDataElement | DataElement] = {}
        for element in elements:
            tag = BaseTag(element.tag)
            if element.items is not None:
                items = [self._item(item, encoding, encodings, own) for item in element.items]
                loaded[tag] = DataElement(tag, "SQ", Sequence(items), element.start)
            elif element.length <= self._left:
                self._left -= element.length
                loaded[tag] = raw = self._raw(element, element.encoding)
                if own and raw.value and not raw.value.isascii() and _vr(element) in TEXT_VRS:
                    self.beyond_ascii.append(raw.value)
            else:
                self._found.notes.append("a value too large for a header was passed over")
        dataset = Dataset(loaded, parent_encoding=parent)
        dataset.set_original_encoding(encoding.implicit, encoding.little_endian, encodings)
        return dataset

    def _item(self, item: list[Element], encoding: Encoding, parent: _Encodings, own: bool) -> Dataset:
        stated = next((element for element in item if element.tag == _CHARACTER_SET), None)
        encodings = parent if stated is None else _encodings(self._found.value(stated).decode("latin-1"))
        return self._dataset(item, item[0].encoding if item else encoding, parent, encodings, own=own and stated is None)

    def _raw(self, element: Element, encoding: Encoding) -> RawDataElement:
        vr = element.vr.decode() if element.vr in _VRS else "UN" if element.vr else None
        value = self._found.value(element)
        return RawDataElement(
            BaseTag(element.tag), vr, element.length, value, element.start, encoding.implicit, encoding.little_endian
        )


def _vr(element: Element) -> bytes:
    return element.vr if element.vr not in (b"", b"UN") else known_vr(element.tag)


def _encodings(character_set: str) -> _Encodings:
    try:
        return list(convert_encodings([term.strip() for term in character_set.strip(" \0").split("\\")]))
    except (LookupError, ValueError):
        return default_encoding
