"""The training in a few seconds: that it runs, writes what can be loaded, learns, and repeats itself."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.clip import Clip
from models.families.echo_motion.frames import Preparation
from models.families.echo_motion.networks import EchoMotionNet
from models.library.manifest import PHANTOM_ONLY
from models.library.registry import find_manifest, load_model
from models.training.phantom_source import VIEWS, load_frames
from models.training.train import train

pytestmark = pytest.mark.slow  # trains

CONFIG = Path(__file__).parents[4] / "config"
TINY = [
    "data.train_seeds=[100000, 100004]",
    "data.validation_seeds=[200000, 200004]",
    "data.processes=1",
    "optimiser.batch_size=8",
    "model.size_px=32",
    "model.channels=[8, 12, 16]",
]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("frames")


def tiny(cache: Path, folder: Path, *more: str) -> list[str]:
    return [*TINY, f"data.cache={cache}", f"output.folder={folder}", *more]


def test_a_published_architecture_can_be_trained_read_with_and_is_marked(cache: Path, tmp_path: Path) -> None:
    """EchoMotionNet on the phantom, two steps: what comes out is a model like any other."""
    overrides = tiny(cache, tmp_path, "optimiser.iterations=2", "model.size_px=64", "model.channels=[8, 8, 8, 8, 8]")
    written = train(CONFIG / "train_phantom_echo_motion.toml", overrides)
    network = load_model(str(tmp_path / "manifests" / "phantom_echo_motion.toml"), pretrained=True).network
    assert isinstance(network, EchoMotionNet)
    assert network.manifest == written
    assert written.intended_use == PHANTOM_ONLY
    frames = load_frames((100000, 100004), 160, cache, 1).resized(64)
    shown = Clip("1.2.3", np.repeat(frames.images[:2, ..., None], 3, axis=3), None)
    assert np.array_equal(Preparation.of(written).preprocess(shown.frames), frames.images[:2])  # as it was trained
    assert len(network.read(shown).rows) == 2


@pytest.mark.parametrize("task", ["view", "quality", "lv"])
def test_what_was_trained_can_be_loaded_and_is_marked(task: str, cache: Path, tmp_path: Path) -> None:
    overrides = tiny(cache, tmp_path, "optimiser.iterations=3")
    written = train(CONFIG / f"train_phantom_{task}.toml", overrides)
    path = str(tmp_path / "manifests" / f"phantom_{task}.toml")
    assert find_manifest(path) == written
    network = load_model(path, pretrained=True).network
    assert network(torch.rand(2, 1, 32, 32)).shape[0] == 2
    assert written.intended_use == PHANTOM_ONLY
    assert written.trained_on_phantoms
    assert written.train_seeds == (100000, 100004)
    assert "optimiser.iterations=3" in written.command
    assert written.thresholds
    assert written.weights_path.read_bytes()[:4096].count(b"F16") > 3


def test_training_lowers_the_loss_and_repeats_itself(cache: Path, tmp_path: Path) -> None:
    losses: list[str] = []
    overrides = tiny(cache, tmp_path / "a", "optimiser.iterations=200")
    first = train(CONFIG / "train_phantom_lv.toml", overrides, losses.append)
    again = train(CONFIG / "train_phantom_lv.toml", tiny(cache, tmp_path / "b", "optimiser.iterations=200"))
    seen = [float(line.split("loss ")[1].split(",")[0]) for line in losses if "loss" in line]
    assert seen[-1] < 0.8 * seen[0]
    assert first.weights_sha256 == again.weights_sha256


def test_frames_are_made_once_and_hold_all_that_is_taught(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = load_frames((100000, 100004), 160, cache, 1)
    monkeypatch.setattr("models.training.phantom_source._generate", lambda *_: pytest.fail("generated again"))
    again = load_frames((100000, 100004), 160, cache, 1)
    assert np.array_equal(frames.images, again.images)
    assert set(frames.views.tolist()) == set(range(len(VIEWS)))
    apical = frames.is_heart & (frames.views < 2)
    assert (frames.lv_masks[apical].max(axis=(1, 2)) == 255).all()
    assert (frames.lv_masks[~frames.is_heart] == 0).all()
    assert not frames.is_heart.all()


def test_frames_of_two_processes_equal_those_of_one(tmp_path: Path) -> None:
    one = load_frames((7, 9), 48, tmp_path / "one", 1)
    two = load_frames((7, 9), 48, tmp_path / "two", 2)
    assert np.array_equal(one.images, two.images)
    assert np.array_equal(one.seeds, two.seeds)


def test_resized_frames_keep_their_mean_and_their_truth(cache: Path) -> None:
    frames = load_frames((100000, 100004), 160, cache, 1)
    small = frames.resized(64)
    assert small.images.shape == (len(frames), 64, 64)
    np.testing.assert_allclose(small.images.mean(axis=(1, 2)), frames.images.mean(axis=(1, 2)), atol=1)
    assert small.views is frames.views
    assert frames.resized(160) is frames
