"""What is read off a file, and the rows of the table."""

import csv
from pathlib import Path

import numpy as np

from models.clip import Clip
from models.library.reading import Decoding, Reading
from models.library.registry import find_manifest
from models.results import ReadValue, of_frames
from node.files.file_measurement import FileMeasurement, measure_file, write_table
from node.files.input_files import InputFile
from node.objects.video_file import write_video
from tests.loaded import Reads


class _Counting(Reads):
    """A table of every kind of frame column, a value of the last frame of the clip."""

    manifest = find_manifest("lvid")

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        rows = tuple({"Frame": n, "frame_number": n, "frame_index": n, "x": n} for n in range(clip.number_of_frames))
        value = ReadValue("lvid", "px", 40.0, of_frames(clip.number_of_frames - 1))
        return Reading((value, ReadValue("ef", "%", 50.0)), ("Frame", "frame_number", "frame_index", "x"), rows)


def test_listed_frames_keep_their_numbers_and_several_have_no_values(tmp_path: Path) -> None:
    video = tmp_path / "a.avi"
    write_video(video, [np.full((16, 16, 3), 90, np.uint8)] * 9, 25.0)

    def read(*frames: int) -> Reading:
        reading = measure_file(_Counting(), InputFile(video, "a.avi", frames), Decoding.CORRECTED, None).reading
        assert reading is not None
        return reading

    several = read(7, 2)
    assert [tuple(row.values()) for row in several.rows] == [(7, 7, 7, 0), (2, 2, 2, 1)]
    assert several.values == ()
    assert several.notes[-1] == "2 single frames of a list are no video: rows, and no values"
    one = read(5)
    assert [(value.value, value.frame_index) for value in one.values] == [(40.0, 5), (50.0, None)]
    assert one.rows[0]["Frame"] == 5


def test_a_reader_that_cannot_compute_fails_at_that_file_alone(tmp_path: Path) -> None:
    write_video(tmp_path / "a.avi", [np.full((16, 16, 3), 90, np.uint8)], 25.0)

    class Broken(_Counting):
        def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
            raise ValueError("zero-size array")

    assert measure_file(Broken(), InputFile(tmp_path / "a.avi", "a"), Decoding.CORRECTED, None).error == "zero-size array"


def test_rows_of_several_files_carry_their_name_whatever_the_model_s_table(tmp_path: Path) -> None:
    reading = Reading((), ("peak",), ({"filename": None, "peak": 1.5},))
    measured = [FileMeasurement("a", reading), FileMeasurement("b", None, "broken"), FileMeasurement("c", reading)]
    assert write_table(tmp_path / "new" / "out.csv", measured) == 2
    with (tmp_path / "new" / "out.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["filename", "peak"], ["a", "1.5"], ["c", "1.5"]]
    assert write_table(tmp_path / "one.csv", measured[:1]) == 1
    assert (tmp_path / "one.csv").read_text().splitlines() == ["peak", "1.5"]


def test_a_table_whose_authors_write_the_name_with_a_capital_has_it_once(tmp_path: Path) -> None:
    reading = Reading((), ("Filename", "EF"), ({"Filename": None, "EF": 55.0},))
    for measured in ([FileMeasurement("a", reading)], [FileMeasurement("a", reading), FileMeasurement("b", reading)]):
        write_table(tmp_path / "out.csv", measured)
        with (tmp_path / "out.csv").open(newline="") as file:
            rows = list(csv.reader(file))
        assert rows == [["Filename", "EF"], *([item.name, "55.0"] for item in measured)]
