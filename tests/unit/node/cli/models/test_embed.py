"""`echonode models embed`: videos, images and DICOM objects, through encoders of frames and of clips."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from typer.testing import CliRunner

from models.clip import Clip
from models.errors import ReadingError
from models.library.registry import find_manifest
from node.cli import app
from node.errors import ConfigError, EchoNodeError
from node.objects.video_file import write_video
from tests.loaded import as_model
from tests.unit.node.objects.ultrasound_object import as_file, ultrasound_object


class FrameEncoder(nn.Module):
    """The mean of each colour of each frame."""

    def __init__(self) -> None:
        super().__init__()
        self.manifest = find_manifest("EchoView47_contrastive_encoder")
        self.unit = nn.Parameter(torch.ones(1))

    def embed(self, frames: Tensor) -> Tensor:
        return frames.mean(dim=(2, 3)) * self.unit


class ClipEncoder(nn.Module):
    """Number of frames, and grey of the first and the last one."""

    def __init__(self) -> None:
        super().__init__()
        self.manifest = find_manifest("EchoPrime_video_encoder")

    def embed(self, clips: Tensor) -> Tensor:
        raise AssertionError("it takes tensors of its own making")

    def embed_clip(self, clip: Clip) -> NDArray[np.float32]:
        if not clip.frames.any():
            raise ReadingError("an image of nothing")
        return np.array([clip.number_of_frames, clip.frames[0].mean(), clip.frames[-1].mean()], np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A video of four frames, one image, a DICOM object of two, and a note."""
    made = tmp_path / "in"
    made.mkdir()
    write_video(made / "clip.avi", (np.full((64, 80, 3), 40 * number, np.uint8) for number in range(1, 5)), 30.0)
    Image.new("RGB", (80, 64), (100, 100, 100)).save(made / "image.png")
    frames = np.stack([np.full((64, 80, 3), grey, np.uint8) for grey in (50, 200)])
    (made / "object.dcm").write_bytes(as_file(ultrasound_object(frames)))
    (made / "notes.txt").write_text("no image")
    return made


def embed(monkeypatch: pytest.MonkeyPatch, network: nn.Module, *arguments: object) -> Any:
    monkeypatch.setattr("node.files.features.load_manifest", lambda manifest, **_: as_model(network))
    name = str(network.manifest.name)  # type: ignore[union-attr]
    return CliRunner().invoke(app, ["models", "embed", name, *(str(argument) for argument in arguments)])


def test_a_video_gives_a_row_a_frame(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = embed(monkeypatch, FrameEncoder(), folder, "--out", tmp_path / "f.csv", "--json")
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert (said["frames"], said["width"], said["skipped"]) == (7, 3, ["left out notes.txt: no image"])
    with (tmp_path / "f.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(Path(row["source"]).name, row["frame_number"]) for row in rows] == [
        ("clip.avi", "1"), ("clip.avi", "2"), ("clip.avi", "3"), ("clip.avi", "4"), ("image.png", "1"),
        ("object.dcm", "1"), ("object.dcm", "2"),
    ]  # fmt: skip
    assert [float(row["feature_0"]) for row in rows] == pytest.approx([40, 80, 120, 160, 100, 50, 200], abs=2)


def test_an_encoder_of_clips_gives_a_row_a_clip(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = embed(monkeypatch, ClipEncoder(), folder, "--out", tmp_path / "f.npz", "--json")
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert "frames" not in said
    assert (said["clips"], said["width"]) == (3, 3)
    with np.load(tmp_path / "f.npz") as table:
        assert [Path(name).name for name in table["source"]] == ["clip.avi", "image.png", "object.dcm"]
        assert "frame_number" not in table
        expected = np.array([[4, 40, 160], [1, 100, 100], [2, 50, 200]])
        assert np.abs(table["features"] - expected).max() <= 2
    told = embed(monkeypatch, ClipEncoder(), folder / "clip.avi", "--out", tmp_path / "f.csv")
    assert "1 clip of 3 features" in told.output
    assert (tmp_path / "f.csv").read_text().splitlines()[0] == "source,feature_0,feature_1,feature_2"


def test_a_clip_that_cannot_be_asked_about(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (80, 64)).save(folder / "black.png")
    result = embed(monkeypatch, ClipEncoder(), folder, "--out", tmp_path / "f.npz", "--json")
    assert "left out black.png: an image of nothing" in json.loads(result.stdout)["skipped"]
    named = embed(monkeypatch, ClipEncoder(), folder / "black.png", "--out", tmp_path / "f.npz")
    assert isinstance(named.exception, EchoNodeError)
    assert "black.png: an image of nothing" in str(named.exception)


def test_an_unknown_device_is_used_wrong(folder: Path, tmp_path: Path) -> None:
    asked = ["models", "embed", "phantom_view", str(folder), "--out", str(tmp_path / "a.csv"), "--device", "foo"]
    answer = CliRunner().invoke(app, asked).exception
    assert isinstance(answer, ConfigError)
    assert str(answer).startswith("--device foo: cpu or cuda")


def test_a_video_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "text.mp4").write_bytes(b"no video " * 100)
    (tmp_path / "empty.mp4").write_bytes(b"")
    for name, words in (("text", "text.mp4: the file holds no video"), ("empty", "empty.mp4: ")):
        result = embed(monkeypatch, FrameEncoder(), tmp_path / f"{name}.mp4", "--out", tmp_path / "f.npz")
        assert isinstance(result.exception, EchoNodeError)
        assert words in str(result.exception)


def test_the_engine_is_chosen_and_named(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}

    def put(network: nn.Module, **options: object) -> str:
        asked.update(options)
        return "another engine"

    monkeypatch.setattr("node.files.features.move_to_engine", put)
    result = embed(monkeypatch, FrameEncoder(), folder, "--out", tmp_path / "f.npz", "--engine", "auto", "--json")
    assert json.loads(result.stdout)["engine"] == "another engine"
    assert asked == {"engine": "auto", "device": "cpu", "for_features": True}
    assert result.stderr == "left out notes.txt: no image\n"
