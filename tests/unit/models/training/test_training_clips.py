"""Mean and standard deviation of training clips, as an import of EchoNet-Dynamic's weights needs them."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from models.errors import DatasetError
from models.training.training_clips import estimated_settings
from node.cli import app
from tests import miniatures

EF = "echonet_dynamic/ef_r2plus1d_18"


def halves(dark: int, bright: int, frames: int = 40) -> np.ndarray:
    video = np.full((frames, 16, 16, 3), dark, np.uint8)
    video[:, :, 8:] = bright
    return video


@pytest.fixture
def dynamic(tmp_path: Path) -> Path:
    """Two training videos, one of them shorter than a clip, and a test video that must not count."""
    videos = {"a": halves(20, 60), "b": halves(20, 60, 3), "c": halves(200, 250)}
    splits = {"a": (50.0, "TRAIN"), "b": (50.0, "VAL"), "c": (50.0, "TEST")}
    return miniatures.echonet_dynamic(tmp_path / "data", videos, splits, {})


def imported(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["models", "import", *map(str, arguments)])


@pytest.mark.slow
def test_of_the_training_videos_alone(dynamic: Path) -> None:
    found = estimated_settings(dynamic)
    assert found["mean"] == pytest.approx([40.0] * 3, abs=2)  # what MJPG leaves of it
    assert found["std"] == pytest.approx([20.0] * 3, abs=2)
    assert found == estimated_settings(dynamic)


def test_a_folder_without_training_videos(tmp_path: Path) -> None:
    root = miniatures.echonet_dynamic(tmp_path / "data", {"c": halves(20, 60)}, {"c": (50.0, "TEST")}, {})
    with pytest.raises(DatasetError, match="no training videos"):
        estimated_settings(root)


@pytest.mark.slow
def test_an_import_takes_them_from_the_folder(dynamic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is estimated is printed, what is given counts instead; a model that needs none refuses the folder."""
    taken: dict[str, object] = {}

    def refuse(name: str, file: Path, **given: object) -> None:
        taken.update(given)
        raise OSError("far enough")

    monkeypatch.setattr("node.cli.models.import_.import_weights", refuse)
    result = imported(EF, tmp_path / "w.pt", "--estimate-from", dynamic, "--set", "std=21")
    assert "mean=" in result.output
    settings = taken["settings"]
    assert isinstance(settings, dict)
    assert settings["mean"] == estimated_settings(dynamic)["mean"]
    assert settings["std"] == 21
    result = imported("lvid", tmp_path / "w.pt", "--estimate-from", dynamic)
    assert "takes no mean and std" in str(result.exception)
    result = imported(EF, tmp_path / "w.pt", "--estimate-from", tmp_path)
    assert isinstance(result.exception, DatasetError)
    assert "VolumeTracings.csv" in str(result.exception)
