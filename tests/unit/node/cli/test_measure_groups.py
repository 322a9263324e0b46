"""`measure` with a model that reads clips of several views together."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from torch import nn
from typer.testing import CliRunner

from models.clip import Clip
from models.library.reading import Reading
from models.library.registry import find_manifest
from models.results import ReadValue
from node.cli import app, measure
from node.errors import ConfigError
from tests import miniatures
from tests.loaded import Reads, as_model

KEY = "ef_video_regression_biplane"


class Lengths(Reads, nn.Module):
    """Says how long both clips are: frames of A4C, and a hundredth of those of A2C."""

    def __init__(self, **changes: Any) -> None:
        super().__init__()
        self.manifest = replace(find_manifest("EchoMotionNet_A4C_A2C"), weights_sha256="4e" * 32, **changes)

    def read_group(self, clips: Sequence[Clip]) -> Reading:
        a4c, a2c = clips
        return Reading((ReadValue(KEY, "%", a4c.number_of_frames + a2c.number_of_frames / 100),))


@pytest.fixture(autouse=True)
def _known_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "open_reader", lambda *_: (as_model(Lengths()), ("torch",)))


@pytest.fixture
def videos(tmp_path: Path) -> tuple[str, str]:
    """Of 12 frames and of 7."""
    for name, frames in (("four.avi", 12), ("two.avi", 7)):
        miniatures.write_video(tmp_path / name, miniatures.discs(frames, 8))
    return str(tmp_path / "four.avi"), str(tmp_path / "two.avi")


def measured(*arguments: str) -> Any:
    result = CliRunner().invoke(app, ["measure", "--model", "m", "--json", *arguments])
    assert result.stdout, result.exception
    return json.loads(result.stdout)


def test_the_order_of_the_files_says_which_is_which(videos: tuple[str, str]) -> None:
    summary = measured(*videos)
    assert (summary["model"], summary["weights_sha256"]) == ("EchoMotionNet_A4C_A2C", "4e" * 32)
    (file,) = summary["files"]
    assert file["file"] == "four.avi + two.avi"
    assert [(value["key"], value["value"], value["unit"]) for value in file["values"]] == [(KEY, 12.07, "%")]
    assert measured(*reversed(videos))["files"][0]["values"][0]["value"] == 7.12


@pytest.mark.parametrize("which", [["0"], ["0", "1", "1"], ["folder"], ["0", "0"], ["0", "1", "--out", "o.mp4"]])
def test_anything_but_two_files_is_refused(which: list[str], videos: tuple[str, str], tmp_path: Path) -> None:
    """A folder's order is that of its names: A2C would be taken for A4C."""
    named = {"0": videos[0], "1": videos[1], "folder": str(tmp_path), "o.mp4": str(tmp_path / "o")}
    result = CliRunner().invoke(app, ["measure", "--model", "m", *(named.get(word, word) for word in which)])
    assert isinstance(result.exception, ConfigError), result.output
    assert "EchoMotionNet_A4C_A2C" in str(result.exception)


@pytest.mark.parametrize("broken", [0, 1])
def test_either_file_may_be_what_cannot_be_read(broken: int, videos: tuple[str, str]) -> None:
    Path(videos[broken]).write_bytes(b"no video")
    assert "error" in measured(*videos)["files"][0]


def test_weights_trained_on_phantoms_read_no_patient(videos: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "open_reader", lambda *_: (as_model(Lengths(trained_on_phantoms=True)), ("torch",)))
    assert "phantoms only" in measured(*videos)["files"][0]["error"]
