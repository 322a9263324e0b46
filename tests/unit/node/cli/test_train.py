"""`echonode train`: what it prints, how it is stopped, and the store that MLflow keeps."""

import json
import signal
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.errors import TrainingConfigError, TrainingStopped
from models.training.run import read_run
from node.cli import app
from node.cli.train import _Terminal
from tests.unit.models.training.miniature_trainings import dynamic, own_configuration

pytestmark = pytest.mark.slow  # trains

SETTINGS = """
model: {start: phantom_lv, name: mine, weights: none, size_px: 32, architecture: {channels: [4, 6]}}
task: {labels: [lv]}
"""
STEPS = ["run.steps=4", "run.validate_every=2", "run.checkpoint_every=2"]


@pytest.fixture
def config(tmp_path: Path) -> str:
    return own_configuration(tmp_path / "own.yaml", dynamic(tmp_path / "data"), tmp_path / "run", "segmentation", SETTINGS)


def test_a_training_says_what_it_did_and_how_to_go_on(config: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["train", config, *STEPS])
    assert result.exit_code == 0, result.output
    assert f"echonode models register {tmp_path / 'run'} --name mine" in result.output.replace("\n", " ")
    assert "4 train, 1 val, 1 test" in result.output
    again = CliRunner().invoke(app, ["train", config, *STEPS, "--json"])
    assert json.loads(again.stdout)["weights_sha256"] == read_run(tmp_path / "run").weights_sha256


def test_a_fault_is_one_line(config: str) -> None:
    result = CliRunner().invoke(app, ["train", config, "run.step=4"])
    assert isinstance(result.exception, TrainingConfigError)
    assert "unknown key run.step, did you mean run.steps?" in str(result.exception)


def test_ctrl_c_ends_after_the_step_and_once_more_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = _Terminal(None)
    assert not terminal.stop()
    terminal.interrupted(signal.SIGINT, None)
    assert terminal.stop()
    assert "once more stops at once" in capsys.readouterr().err
    with pytest.raises(KeyboardInterrupt):
        terminal.interrupted(signal.SIGINT, None)


def test_a_signal_leaves_a_training_that_goes_on(config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stepped = _Terminal.stepped

    def and_end(terminal: _Terminal, step: int, steps: int, loss: float) -> None:
        stepped(terminal, step, steps, loss)
        if step == 3:
            # Called as the signal calls it: a real one may end the process that runs the tests.
            handler = signal.getsignal(signal.SIGTERM)
            assert callable(handler)
            handler(signal.SIGTERM, None)

    monkeypatch.setattr(_Terminal, "stepped", and_end)
    result = CliRunner().invoke(app, ["train", config, *STEPS])
    assert isinstance(result.exception, TrainingStopped)
    assert "after step 3 of 4: the same command goes on" in str(result.exception)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    monkeypatch.setattr(_Terminal, "stepped", stepped)
    result = CliRunner().invoke(app, ["train", config, *STEPS])
    assert "going on after step 3 of 4" in result.output


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")  # MLflow's own
def test_mlflow_keeps_one_run_in_a_file(config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = tmp_path / "store/mlflow.db"
    monkeypatch.setattr(_Terminal, "stop", lambda terminal: True)
    CliRunner().invoke(app, ["train", config, *STEPS, f"run.mlflow={database}"])  # ended after its first step
    monkeypatch.undo()
    assert CliRunner().invoke(app, ["train", config, *STEPS, f"run.mlflow={database}"]).exit_code == 0
    with sqlite3.connect(database) as store:
        assert store.execute("select count(*), min(status) from runs").fetchone() == (1, "FINISHED")
        names = {name for (name,) in store.execute("select distinct key from metrics")}
        (steps,) = store.execute("select value from params where key = 'run.steps'").fetchone()
    store.close()
    assert {"train_loss", "val_dice", "best_test_dice"} <= names
    assert steps == "4"
