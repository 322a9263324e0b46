"""`echonode models explain`: an overlay of one frame or of a video, and plain words where there is none."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from models.errors import ManifestError, NoHeatMap, WeightsError
from node.cli import app
from node.errors import ConfigError
from node.objects.video_file import read_video, write_video

FRAMES, ROWS, COLUMNS = 5, 96, 128


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    grey = np.random.default_rng(0).integers(0, 255, (FRAMES, ROWS, COLUMNS, 1), dtype=np.uint8).repeat(3, axis=3)
    path = tmp_path / "clip.avi"
    write_video(path, iter(grey), 25.0)
    return path


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, ["models", "explain", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_an_image_of_one_frame(video: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "overlay.png"
    said = json.loads(run("phantom_view", video, "--out", out, "--frame", "3", "--json"))
    assert said["model"] == "phantom_view"
    assert said["output"] in ("a4c", "a2c", "other")
    assert said["frames"] == [3]
    assert "not a medical device" in said["statement"]
    with Image.open(out) as image:
        assert image.width == COLUMNS
        assert image.height > ROWS  # the words stand below
        pixels = np.asarray(image.convert("RGB"))[:ROWS].astype(int)
    assert np.ptp(pixels, axis=2).max() > 30  # grey became coloured


def test_without_a_frame_it_is_the_middle_one(video: Path, tmp_path: Path) -> None:
    said = json.loads(run("phantom_view", video, "--out", tmp_path / "overlay.png", "--json"))
    assert said["frames"] == [FRAMES // 2]


def test_a_video_of_all_frames_for_the_class_that_was_asked(video: Path, tmp_path: Path) -> None:
    out = tmp_path / "overlay.mp4"
    assert "a2c" in run("phantom_view", video, "--out", out, "--class", "a2c")
    clip = read_video(out)
    assert clip.number_of_frames == FRAMES
    assert clip.columns == COLUMNS
    assert clip.rows > ROWS  # the words stand below


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("phantom_view", "--out", "x.jpg"), ConfigError, "png, .mp4 or .avi"),
        (("phantom_view", "--out", "x.mp4", "--frame", "1"), ConfigError, "goes with a .png"),
        (("phantom_view", "--out", "x.png", "--frame", "99"), ConfigError, "there is no frame 99"),
        (("phantom_view", "--out", "x.png", "--class", "plax"), NoHeatMap, "no output 'plax'; there are: a4c, a2c, other"),
        (("phantom_view", "--out", "x.png", "--device", "foo"), ConfigError, "--device foo: cpu or cuda"),
        (("phantom_nose", "--out", "x.png"), ManifestError, "no model 'phantom_nose'"),
        (("EchoPrime_video_encoder", "--out", "x.png"), NoHeatMap, "no heat map"),
    ],
)
def test_wrong_use_is_named(video: Path, arguments: tuple[str, ...], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        run(arguments[0], video, *arguments[1:])


def test_a_network_without_weights_is_not_explained(video: Path) -> None:
    with pytest.raises(WeightsError, match="nobody has published weights"):
        run("EchoMotionNet_B0_SE", video, "--out", "x.png")
