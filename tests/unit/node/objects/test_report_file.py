"""A report's file may be in any encoding, without its beginning, or cut: it is read as far as there is something."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from node.errors import Unparseable
from node.objects.report_file import read_report_file
from tests.reports import EF, LEFT_VENTRICLE, LVIDD, TWO_D, as_bytes, document, number, section


def whole() -> Dataset:
    return document(section(LEFT_VENTRICLE, TWO_D, number(EF, "56.4", "%"), number(LVIDD, "4.71", "cm")))


def written(dataset: Dataset, syntax: str, *, undefined: bool = False) -> bytes:
    dataset.file_meta.TransferSyntaxUID = syntax
    if undefined:
        for element in dataset.iterall():
            if element.VR == "SQ":
                element.is_undefined_length = True
                for item in element.value:
                    item.is_undefined_length_sequence_item = True
    return as_bytes(dataset)


SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]


@pytest.mark.parametrize("undefined", [False, True], ids=["lengths", "delimiters"])
@pytest.mark.parametrize("syntax", SYNTAXES, ids=[syntax.name for syntax in SYNTAXES])
def test_every_encoding_gives_the_same_report(syntax: str, undefined: bool, tmp_path: Path) -> None:
    (tmp_path / "sr").write_bytes(written(whole(), syntax, undefined=undefined))
    report = read_report_file(tmp_path / "sr")
    assert [item.text for item in report.root.walk() if item.number] == ["56.4 %", "4.71 cm"]
    assert report.notes == ()


def test_preamble_and_meta_may_be_missing(tmp_path: Path) -> None:
    file = io.BytesIO()
    dcmread(io.BytesIO(as_bytes(whole()))).save_as(file, implicit_vr=False, little_endian=True)
    (tmp_path / "sr").write_bytes(file.getvalue())
    report = read_report_file(tmp_path / "sr")
    assert sum(1 for _ in report.root.walk()) == 7


@pytest.mark.slow
@pytest.mark.parametrize("undefined", [False, True], ids=["lengths", "delimiters"])
def test_a_cut_report_is_read_up_to_the_cut(tmp_path: Path, undefined: bool) -> None:
    """Bug prevented: every level of a nested sequence that the cut left open counted as a fault, and the sum as too many."""
    content = written(whole(), ExplicitVRLittleEndian, undefined=undefined)
    begin = content.index(b"\x40\x00\x30\xa7SQ") + 12  # Content Sequence; before it a cut may fall between two elements
    counts = []
    for size in range(begin, len(content) - 20, 7):
        (tmp_path / "sr").write_bytes(content[:size])
        report = read_report_file(tmp_path / "sr")
        assert report.notes, f"nothing is said of a cut at {size} of {len(content)}"
        counts.append(sum(1 for _ in report.root.walk()))
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (1, 7)


@pytest.mark.parametrize(
    "change",
    [lambda data: b"", lambda data: b"no DICOM at all", lambda data: data[:200], lambda data: data[::-1]],
    ids=["empty", "text", "cut in the meta information", "backwards"],
)
def test_what_is_no_object_is_said_without_a_value(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    (tmp_path / "sr").write_bytes(change(as_bytes(whole())))
    with pytest.raises(Unparseable) as refused:
        read_report_file(tmp_path / "sr")
    assert "DOE" not in str(refused.value)
