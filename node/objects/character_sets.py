"""Which character set a header's text is in, where Specific Character Set (0008,0005) is absent, unknown or contradicted.

Without the attribute nothing beyond ASCII is allowed (PS3.5 6.1.2.1), so text that has more was written in some other set.
UTF-8 shows in the bytes; anything else is read by the configured fallback. What was decided is a note.
"""

import re
from collections.abc import Sequence

from pydicom.charset import python_encoding

DEFAULT_FALLBACK = "ISO_IR 100"
TEXT_VRS = frozenset({b"PN", b"LO", b"SH", b"ST", b"LT", b"UC", b"UT"})  # PS3.5 6.1.2.3
UTF_8 = "ISO_IR 192"
_LATIN_1 = "ISO_IR 100"
_ASCII = ("", "ISO_IR 6", "ISO 2022 IR 6")
_ESCAPE = b"\x1b"
_REGISTERED = re.compile(r"ISO[ _-]?(2022[ _-]?)?(?:IR)?[ _-]?(\d{1,3})")
_SPELLINGS = {
    "UTF8": UTF_8, "UTF-8": UTF_8, "UTF_8": UTF_8, "UNICODE": UTF_8, "LATIN1": _LATIN_1, "LATIN-1": _LATIN_1,
    "ISO8859-1": _LATIN_1, "ISO-8859-1": _LATIN_1, "ISO_8859-1": _LATIN_1, "ISO_8859_1": _LATIN_1,
}  # fmt: skip


def settle(stated: str, texts: Sequence[bytes], fallback: str) -> tuple[str, str]:
    """The character sets to read by, as DICOM writes them, and a note, empty where nothing was amiss.

    `stated` is the attribute's value, `texts` are the values of text attributes that hold more than ASCII.

    >>> settle("", ["Müller".encode()], "ISO_IR 100")[0], settle("", ["Müller".encode("latin-1")], "ISO_IR 101")[0]
    ('ISO_IR 192', 'ISO_IR 101')
    """
    terms = [_spelt(term) for term in stated.split("\\")]
    known = all(term in python_encoding for term in terms)
    written = "\\".join(terms)
    if known and not texts:
        return written, ""
    utf_8 = bool(texts) and all(_decodes(text, "utf-8") for text in texts)
    escaped = any(_ESCAPE in text for text in texts)
    if not known or (all(term in _ASCII for term in terms) and not escaped):
        kind = "no" if known else "an unknown"
        chosen = UTF_8 if utf_8 else fallback
        how = "read as UTF-8" if utf_8 else "read by the configured fallback"
        return chosen, f"{kind} Specific Character Set: text beyond ASCII is {how}" if texts or not known else ""
    if terms == [_LATIN_1] and utf_8:  # its letters are never followed by its signs, over and over
        return UTF_8, "text in UTF-8, although Specific Character Set says otherwise"
    if terms == [UTF_8] and not utf_8:
        return fallback, "text that is no UTF-8, although Specific Character Set says so: read by the configured fallback"
    return written, ""


def _spelt(term: str) -> str:
    """The term as the standard spells it, where it can be told."""
    term = term.strip(" \0").upper()
    if term in python_encoding:
        return term
    if term in _SPELLINGS:
        return _SPELLINGS[term]
    if match := _REGISTERED.fullmatch(term):
        return f"ISO 2022 IR {int(match[2])}" if match[1] else f"ISO_IR {int(match[2])}"
    return term


def _decodes(text: bytes, encoding: str) -> bool:
    try:
        text.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
