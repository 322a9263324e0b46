"""`echonode models register` and `clear-phantom`: from a run to a model of the node, and who answers for it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from models.library.model_set import Role
from models.library.registry import find_manifest
from models.library.roles import unfit_for
from models.training.run import RUN_FILE
from node.cli import app
from tests.unit.models.training.test_registration import figures, finished

pytestmark = pytest.mark.slow


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ECHONODE_MODELS", str(tmp_path / "home"))
    folder = tmp_path / "run"
    (folder / RUN_FILE).parent.mkdir()
    (folder / RUN_FILE).write_text(finished(folder).model_dump_json(), encoding="utf-8")
    return folder


def test_a_run_is_registered_and_replaced(trained: Path, tmp_path: Path) -> None:
    done = run("models", "register", trained, "--name", "mine", "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["version"], said["trained_on_phantoms"], said["replaces"]) == ("1", True, None)
    assert unfit_for(Role.VIEW, find_manifest("mine")) == ""
    shown = json.loads(run("models", "show", "mine", "--json").stdout)
    assert shown["started_from"] == find_manifest("phantom_view").weights_sha256
    listed = json.loads(run("models", "list", "--json").stdout)
    assert {row["name"]: row["weights"] for row in listed}["mine"] == "phantom-trained"
    assert run("models", "verify", "mine").exit_code == 0
    other = tmp_path / "other"
    other.mkdir()
    (other / RUN_FILE).write_text(finished(other, seed=5).model_dump_json(), encoding="utf-8")
    again = run("models", "register", other, "--name", "mine")
    assert again.exit_code == 0, again.output
    assert f"replaces version 1: weights of SHA-256 {said['weights_sha256']} by" in again.output
    assert "no number of theirs goes to a patient" in again.output


def test_a_person_answers_in_the_audit_trail(trained: Path, tmp_path: Path) -> None:
    assert run("models", "register", trained, "--name", "mine").exit_code == 0
    metrics = figures(find_manifest("mine"), tmp_path / "metrics.json")
    asked = ("models", "clear-phantom", "mine", "--evaluation", metrics, "--by", "Ada Lovelace")
    refused = run(*asked, "--config", tmp_path / "nowhere.toml")
    assert refused.exit_code != 0
    assert find_manifest("mine").trained_on_phantoms, "without a trail nothing is lifted"
    assert run("init", tmp_path / "node").exit_code == 0
    config = tmp_path / "node" / "echonode.toml"
    done = run(*asked, "--config", config)
    assert done.exit_code == 0, done.output
    assert not find_manifest("mine").trained_on_phantoms
    entries = json.loads(run("audit", "list", "--config", config, "--json").stdout)
    (entry,) = (json.loads(one["details"]) for one in entries if one["event"] == "phantom_rule_lifted")
    assert (entry["model"], entry["by"]) == ("mine", "Ada Lovelace")
    assert entry["weights_sha256"] == find_manifest("mine").weights_sha256
