"""Where the overlays of files go."""

from pathlib import Path

import pytest

from node.errors import ConfigError
from node.files.input_files import InputFile
from node.files.overlays import overlay_paths


def _wanted(*names: str) -> list[InputFile]:
    return [InputFile(Path(name), name) for name in names]


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
