"""Which files a command line asks for, and where their overlays and rows go."""

import csv
from pathlib import Path

import numpy as np
import pytest
from pynetdicom.dsutils import split_dataset
from typer.testing import CliRunner

from models.clip import Clip
from models.library.reading import Decoding, Reading, ReadValue
from models.library.registry import find_manifest
from node.cli import app, measure
from node.errors import ConfigError
from node.files.found_files import find_files
from node.files.measured_files import MeasuredFile, measure_file, write_table
from node.files.overlays import overlay_paths
from node.files.wanted_files import Wanted, wanted_files
from node.objects.clip_reader import read_clip
from node.objects.video_file import write_film
from tests.factories import source_file, source_header
from tests.unit.models.families.drawn_maps import caliper_logits, drawn_reader


def _wanted(*names: str) -> list[Wanted]:
    return [Wanted(Path(name), name) for name in names]


def test_images_are_found_as_analyse_finds_them(tmp_path: Path) -> None:
    """Bug prevented: carts write files without a suffix, and some without preamble or meta information."""
    with_preamble, bare = source_file(source_header(frames=1)), tmp_path / "bare"
    with_preamble.save_as(tmp_path / "IMG00001", enforce_file_format=True)
    data = (tmp_path / "IMG00001").read_bytes()
    bare.write_bytes(data[split_dataset(tmp_path / "IMG00001")[1] :])
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "empty").write_bytes(b"")
    found = find_files([tmp_path])
    assert [item.path.name for item in wanted_files([tmp_path])] == ["IMG00001", "bare"]
    assert {one.path.name for one in found.passed_over} == {"notes.txt", "empty"}
    assert read_clip(bare).number_of_frames == 1


