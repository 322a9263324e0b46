"""A header is read whatever stands in front of it, and what is none says so."""

from pathlib import Path

import pytest

from node.errors import Unparseable
from node.objects.header import read_header
from tests.unit.node.objects.ultrasound_object import as_file, moving_picture, ultrasound_object


def bare(data: bytes) -> bytes:
    """The data set alone: behind preamble, prefix and file meta information (PS3.10 7.1)."""
    return data[144 + int.from_bytes(data[140:144], "little") :]


@pytest.mark.parametrize("strip", [lambda data: data, bare], ids=["whole", "no preamble"])
def test_with_and_without_preamble(tmp_path: Path, strip: object) -> None:
    path = tmp_path / "object"
    path.write_bytes(strip(as_file(ultrasound_object(moving_picture()))))  # type: ignore[operator]
    header = read_header(path)
    assert header.Rows == 24
    assert "PixelData" not in header


@pytest.mark.parametrize("data", [b"", b"only words, and a few of them", bytes(1000), b"\x89PNG\r\n\x1a\n" + bytes(range(200))])
def test_what_is_no_object_says_so(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "object"
    path.write_bytes(data)
    with pytest.raises(Unparseable):
        read_header(path)


def test_a_file_the_system_cannot_read_is_the_systems_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_header(tmp_path / "gone")
