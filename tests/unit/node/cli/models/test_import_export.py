"""`echonode models import` to `export`: a torch file comes in, is listed, proven, used and taken out, and comes in again."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from typer.testing import CliRunner, Result

from models.errors import NoEmbedding, WeightsError
from models.library.registry import FAMILIES, load_model
from node.cli import app
from tests.unit.models.importers.test_import_weights import MANIFEST, TINY, weights_file

NAME = "tiny/views"


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["models", *(str(argument) for argument in arguments)])


def _json(*arguments: object) -> Any:
    result = _run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A published family of two outputs, imported by the command; its manifest."""
    monkeypatch.setitem(FAMILIES, "tiny", TINY)
    monkeypatch.setenv("ECHONODE_MODELS", str(tmp_path / "home"))
    manifest = tmp_path / "tiny.toml"
    manifest.write_text(MANIFEST.format(sha256=""))
    result = _run("import", manifest, weights_file(tmp_path), "--labels", "a4c,plax")
    assert result.exit_code == 0, result.output
    assert "licence: none" in result.output
    return manifest


def test_what_came_in_is_listed_shown_and_proven(tiny: Path, tmp_path: Path) -> None:
    assert {row["name"]: row["weights"] for row in _json("list")}[NAME] == "imported"
    shown = _json("show", NAME)
    assert (shown["source_file"], shown["labels"]) == ("tiny.pt", ["a4c", "plax"])
    assert NAME in [row["name"] for row in _json("verify")]
    weights = tmp_path / "home" / "weights" / "tiny_views.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    result = _run("verify", NAME)
    assert result.exit_code == 1
    assert "is not what its manifest describes" in result.output


def test_a_second_import_says_what_it_replaces(tiny: Path, tmp_path: Path) -> None:
    """Once one file's weights took the place of another's without a word."""
    old = _json("show", NAME)["weights_sha256"]
    same = _run("import", tiny, tmp_path / "tiny.pt", "--labels", "a4c,plax")
    assert "replaces" not in same.output
    other = torch.load(tmp_path / "tiny.pt", weights_only=True)
    torch.save({name: tensor + 1 for name, tensor in other.items()}, tmp_path / "other.pt")
    said = _json("import", tiny, tmp_path / "other.pt", "--labels", "plax,a4c")["replaces"]
    new = _json("show", NAME)["weights_sha256"]
    assert (said["old_sha256"], said["new_sha256"], said["changed"]) == (old, new, ["labels"])
    again = _run("import", tiny, tmp_path / "tiny.pt", "--labels", "a4c,plax")
    assert f"weights of SHA-256 {new} by {old}" in again.output.replace("\n", "")
    assert "other labels than before" in again.output


def test_what_is_taken_out_comes_in_again(tiny: Path, tmp_path: Path) -> None:
    exported = tmp_path / "tiny.safetensors"
    assert _run("export", NAME, "--out", exported).exit_code == 0
    assert sorted(tuple(tensor.shape) for tensor in load_file(exported).values()) == [(2,), (2, 48)]
    result = _run("import", tiny, exported, "--folder", tmp_path / "elsewhere")
    assert result.exit_code == 0, result.output
    again = load_model(str(tmp_path / "elsewhere" / "manifests" / "tiny_views.toml"), pretrained=True)
    assert again(torch.ones(1, 3, 4, 4)).tolist() == [[24.0, 25.0]]


@pytest.mark.slow
def test_an_exported_program_computes_the_same(tiny: Path, tmp_path: Path) -> None:
    assert _run("export", NAME, "--out", tmp_path / "tiny.pt2", "--format", "pt2").exit_code == 0
    program = torch.export.load(tmp_path / "tiny.pt2")
    assert program.module()(torch.ones(3, 3, 4, 4)).tolist() == [[24.0, 25.0]] * 3


def test_an_imported_encoder_gives_features(tiny: Path, tmp_path: Path) -> None:
    tiny.write_text(MANIFEST.format(sha256="").replace("outputs = 2", 'outputs = 2\ntask = "encoder"'))
    assert _run("import", tiny, tmp_path / "tiny.pt", "--labels", "a4c,plax").exit_code == 0
    Image.fromarray(np.full((64, 80, 3), 100, np.uint8)).save(tmp_path / "grey.png")
    said = _json("embed", NAME, tmp_path / "grey.png", "--out", tmp_path / "features.npz")
    assert (said["frames"], said["width"]) == (1, 2)
    with np.load(tmp_path / "features.npz") as table:
        assert table["features"].tolist() == [[48 * 50.0, 48 * 50.0 + 1]]


def test_a_model_without_features_is_refused_by_name(tiny: Path, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((64, 80, 3), np.uint8)).save(tmp_path / "image.png")
    error = _run("embed", NAME, tmp_path / "image.png", "--out", tmp_path / "features.npz").exception
    assert isinstance(error, NoEmbedding), error
    assert NAME in str(error)


def test_other_weights_than_the_architecture_s_change_nothing(tiny: Path, tmp_path: Path) -> None:
    result = _run("import", tiny, weights_file(tmp_path, outputs=3), "--labels", "a,b", "--folder", tmp_path / "other")
    assert isinstance(result.exception, WeightsError), result.exception
    assert not (tmp_path / "other").exists()
