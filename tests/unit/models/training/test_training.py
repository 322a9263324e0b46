"""Training on the phantom in a few seconds: that it runs, gives what can be loaded, learns, and repeats itself."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.clip import Clip
from models.errors import TrainingConfigError
from models.families.echo_motion.frames import Preparation
from models.families.echo_motion.networks import EchoMotionNet
from models.library.manifest import Manifest
from models.library.model import Model
from models.library.registry import find_manifest, load_manifest
from models.training.phantom_source import VIEWS, load_frames
from models.training.run import Run, manifest_of_run
from models.training.train import train
from tests.unit.models.training.miniature_trainings import Stopper

pytestmark = pytest.mark.slow  # trains

TINY = [
    "data.phantom.train_seeds=[100000,100004]",
    "data.phantom.validation_seeds=[200000,200004]",
    "data.phantom.test_seeds=[300000,300001]",
    "data.phantom.processes=1",
    "run.batch_size=8",
    "run.mlflow=''",
    "run.device=cpu",
    "model.size_px=32",
    "model.architecture.channels=[8,12,16]",
]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("frames")


def tiny(cache: Path, folder: Path, *more: str) -> list[str]:
    return [*TINY, f"data.phantom.cache={cache}", f"run.folder={folder}", *more]


def loaded(run: Run) -> Model:
    return load_manifest(of(run), weights=run.weights)


def of(run: Run) -> Manifest:
    return manifest_of_run(run, find_manifest(run.model))


def test_a_published_architecture_can_be_trained_and_read_with(cache: Path, tmp_path: Path) -> None:
    """EchoMotionNet on the phantom, two steps: what comes out is a model like any other."""
    small = ["data.limit=4", "run.steps=2", "model.size_px=64", "model.architecture.decoder=[8,8,8,8,8]"]
    told = [one for one in tiny(cache, tmp_path / "run", *small) if "channels" not in one and "size_px=32" not in one]
    run = train("phantom_echo_motion", told)
    network = loaded(run).network
    assert isinstance(network, EchoMotionNet)
    assert run.trained_on_phantoms
    frames = load_frames((100000, 100004), 160, cache, 1).resized(64)
    shown = Clip("1.2.3", np.repeat(frames.images[:2, ..., None], 3, axis=3), None)
    assert np.array_equal(Preparation.of(of(run)).preprocess(shown.frames), frames.images[:2])  # as it was trained
    assert len(network.read(shown).rows) == 2


@pytest.mark.parametrize(
    ("task", "limits"),
    [
        ("view", {"view_probability", "out_of_distribution"}),
        ("quality", {"adequate_quality"}),
        ("lv", {"contour_level"}),
    ],
)
def test_what_was_trained_can_be_loaded_and_is_marked(task: str, limits: set[str], cache: Path, tmp_path: Path) -> None:
    run = train(f"phantom_{task}", tiny(cache, tmp_path / "run", "run.steps=3"))
    manifest = of(run)
    assert loaded(run).network(torch.rand(2, 1, 32, 32)).shape[0] == 2
    assert manifest.trained_on_phantoms
    assert manifest.train_seeds == (100000, 100004)
    assert "run.steps=3" in manifest.command
    assert limits <= manifest.thresholds.keys()
    assert run.data.patients == {"train": 4, "val": 4, "test": 1}
    assert set(run.metrics) == {"val", "test"}


def test_a_reference_is_learnt_of_the_hearts(cache: Path, tmp_path: Path) -> None:
    model = loaded(train("phantom_view", tiny(cache, tmp_path / "run", "run.steps=3")))
    assert model.reference.class_means.abs().sum() > 0
    assert model.manifest.threshold("out_of_distribution") > 0


def test_training_lowers_the_loss_and_repeats_itself(cache: Path, tmp_path: Path) -> None:
    losses: list[float] = []

    class Listening(Stopper):
        def stepped(self, step: int, steps: int, loss: float) -> None:
            losses.append(loss)

    steps = ["run.steps=150", "run.log_every=150", "run.validate_every=150"]
    watcher = Listening(0, lambda: None)
    first = train("phantom_lv", tiny(cache, tmp_path / "a", *steps), watcher=watcher)
    again = train("phantom_lv", tiny(cache, tmp_path / "b", *steps))
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:10])
    assert first.weights_sha256 == again.weights_sha256
    assert first.command != again.command


def test_overlapping_seeds_are_refused(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingConfigError, match="no heart may be in two of them"):
        train("phantom_lv", tiny(cache, tmp_path / "run", "run.steps=3", "data.phantom.test_seeds=[100003,100005]"))


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
