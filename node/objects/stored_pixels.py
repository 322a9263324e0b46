"""The pixel element's bytes, loaded, with what its head says of them."""

from dataclasses import dataclass
from typing import Protocol

from node.objects.stored_object import StoredObject


class Note(Protocol):
    """Takes down what was tolerated."""

    def __call__(self, text: str, /) -> None: ...


@dataclass(frozen=True)
class StoredPixels:
    """`is_whole` where all is there that the element's length says; `encapsulated` by that length being undefined."""

    data: bytes
    vr: str
    little_endian: bool
    encapsulated: bool
    is_whole: bool


def load_pixels(found: StoredObject) -> StoredPixels | None:
    """The pixel element's bytes; None where the object has no such element, or an empty one."""
    element = found.pixels
    if element is None or not element.length:
        return None
    data = found.value(element)
    little_endian, is_whole = element.encoding.little_endian, element.start + element.length < found.size
    is_whole = is_whole or "the file ends within a value" not in found.notes
    return StoredPixels(data, element.vr.decode("latin-1"), little_endian, element.encapsulated, is_whole)
