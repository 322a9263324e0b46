"""Which files a command line asks for, and where their overlays and rows go."""

import csv
from pathlib import Path

import pytest

from models.families.reading import Reading
from node.cli.measured_files import MeasuredFile, Wanted, overlay_paths, wanted_files, write_table
from node.errors import ConfigError
from tests.factories import source_file, source_header


def _wanted(*names: str) -> list[Wanted]:
    return [Wanted(Path(name), name) for name in names]


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
    assert found == ["cut.dcm", "deep/1.2.3", "film.AVI"]
    assert [item.name for item in wanted_files([tmp_path / "truth.json"])] == ["truth.json"]  # named, so tried


def test_a_list_is_sought_beside_itself_and_groups_the_frames_of_a_film(tmp_path: Path) -> None:
    (tmp_path / "frames.csv").write_text("video_path,frame_number\na.avi,3\nb.avi,0\na.avi,1\n")
    first, second = wanted_files([tmp_path / "frames.csv"])
    assert (first.path, first.frames) == (tmp_path / "a.avi", (3, 1))
    assert second.frames == (0,)


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
