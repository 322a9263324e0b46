"""`echonode models`: aliases in the list, and a file that does not fit, for people and for programs."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner, Result

from models.errors import WeightsMismatch
from models.importers.verification import Verification
from models.library.manifest import write_manifest
from models.library.registry import find_manifest
from models.library.zoo import zoo_page
from node.cli import app


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["models", *(str(argument) for argument in arguments)])


def test_the_list_names_aliases() -> None:
    rows = {row["name"]: row for row in json.loads(_run("list", "--json").stdout)}
    assert rows["echonet_measurements/lvid"]["aliases"] == ["lvid"]
    assert rows["phantom_lv"]["aliases"] == []
    shown = _run("list").stdout
    assert "aliases" in shown.splitlines()[0]
    assert "['" not in shown


def test_the_list_takes_a_pattern_and_what_is_here() -> None:
    named = [row["name"] for row in json.loads(_run("list", "echofine_tmed2*", "--json").stdout)]
    assert named == [f"EchoFine_TMED2_fold{fold}" for fold in range(3)]
    here = json.loads(_run("list", "*", "--pretrained", "--json").stdout)
    assert here
    assert all(row["weights"] == "phantom-trained" for row in here)
    assert "no model fits EchoView48" in _run("list", "EchoView48").stdout


def test_a_wrong_file_is_told_shortly_and_to_programs_wholly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHONODE_MODELS", str(tmp_path / "home"))
    torch.save({f"strange.{number}": torch.zeros(1) for number in range(300)}, tmp_path / "wrong.pt")
    result = _run("import", "EchoPrime_view_classifier", tmp_path / "wrong.pt")
    assert isinstance(result.exception, WeightsMismatch)
    assert len(str(result.exception)) < 2000
    result = _run("import", "EchoPrime_view_classifier", tmp_path / "wrong.pt", "--json")
    assert isinstance(result.exception, WeightsMismatch)
    said = json.loads(result.stdout)
    assert said["name"] == "EchoPrime_view_classifier"
    assert len(said["unexpected"]) == 300
    assert len(said["missing"]) > 300


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ECHONODE_MODELS", str(tmp_path / "home"))
    (tmp_path / "home" / "manifests").mkdir(parents=True)
    return tmp_path / "home"


def test_a_broken_manifest_is_named_beside_the_others(home: Path) -> None:
    """Bug prevented: one file cut short, and every command on any model failed."""
    file = home / "manifests" / "mine.toml"
    file.write_text("name = ")
    listed = _run("list", "--json")
    assert listed.exit_code == 1
    assert "phantom_view" in {row["name"] for row in json.loads(listed.stdout)}
    assert f"{file} cannot be read: mine.toml: " in listed.stderr
    assert _run("show", "phantom_view").exit_code == 0
    assert _run("verify", "phantom_quality").exit_code == 0


def test_verify_counts_a_broken_manifest_as_wrong(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.cli.models.verify.verify_model", lambda one: Verification(one.name, "", "", "", ""))
    assert _run("verify").exit_code == 0
    file = home / "manifests" / "mine.toml"
    file.write_text("name = ")
    result = _run("verify", "--json")
    assert result.exit_code == 1
    problems = {row["name"]: row["problem"] for row in json.loads(result.stdout)}
    assert problems.pop(str(file)).startswith("mine.toml: ")
    assert set(problems.values()) == {""}


def test_show_tells_the_authors_figures_from_the_imported_file(home: Path) -> None:
    known = find_manifest("EchoView47_classifier")
    write_manifest(
        replace(
            known,
            trained=True,
            weights_file="w.safetensors",
            weights_sha256="a" * 64,
            source_file="mine.h5",
            source_sha256="b" * 64,
        ),
        home / "manifests" / "EchoView47_classifier.toml",
    )
    shown = json.loads(_run("show", "EchoView47_classifier", "--json").stdout)
    assert (shown["source_file"], shown["source_sha256"]) == ("mine.h5", "b" * 64)
    assert shown["publication"]["weights_sha256"] == ""
    assert shown["metrics_are"] == "published of the authors' own file; not measured with the weights that were imported"
    assert "# Published of the authors' own file" in _run("show", "EchoView47_classifier").stdout
    assert "metrics_are" not in json.loads(_run("show", "Xception_TTE47_baseline", "--json").stdout)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("EfficientNetV2_TTE47_baseline", "size S, "),
        ("ConvNeXt_TTE47_baseline", "size Tiny, "),
        ("SwinTransformerV2_TTE47_baseline", "size Tiny with windows of 16"),
        ("ViT_TTE47_baseline", "size Base on patches of 16 px with 12 heads"),
        ("ResNet50_TTE47_baseline", "Flatten on unscaled input"),
        ("EchoPDNet", "2048 units of the first LSTM"),
    ],
)
def test_what_is_only_assumed_of_a_network_is_shown(name: str, words: str) -> None:
    assert words in json.loads(_run("show", name, "--json").stdout)["publication"]["assumed"]
    assert 'assumed = "' in _run("show", name).stdout
    assert next(line for line in zoo_page().splitlines() if f"| `{name}`" in line).count(words) == 1
