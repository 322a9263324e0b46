"""A training that is killed and goes on gives the same weights, bit for bit, as one that is not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from models.errors import DatasetError, TrainingConfigError, TrainingStopped
from models.training.run import CHECKPOINTS, Run, read_run
from models.training.train import train
from tests.unit.models.training.miniature_trainings import Asking, Stopper, dynamic, own_configuration

pytestmark = pytest.mark.slow  # trains

STEPS = 9
SEGMENTER = """
model: {start: phantom_lv, name: mine, weights: none, size_px: 32, architecture: {channels: [4, 6, 8]}}
task: {labels: [lv]}
optimiser: {learning_rate: 1e-2}
"""
RUN = [f"run.steps={STEPS}", "run.validate_every=4", "run.checkpoint_every=3"]


class Crash(Exception):
    pass


def crash() -> None:
    raise Crash


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dynamic(tmp_path_factory.mktemp("dynamic"))


def configuration(data: Path, place: Path, folder: str = "run") -> str:
    place.mkdir(exist_ok=True)
    return own_configuration(place / f"{folder}.yaml", data, place / folder, "segmentation", SEGMENTER)


@pytest.fixture(scope="module")
def whole(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The same training, undisturbed."""
    return train(configuration(data, tmp_path_factory.mktemp("whole")), RUN)


def equal(run: Run, whole: Run) -> bool:
    files = [(one.folder / "log.csv").read_text(encoding="utf-8") for one in (run, whole)]
    return run.weights.read_bytes() == whole.weights.read_bytes() and files[0] == files[1] and run.metrics == whole.metrics


def test_a_crash_after_every_single_step_changes_nothing(data: Path, whole: Run, tmp_path: Path) -> None:
    """Each attempt dies one step later than the last one: steps after a checkpoint are done again, over and over."""
    config = configuration(data, tmp_path)
    for step in range(1, STEPS + 1):
        watcher = Stopper(step, crash)
        with pytest.raises(Crash):
            train(config, RUN, watcher=watcher)
        assert watcher.steps[0] == max(step - 2, 0) // 3 * 3 + 1  # from the last checkpoint on; it died before that of its step
    run = train(config, RUN)
    assert equal(run, whole)
    assert len(list((run.folder / CHECKPOINTS).glob("step_*"))) == 2


def test_a_stopped_training_goes_on_after_that_very_step(data: Path, whole: Run, tmp_path: Path) -> None:
    config = configuration(data, tmp_path)
    with pytest.raises(TrainingStopped, match="after step 5 of 9: the same command goes on"):
        train(config, RUN, watcher=Asking(5))
    watcher = Stopper(0, crash)
    assert equal(train(config, RUN, watcher=watcher), whole)
    assert watcher.steps[0] == 6
    assert "going on after step 5 of 9" in watcher.lines


def test_a_finished_training_is_not_done_again(whole: Run) -> None:
    watcher = Stopper(0, crash)
    again = train(str(whole.folder), watcher=watcher)  # by its folder alone
    assert again == read_run(whole.folder)
    assert not watcher.steps


def test_other_workers_draw_the_same_batches(data: Path, whole: Run, tmp_path: Path) -> None:
    """Bug prevented: augmentation that follows from which process decoded a clip."""
    assert equal(train(configuration(data, tmp_path), [*RUN, "data.workers=2", "data.memory_mb=0"]), whole)


def test_another_seed_gives_other_weights(data: Path, whole: Run, tmp_path: Path) -> None:
    run = train(configuration(data, tmp_path), [*RUN, "run.seed=2"])
    assert run.weights.read_bytes() != whole.weights.read_bytes()


@pytest.mark.parametrize("changed", ["optimiser.learning_rate=1e-3", "model.architecture.channels=[4,6,10]"])
def test_another_configuration_does_not_go_on_in_the_folder(data: Path, whole: Run, changed: str) -> None:
    key = changed.partition("=")[0]
    with pytest.raises(TrainingConfigError, match=f"a training with another {key}"):
        train(str(whole.folder.parent / "run.yaml"), [*RUN, changed])


def test_other_data_do_not_go_on_in_the_folder(tmp_path: Path) -> None:
    data = dynamic(tmp_path / "data")
    config = configuration(data, tmp_path)
    with pytest.raises(TrainingStopped):
        train(config, RUN, watcher=Asking(4))
    table = data / "FileList.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("TEST", "TRAIN"), encoding="utf-8")
    with pytest.raises(TrainingConfigError, match="was trained on other data"):
        train(config, RUN)


def test_a_training_ends_when_nothing_gets_better_and_keeps_the_best(data: Path, tmp_path: Path) -> None:
    told = ["run.steps=9", "run.validate_every=1", "run.patience=2", "optimiser.learning_rate=1e-12", "run.batch_size=4"]
    run = train(configuration(data, tmp_path), [*told, "optimiser=sgd"])
    assert run.steps < 9
    assert run.steps == run.best_step + 2


def test_a_clip_that_cannot_be_read_is_left_out_and_said(tmp_path: Path) -> None:
    """Bug prevented: a training that ends at its ten-thousandth step, since one video is damaged."""
    data = dynamic(tmp_path / "data")
    (data / "Videos/v2.avi").write_bytes(b"no video")
    run = train(configuration(data, tmp_path), ["run.steps=1"])
    assert run.data.items == {"train": 3, "val": 1, "test": 1}
    assert any("1 items cannot be shown to the network; the first: v2: " in note for note in run.data.notes)
    for name in ("v0", "v1", "v3"):
        (data / f"Videos/{name}.avi").write_bytes(b"no video")
    with pytest.raises(DatasetError, match="none of the items of train can be shown"):
        train(configuration(data, tmp_path, "other"), ["run.steps=1"])


def test_a_folder_of_other_files_is_left_alone(data: Path, tmp_path: Path) -> None:
    config = configuration(data, tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").touch()
    with pytest.raises(TrainingConfigError, match="holds other files"):
        train(config, RUN)


_KILLED = """
import os, signal, sys
from models.training.train import train
from tests.unit.models.training.miniature_trainings import Stopper
train(sys.argv[1], sys.argv[3:], watcher=Stopper(int(sys.argv[2]), lambda: os.kill(os.getpid(), signal.SIGKILL)))
"""


def killed(config: str, step: int, *overrides: str) -> None:
    """The training in a process of its own, which the system ends after this step."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": str(torch.get_num_threads())}
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, config, str(step), *overrides], env=environment, check=False, capture_output=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def test_threads_are_those_that_it_began_with(data: Path, whole: Run, tmp_path: Path) -> None:
    """Bug prevented: resumed with other threads, sums are rounded in another order, and the weights differ."""
    config, threads = configuration(data, tmp_path), torch.get_num_threads()
    with pytest.raises(TrainingStopped):
        train(config, RUN, watcher=Asking(2))
    torch.set_num_threads(3 - min(threads, 2))
    try:
        assert equal(train(config, RUN), whole)
        assert torch.get_num_threads() != threads
    finally:
        torch.set_num_threads(threads)


def test_sigkill_in_the_middle_changes_nothing(data: Path, whole: Run, tmp_path: Path) -> None:
    config = configuration(data, tmp_path)
    killed(config, 5, *RUN)
    run = train(config, RUN)
    assert load_file(run.weights).keys() == load_file(whole.weights).keys()
    assert equal(run, whole)
