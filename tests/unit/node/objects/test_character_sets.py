"""Names come out right whatever Specific Character Set says of them, and what was guessed is noted."""

from pathlib import Path

import pytest
from pydicom.datadict import dictionary_VR

from node.objects.character_sets import settle
from node.objects.clip_reader import read_clip
from node.objects.header import read_header
from tests.unit.node.objects.written_by_hand import data_set, element, item, part_10

NAME = "Müller^Jörg"


def named(name: bytes, character_set: str | None, *, vr: bool = True, between: bytes = b"") -> bytes:
    """A clip with this name; a Specific Character Set of None is absent."""
    plain = data_set(between, vr=vr)
    kind = b"PN" if vr else b""
    stated = b"" if character_set is None else element(0x00080005, b"CS" if vr else b"", character_set.encode())
    return part_10(stated + plain.replace(element(0x00100010, kind, b"SECRET^NAME"), element(0x00100010, kind, name)))


READ: dict[str, tuple[str, str | None, str, bool]] = {
    "UTF-8, nothing stated": (NAME, None, "utf-8", True),
    "UTF-8, stated empty": (NAME, "", "utf-8", True),
    "UTF-8, ASCII stated": (NAME, "ISO_IR 6", "utf-8", True),
    "UTF-8, Latin-1 stated": (NAME, "ISO_IR 100", "utf-8", True),
    "UTF-8, unknown stated": (NAME, "NONSENSE", "utf-8", True),
    "UTF-8, misspelt": (NAME, "UTF-8", "utf-8", False),
    "UTF-8": (NAME, "ISO_IR 192", "utf-8", False),
    "Cyrillic UTF-8, nothing stated": ("Иванов^Иван", None, "utf-8", True),
    "Latin-1, nothing stated": (NAME, None, "latin-1", True),
    "Latin-1, UTF-8 stated": (NAME, "ISO_IR 192", "latin-1", True),
    "Latin-1, unknown stated": (NAME, "ISO_IR 999", "latin-1", True),
    "Latin-1": (NAME, "ISO_IR 100", "latin-1", False),
    "Latin-1, misspelt": (NAME, "ISO-IR 100", "latin-1", False),
    "Latin-1, misspelt with underscores": (NAME, "ISO_IR_100", "latin-1", False),
    "Cyrillic": ("Иванов^Иван", "ISO_IR 144", "iso8859_5", False),
    "Latin-2": ("Żółw^Łukasz", "ISO_IR 101", "iso8859_2", False),
    "ASCII": ("SMITH^JOHN", None, "ascii", False),
    "Japanese": ("Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "\\ISO 2022 IR 87", "ascii", False),
}


@pytest.mark.parametrize(("name", "stated", "encoding", "noted"), READ.values(), ids=READ)
@pytest.mark.parametrize("vr", [True, False], ids=["explicit", "implicit"])
def test_the_name_is_read(name: str, stated: str | None, encoding: str, noted: bool, vr: bool, tmp_path: Path) -> None:
    data = named(name.encode(encoding), stated, vr=vr)
    (tmp_path / "object").write_bytes(data)
    wanted = "Yamada^Tarou=山田^太郎" if name.startswith("Yamada") else name
    assert str(read_header(tmp_path / "object").PatientName).rstrip("\0") == wanted
    notes = [note for note in read_clip(data).notes if "Character Set" in note]
    assert len(notes) == noted
    assert name[:4] not in "".join(notes)


def test_the_fallback_is_a_setting(tmp_path: Path) -> None:
    (tmp_path / "object").write_bytes(named("Иванов".encode("iso8859_5"), None))
    assert str(read_header(tmp_path / "object", "ISO_IR 144").PatientName) == "Иванов"


def test_an_item_may_have_its_own_character_set(tmp_path: Path) -> None:
    own = item(element(0x00080005, b"CS", b"ISO_IR 144") + element(0x00080104, b"LO", "Сердце".encode("iso8859_5")))
    shared = item(element(0x00080104, b"LO", "Größe".encode()))
    assert dictionary_VR(0x00080104) == "LO"
    between = element(0x00185100, b"CS", b"X") + element(0x00189004, b"SQ", own + shared)
    (tmp_path / "object").write_bytes(named(NAME.encode(), None, between=between))
    header = read_header(tmp_path / "object")
    first, second = header[0x00189004].value
    assert (str(header.PatientName), first.CodeMeaning, second.CodeMeaning) == (NAME, "Сердце", "Größe")


@pytest.mark.parametrize("stated", ["", "ISO_IR 100", "ISO_IR 192", "\\ISO 2022 IR 87"])
def test_nothing_is_said_of_ascii(stated: str) -> None:
    assert settle(stated, [], "ISO_IR 100") == (stated, "")
