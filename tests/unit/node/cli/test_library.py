"""`echonode models`: aliases in the list, and a file that does not fit, for people and for programs."""

import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner, Result

from node.cli import app
from node.errors import EchoNodeError


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["models", *(str(argument) for argument in arguments)])


def test_the_list_names_aliases() -> None:
    rows = {row["name"]: row for row in json.loads(_run("list", "--json").stdout)}
    assert rows["echonet_measurements/lvid"]["aliases"] == ["lvid"]
    assert rows["phantom_lv"]["aliases"] == []
    shown = _run("list").stdout
    assert "aliases" in shown.splitlines()[0]
    assert "['" not in shown


def test_a_wrong_file_is_told_shortly_and_to_programs_wholly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHONODE_MODELS", str(tmp_path / "home"))
    torch.save({f"strange.{number}": torch.zeros(1) for number in range(300)}, tmp_path / "wrong.pt")
    result = _run("import", "EchoPrime_view_classifier", tmp_path / "wrong.pt")
    assert isinstance(result.exception, EchoNodeError)
    assert len(str(result.exception)) < 2000
    result = _run("import", "EchoPrime_view_classifier", tmp_path / "wrong.pt", "--json")
    assert isinstance(result.exception, EchoNodeError)
    said = json.loads(result.stdout)
    assert said["name"] == "EchoPrime_view_classifier"
    assert len(said["unexpected"]) == 300
    assert len(said["missing"]) > 300
