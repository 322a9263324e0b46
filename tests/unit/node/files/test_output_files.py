"""No command writes over what it reads."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from models.clip import Clip
from models.errors import BackendError
from models.library.reading import Decoding, Reading
from models.library.registry import find_manifest
from models.results import ReadValue, of_frames
from node.cli import app, measure
from node.errors import ConfigError, EchoNodeError
from node.files import overlays
from node.files.output_files import overlay_files, refuse_among, refuse_replacing
from node.objects.video_file import write_video
from tests.loaded import Reads, as_model
from tests.unit.node.objects.ultrasound_object import as_file, ultrasound_object

FRAMES = np.full((3, 32, 48, 3), 90, np.uint8)


class _Reader(Reads):
    """One value and one row a frame."""

    manifest = find_manifest("lvid")

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        rows = tuple({"frame_number": number} for number in range(clip.number_of_frames))
        return Reading((ReadValue("lvidd", "px", 40.0, of_frames(0)),), ("frame_number",), rows)


@pytest.fixture(autouse=True)
def _known_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "open_reader", lambda *_: (as_model(_Reader()), ("torch",)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    made.mkdir()
    write_video(made / "video.avi", iter(FRAMES), 25.0)
    write_video(made / "video2.mp4", iter(FRAMES), 25.0)
    (made / "clip.dcm").write_bytes(as_file(ultrasound_object(FRAMES)))
    (made / "list.csv").write_text("video_path,frame_number\nvideo.avi,1\n")
    return made


def _measure(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["measure", "--model", "lvid", *map(str, arguments)])


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("source", "option", "target"),
    [
        ("", "--out", ""),  # video2.mp4 would be its own overlay
        ("video.avi", "--out", "video.avi"),
        ("video.avi", "--out", "../in/video.avi"),
        ("clip.dcm", "--csv", "clip.dcm"),
        ("list.csv", "--csv", "list.csv"),
        ("list.csv", "--out", "video.avi"),
        ("video.avi", "--out", "hard.avi"),
        ("video.avi", "--out", "soft.avi"),
        ("soft.avi", "--csv", "video.avi"),
    ],
)
def test_measure_never_replaces_what_it_measures(folder: Path, source: str, option: str, target: str) -> None:
    os.link(folder / "video.avi", folder / "hard.avi")
    (folder / "soft.avi").symlink_to(folder / "video.avi")
    before = _contents(folder)
    result = _measure(folder / source, option, folder / target)
    assert isinstance(result.exception, ConfigError)
    assert f"{option}: " in str(result.exception)
    assert "would be replaced" in str(result.exception)
    assert _contents(folder) == before


def test_table_and_overlay_are_two_files(folder: Path) -> None:
    result = _measure(folder / "video.avi", "--out", folder / "x.mp4", "--csv", folder / "in" / ".." / "x.mp4")
    assert isinstance(result.exception, ConfigError)
    assert "what --out writes" in str(result.exception)
    result = _measure(folder / "clip.dcm", "--out", folder / "out", "--csv", folder / "out.mp4")  # `out` becomes out/clip.mp4
    assert result.exit_code == 0


def test_the_weights_and_the_manifest_are_read_too(folder: Path) -> None:
    (folder / "weights.csv").write_text("weights")
    result = _measure(folder / "video.avi", "--weights", folder / "weights.csv", "--csv", folder / "weights.csv")
    assert isinstance(result.exception, ConfigError)
    assert (folder / "weights.csv").read_text() == "weights"


def test_what_was_written_before_may_be_written_again(folder: Path, tmp_path: Path) -> None:
    for _ in range(2):
        result = _measure(folder / "video.avi", "--out", tmp_path / "o.mp4", "--csv", tmp_path / "o.csv")
        assert result.exit_code == 0, result.output


def test_a_path_without_a_suffix_may_become_a_video_or_an_image(tmp_path: Path) -> None:
    assert [path.name for _, path in overlay_files([tmp_path / "a", None, tmp_path / "b.avi"])] == ["a.mp4", "a.png", "b.avi"]
    refuse_replacing([("--out", tmp_path / "new")], [tmp_path / "nowhere"])


def test_what_was_read_stays_when_its_overlay_cannot_be_written(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(overlays, "write_video", full)
    arguments = (folder / "video.avi", "--out", tmp_path / "o.mp4", "--csv", tmp_path / "o.csv")
    result = _measure(*arguments, "--json")
    (file,) = json.loads(result.stdout)["files"]
    assert [value["value"] for value in file["values"]] == [40.0]
    assert "No space left" in file["overlay_error"]
    assert isinstance(result.exception, EchoNodeError)
    assert "1 of 1 overlays could not be written" in str(result.exception)
    assert len((tmp_path / "o.csv").read_text().splitlines()) == 4
    assert "measured, but the overlay could not be written" in _measure(*arguments).stdout


def test_the_summary_is_printed_when_the_table_cannot_be_written(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(measure, "write_table", full)
    result = _measure(folder / "video.avi", "--csv", tmp_path / "o.csv", "--json")
    assert json.loads(result.stdout)["files"][0]["values"][0]["value"] == 40.0
    assert isinstance(result.exception, EchoNodeError)
    assert "No space left on device; the table is not there, or not whole" in str(result.exception)
    assert "rows in" not in _measure(folder / "video.avi", "--csv", tmp_path / "o.csv").stdout


def test_an_engine_that_cannot_compute_one_file_measures_the_others(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Narrow(_Reader):
        def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
            if clip.sop_instance_uid:
                raise BackendError("no memory for 3 frames")
            return super().read(clip, decoding)

    monkeypatch.setattr(measure, "open_reader", lambda *_: (as_model(Narrow()), ("torch",)))
    result = _measure(folder, "--json")
    assert str(result.exception) == "1 of 3 files could not be measured"
    files = {file["file"]: file for file in json.loads(result.stdout)["files"]}
    assert files["clip.dcm"]["error"] == "no memory for 3 frames"
    assert [name for name, file in files.items() if "error" not in file] == ["video.avi", "video2.mp4"]


def test_an_object_cut_short_is_marked_in_the_summary(folder: Path) -> None:
    dataset = ultrasound_object(FRAMES)
    dataset.NumberOfFrames = 5
    (folder / "clip.dcm").write_bytes(as_file(dataset))
    file, video = json.loads(_measure(folder / "clip.dcm", folder / "video.avi", "--json").stdout)["files"]
    assert (file["cut_short"], video["cut_short"]) == (True, False)
    assert "of a file cut short" in _measure(folder / "clip.dcm").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", "phantom_view", "still.png", "--out", "still.png"),
        ("embed", "phantom_view", "still.csv", "--out", "still.csv"),
    ],
)
def test_other_commands_replace_nothing_either(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(folder)
    Image.fromarray(FRAMES[0]).save("still.png")
    Path("still.csv").write_bytes(Path("clip.dcm").read_bytes())  # a DICOM object may have any name
    before = _contents(folder)
    result = CliRunner().invoke(app, ["models", *arguments])
    assert isinstance(result.exception, ConfigError), result.output
    assert "would be replaced" in str(result.exception)
    assert _contents(folder) == before


def test_a_place_that_cannot_be_written_to_is_one_line(folder: Path) -> None:
    out = folder / "list.csv" / "x.png"  # below a file
    result = CliRunner().invoke(app, ["models", "explain", "phantom_view", str(folder / "clip.dcm"), "--out", str(out)])
    assert isinstance(result.exception, EchoNodeError)
    assert "it is not there, or not whole" in str(result.exception)


def test_an_export_does_not_replace_the_weights_it_reads(tmp_path: Path) -> None:
    bundled = find_manifest("phantom_view")
    (tmp_path / "manifests").mkdir()
    (tmp_path / "weights").mkdir()
    manifest = Path(shutil.copy(bundled.path, tmp_path / "manifests"))
    weights = Path(shutil.copy(bundled.weights_path, tmp_path / "weights"))
    before = weights.read_bytes()
    for target in (weights, manifest):
        result = CliRunner().invoke(app, ["models", "export", str(manifest), "--out", str(target)])
        assert isinstance(result.exception, ConfigError)
        assert "would be replaced" in str(result.exception)
    assert weights.read_bytes() == before


def test_results_do_not_go_among_the_files_of_a_data_set(folder: Path) -> None:
    (folder / "videos").mkdir()
    (folder / "videos" / "a.avi").touch()
    for out in (folder, folder / "videos", folder / "videos" / ".."):
        result = CliRunner().invoke(app, ["evaluate", "phantom_view", "--data", str(folder), "--out", str(out)])
        assert isinstance(result.exception, ConfigError)
        assert "holds files of the data set" in str(result.exception)
    refuse_among("--out", folder / "new", folder, "metrics.json")
    (folder / "videos" / "metrics.json").touch()
    refuse_among("--out", folder / "videos", folder, "metrics.json")