def test_of_a_folder_only_films_and_images_are_taken(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    image = source_file(source_header(frames=1))
    report = source_file(source_header(frames=1))
    for keyword in ("Rows", "Columns", "PixelData"):
        del report[keyword]
    for name, dataset in {"deep/1.2.3": image, "report.dcm": report, "DICOMDIR": report}.items():
        dataset.save_as(tmp_path / name, enforce_file_format=True)
    for name, content in {"film.AVI": b"", "cut.dcm": b"", "truth.json": b"{}", "broken": bytes(128) + b"DICM\x00"}.items():
        (tmp_path / name).write_bytes(content)
    found = [item.name for item in wanted_files([tmp_path])]
    assert found == ["broken", "cut.dcm", "deep/1.2.3", "film.AVI"]  # those that cannot be read are heard of
    assert [item.name for item in wanted_files([tmp_path / "truth.json"])] == ["truth.json"]  # named, so tried


def test_a_list_is_sought_beside_itself_and_groups_the_frames_of_a_film(tmp_path: Path) -> None:
    (tmp_path / "frames.csv").write_text("video_path,frame_number\na.avi,3\nb.avi,0\na.avi,1\n")
    first, second = wanted_files([tmp_path / "frames.csv"])
    assert (first.path, first.frames) == (tmp_path / "a.avi", (3, 1))
    assert second.frames == (0,)


def test_a_film_beside_the_list_goes_before_one_of_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("lists", "here"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.avi").touch()
    (tmp_path / "here" / "b.avi").touch()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "lists" / "frames.csv").write_text("video_path,frame_number\na.avi,0\nb.avi,0\nc.avi,0\n")
    lists = tmp_path / "lists"
    assert [item.path for item in wanted_files([lists / "frames.csv"])] == [lists / "a.avi", Path("b.avi"), lists / "c.avi"]


def test_a_list_in_another_encoding_is_used_wrong(tmp_path: Path) -> None:
    (tmp_path / "frames.csv").write_bytes("video_path,frame_number\nM\u00fcller.avi,0\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"frames\.csv is no list in UTF-8"):
        wanted_files([tmp_path / "frames.csv"])


class _Counting:
    """A table of every kind of frame column, a value of the last frame of the clip."""

    manifest = find_manifest("lvid")

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        rows = tuple({"Frame": n, "frame_number": n, "frame_index": n, "x": n} for n in range(clip.number_of_frames))
        value = ReadValue("lvid", "px", 40.0, clip.number_of_frames - 1)
        return Reading((value, ReadValue("ef", "%", 50.0)), ("Frame", "frame_number", "frame_index", "x"), rows)


def test_listed_frames_keep_their_numbers_and_several_have_no_values(tmp_path: Path) -> None:
    film = tmp_path / "a.avi"
    write_film(film, [np.full((16, 16, 3), 90, np.uint8)] * 9, 25.0)

    def read(*frames: int) -> Reading:
        reading = measure_file(_Counting(), Wanted(film, "a.avi", frames), Decoding.CORRECTED, None).reading
        assert reading is not None
        return reading

    several = read(7, 2)
    assert [tuple(row.values()) for row in several.rows] == [(7, 7, 7, 0), (2, 2, 2, 1)]
    assert several.values == ()
    assert several.notes[-1] == "2 single frames of a list are no film: rows, and no values"
    one = read(5)
    assert [(value.value, value.frame_index) for value in one.values] == [(40.0, 5), (50.0, None)]
    assert one.rows[0]["Frame"] == 5


def test_a_reader_that_cannot_compute_fails_at_that_file_alone(tmp_path: Path) -> None:
    write_film(tmp_path / "a.avi", [np.full((16, 16, 3), 90, np.uint8)], 25.0)

    class Broken(_Counting):
        def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
            raise ValueError("zero-size array")

    assert measure_file(Broken(), Wanted(tmp_path / "a.avi", "a"), Decoding.CORRECTED, None).error == "zero-size array"


def test_overlays_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    names = ["a/1.2.3", "a/clip.dcm", "a_clip.avi", "../clip.mp4", "1.2.3"]
    paths = list(overlay_paths(tmp_path, _wanted(*names)))
    assert [path.name for path in paths if path] == ["a_1_2_3", "a_clip", "a_clip-2", "clip", "1_2_3"]
    assert {path.parent for path in paths if path} == {tmp_path}


def test_one_file_takes_the_name_given_or_a_folder(tmp_path: Path) -> None:
    assert list(overlay_paths(tmp_path / "x.mp4", _wanted("a.avi"))) == [tmp_path / "x.mp4"]
    assert list(overlay_paths(tmp_path / "folder", _wanted("a.avi"))) == [tmp_path / "folder" / "a"]
    assert list(overlay_paths(None, _wanted("a.avi", "b.avi"))) == [None, None]
    with pytest.raises(ConfigError):
        list(overlay_paths(tmp_path / "x.gif", _wanted("a.avi")))


def test_rows_of_several_files_carry_their_name_whatever_the_model_s_table(tmp_path: Path) -> None:
    reading = Reading((), ("peak",), ({"filename": None, "peak": 1.5},))
    measured = [MeasuredFile("a", reading), MeasuredFile("b", None, "broken"), MeasuredFile("c", reading)]
    assert write_table(tmp_path / "new" / "out.csv", measured) == 2
    with (tmp_path / "new" / "out.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["filename", "peak"], ["a", "1.5"], ["c", "1.5"]]
    assert write_table(tmp_path / "one.csv", measured[:1]) == 1
    assert (tmp_path / "one.csv").read_text().splitlines() == ["peak", "1.5"]


def test_a_table_whose_authors_write_the_name_with_a_capital_has_it_once(tmp_path: Path) -> None:
    reading = Reading((), ("Filename", "EF"), ({"Filename": None, "EF": 55.0},))
    for measured in ([MeasuredFile("a", reading)], [MeasuredFile("a", reading), MeasuredFile("b", reading)]):
        write_table(tmp_path / "out.csv", measured)
        with (tmp_path / "out.csv").open(newline="") as file:
            rows = list(csv.reader(file))
        assert rows == [["Filename", "EF"], *([item.name, "55.0"] for item in measured)]


def test_the_kernel_is_of_published_phases_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_film(tmp_path / "a.avi", [np.full((480, 640, 3), 90, np.uint8)] * 2, 25.0)
    line = caliper_logits([((320.0, 100.0), (320.0, 200.0))] * 2)
    for name, decoding, accepted in (
        ("lvid", "published", True), ("lvid", "corrected", False), ("ivs", "published", False)
    ):  # fmt: skip
        reader = drawn_reader(name, line)
        monkeypatch.setattr(measure, "open_reader", lambda *_, reader=reader: (reader, ("torch",)))
        arguments = ["measure", str(tmp_path / "a.avi"), "--model", name, "--decoding", decoding, "--kernel"]
        result = CliRunner().invoke(app, arguments)
        assert isinstance(result.exception, ConfigError) is not accepted
        assert ("1-2-3-2-1" in result.stdout) is accepted
        assert reader.kernel is accepted
