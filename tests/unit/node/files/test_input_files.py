"""Which files a command line asks for."""

from pathlib import Path

import pytest
from pynetdicom.dsutils import split_dataset

from node.errors import ConfigError
from node.files.folder_contents import find_files
from node.files.input_files import input_files
from node.objects.clip_reader import read_clip
from tests.factories import source_file, source_header


def test_images_are_found_as_analyse_finds_them(tmp_path: Path) -> None:
    """Bug prevented: carts write files without a suffix, and some without preamble or meta information."""
    with_preamble, bare = source_file(source_header(frames=1)), tmp_path / "bare"
    with_preamble.save_as(tmp_path / "IMG00001", enforce_file_format=True)
    data = (tmp_path / "IMG00001").read_bytes()
    bare.write_bytes(data[split_dataset(tmp_path / "IMG00001")[1] :])
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "empty").write_bytes(b"")
    found = find_files([tmp_path])
    assert [item.path.name for item in input_files([tmp_path])] == ["IMG00001", "bare"]
    assert {one.path.name for one in found.passed_over} == {"notes.txt", "empty"}
    assert read_clip(bare).number_of_frames == 1


def test_of_a_folder_only_videos_and_images_are_taken(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    image = source_file(source_header(frames=1))
    report = source_file(source_header(frames=1))
    for keyword in ("Rows", "Columns", "PixelData"):
        del report[keyword]
    for name, dataset in {"deep/1.2.3": image, "report.dcm": report, "DICOMDIR": report}.items():
        dataset.save_as(tmp_path / name, enforce_file_format=True)
    for name, content in {"video.AVI": b"", "cut.dcm": b"", "truth.json": b"{}", "broken": bytes(128) + b"DICM\x00"}.items():
        (tmp_path / name).write_bytes(content)
    found = [item.name for item in input_files([tmp_path])]
    assert found == ["broken", "cut.dcm", "deep/1.2.3", "video.AVI"]  # those that cannot be read are heard of
    assert [item.name for item in input_files([tmp_path / "truth.json"])] == ["truth.json"]  # named, so tried


def test_a_list_is_sought_beside_itself_and_groups_the_frames_of_a_video(tmp_path: Path) -> None:
    (tmp_path / "frames.csv").write_text("video_path,frame_number\na.avi,3\nb.avi,0\na.avi,1\n")
    first, second = input_files([tmp_path / "frames.csv"])
    assert (first.path, first.frames) == (tmp_path / "a.avi", (3, 1))
    assert second.frames == (0,)


def test_a_video_beside_the_list_goes_before_one_of_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("lists", "here"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.avi").touch()
    (tmp_path / "here" / "b.avi").touch()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "lists" / "frames.csv").write_text("video_path,frame_number\na.avi,0\nb.avi,0\nc.avi,0\n")
    lists = tmp_path / "lists"
    assert [item.path for item in input_files([lists / "frames.csv"])] == [lists / "a.avi", Path("b.avi"), lists / "c.avi"]


def test_a_list_in_another_encoding_is_used_wrong(tmp_path: Path) -> None:
    (tmp_path / "frames.csv").write_bytes("video_path,frame_number\nM\u00fcller.avi,0\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"frames\.csv is no list in UTF-8"):
        input_files([tmp_path / "frames.csv"])


def test_files_of_one_name_are_told_apart_and_no_others_renamed(tmp_path: Path) -> None:
    for name in ("a/x/clip.avi", "b/x/clip.avi", "a/own.avi", "c/clip.avi"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    names = [item.name for item in input_files([tmp_path / "a", tmp_path / "b" / "x", tmp_path / "c" / "clip.avi"])]
    assert names == ["own.avi", "a/x/clip.avi", "b/x/clip.avi", "c/clip.avi"]
    twice = [tmp_path / "a" / "x" / "clip.avi", tmp_path / "b" / "x" / "clip.avi"]
    assert [item.name for item in input_files(twice)] == ["a/x/clip.avi", "b/x/clip.avi"]
    assert [item.name for item in input_files([twice[0], twice[0]])] == ["clip.avi", "clip.avi"]
