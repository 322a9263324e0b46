"""A PNG through the node's networks, and through heat maps and features: an image is a clip of one frame."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from models.catalogue import View
from models.engines.agreement import probe_clip
from models.library.model_set import ModelSet
from models.library.registry import find_manifest
from node.cli import app
from node.files.video_analysis import analyse_video
from node.objects.clip_file import clip_of_file

pytestmark = pytest.mark.slow  # whole networks


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("picture") / "a4c.png"
    Image.fromarray(probe_clip(find_manifest("phantom_view").probe).frames[0]).save(path)
    return path


def test_the_view_of_an_image_is_found_and_nothing_in_centimetres(picture: Path) -> None:
    found = analyse_video(picture, ModelSet(engine="torch"))
    (clip,) = found.clips
    assert clip.view is not None
    assert clip.view.view is View.A4C
    assert found.measurements == ()
    assert found.not_measured


def test_heat_maps_and_features_take_the_same_image(picture: Path, tmp_path: Path) -> None:
    for arguments in (
        ("explain", "phantom_view", picture, "--out", tmp_path / "seen.png"),
        ("embed", "phantom_view", picture, "--out", tmp_path / "features.npz"),
    ):
        done = CliRunner().invoke(app, ["models", *map(str, arguments)])
        assert done.exit_code == 0, done.output
    assert clip_of_file(tmp_path / "seen.png").number_of_frames == 1
    assert np.load(tmp_path / "features.npz")["features"].shape[0] == 1
