"""`echonode models`: a Keras file comes in, is listed, shown, proven, taken out, and computes what its origin does."""

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file
from typer.testing import CliRunner, Result

from models.errors import (
    ImportSettingError,
    ManifestError,
    NoEmbedding,
    TorchFileError,
    WeightsError,
    WeightsFileError,
    WeightsMismatch,
)
from models.library.registry import load_model
from node.cli import app
from node.errors import ConfigError, EchoNodeError
from tests.differential.reference import FLOAT32_BOUND, Reference, distance, run_original
from tests.unit.node.objects.ultrasound_object import as_file, ultrasound_object

pytestmark = [pytest.mark.slow, pytest.mark.origins]

NAME = "EchoView47_contrastive_encoder"


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["models", *(str(argument) for argument in arguments)])


def _json(*arguments: object) -> Any:
    result = _run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """The published encoder's architecture with random weights, saved by Keras 2, and its features of two frames."""
    return run_original("tests.differential.builders_xception:encoder", "keras2_h5", tmp_path_factory.mktemp("encoder") / "run")


@pytest.fixture(scope="module")
def library(original: Reference, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    result = _run("import", NAME, original.file, "--folder", folder)
    assert result.exit_code == 0, result.output
    assert "licence: for research use" in result.output
    return folder


@pytest.fixture
def home(library: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ECHONODE_MODELS", str(library))
    torch.set_num_threads(1)
    return library


def _listed() -> dict[str, str]:
    return {row["name"]: row["weights"] for row in _json("list")}


def test_list_marks_what_has_weights_here(home: Path) -> None:
    listed = _listed()
    assert listed[NAME] == "imported"
    assert listed["EchoView47_classifier"] == "to bring"
    assert listed["phantom_lv"] == "phantom-trained"


def test_list_says_where_the_weights_are_gone(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(home / "manifests", tmp_path / "manifests")
    monkeypatch.setenv("ECHONODE_MODELS", str(tmp_path))
    assert _listed()[NAME] == "missing"
    assert _run("verify", NAME).exit_code == 1


def test_show_gives_the_manifest_with_its_hashes(home: Path) -> None:
    shown = _json("show", NAME)
    assert shown["weights_file"] == f"{NAME}.safetensors"
    assert len(shown["weights_sha256"]) == len(shown["source_sha256"]) == 64
    assert (shown["source_file"], shown["publication"]["weights_sha256"]) == ("model.h5", "")  # the publisher states none
    assert "[publication]" in _run("show", NAME).output


def test_verify_runs_what_lies_here(home: Path) -> None:
    result = _run("verify", NAME)
    assert result.exit_code == 0, result.output
    assert "(1, 2048)" in result.output
    bundled = ("phantom_lv", "phantom_quality", "phantom_spectra", "phantom_view")
    assert [row["name"] for row in _json("verify")] == [NAME, *bundled]


def test_verify_finds_altered_weights(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(home, tmp_path / "copy")
    monkeypatch.setenv("ECHONODE_MODELS", str(tmp_path / "copy"))
    weights = tmp_path / "copy" / "weights" / f"{NAME}.safetensors"
    with weights.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x7f")
    result = _run("verify", NAME)
    assert result.exit_code == 1
    assert "is not what its manifest describes" in result.output


def test_embed_sees_what_the_original_sees(home: Path, original: Reference, tmp_path: Path) -> None:
    for number, frame in enumerate(original.inputs):
        Image.fromarray(frame.astype(np.uint8)).save(tmp_path / f"{number}.png")
    (tmp_path / "notes.txt").write_text("no image")
    said = _json("embed", NAME, tmp_path, "--out", tmp_path / "features.npz")
    assert (said["frames"], said["width"], said["skipped"]) == (2, 2048, ["left out notes.txt: no image"])
    with np.load(tmp_path / "features.npz") as table:
        assert table["frame_number"].tolist() == [1, 1]
        assert [Path(name).name for name in table["source"]] == ["0.png", "1.png"]
        assert distance(torch.from_numpy(table["features"]), original.float32) <= FLOAT32_BOUND


def test_embed_takes_each_frame_of_a_dicom_clip(home: Path, original: Reference, tmp_path: Path) -> None:
    (tmp_path / "clip.dcm").write_bytes(as_file(ultrasound_object(original.inputs.astype(np.uint8))))
    said = _json("embed", NAME, tmp_path / "clip.dcm", "--out", tmp_path / "features.csv")
    with (tmp_path / "features.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert said["frames"] == len(rows) == 2
    assert [row["frame_number"] for row in rows] == ["1", "2"]
    features = [[float(row[f"feature_{index}"]) for index in range(2048)] for row in rows]
    assert distance(torch.tensor(features), original.float32) <= FLOAT32_BOUND


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("embed", NAME, "README.md", "--out", "f.npz"), EchoNodeError, "README.md"),
        (("embed", NAME, "README.md", "--out", "f.txt"), ConfigError, "write .npz or .csv"),
        (("embed", "phantom_lv", "{png}", "--out", "f.npz"), NoEmbedding, "phantom_lv gives no features"),
        (
            ("embed", "EchoView47_classifier", "{png}", "--out", "f.npz"),
            WeightsError,
            "models import EchoView47_classifier FILE",
        ),
        (("export", NAME, "--out", "f", "--format", "h5"), ConfigError, "--format h5: there are safetensors, pt2"),
        (("export", "EchoView47_TMED2", "--out", "f"), WeightsError, "its weights are not shipped"),
        (("show", "nothing"), ManifestError, "no model 'nothing'"),
        (("import", "nothing", "f.h5"), ManifestError, "no model 'nothing'"),
        (("import", NAME, "nothing.h5"), WeightsFileError, "no file nothing.h5"),
        (("import", NAME, "README.md"), TorchFileError, "README.md is damaged, or is no file of Keras or torch"),
        (("import", "EchoView47_TMED2", "{h5}"), ImportSettingError, "--labels"),
        (("import", "EchoView47_classifier", "{h5}"), WeightsMismatch, "missing .*head.weight, head.bias"),
        (("import", NAME, "{h5}", "--set", "outputs"), ConfigError, "expected KEY=VALUE"),
    ],
)
def test_misuse_and_refusals(
    arguments: tuple[str, ...], error: type[Exception], words: str, home: Path, original: Reference, tmp_path: Path
) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "f.png")
    places = {"{png}": str(tmp_path / "f.png"), "{h5}": str(original.file)}
    result = _run(*(places.get(argument, argument) for argument in arguments))
    assert type(result.exception) is error, result.output
    assert result.exception is not None
    assert re.search(words, str(result.exception)), result.exception


def test_a_folder_that_cannot_be_written_is_said(home: Path, original: Reference, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = _run("import", NAME, original.file, "--folder", tmp_path / "file")
    assert isinstance(result.exception, EchoNodeError)
    assert "cannot store the weights" in str(result.exception)


def test_export_keeps_the_origin_and_the_arithmetic(home: Path, original: Reference, tmp_path: Path) -> None:
    assert _run("export", NAME, "--out", tmp_path / "e.safetensors").exit_code == 0
    with safe_open(tmp_path / "e.safetensors", "pt") as stored:
        origin = stored.metadata()
    assert origin["source_file"] == "model.h5"
    assert origin["licence"].startswith("for research use")
    network = load_model(NAME, pretrained=True).network
    exported = load_file(tmp_path / "e.safetensors")
    assert all(torch.equal(tensor, exported[name]) for name, tensor in network.state_dict().items())
    assert _run("import", NAME, tmp_path / "e.safetensors", "--folder", tmp_path / "elsewhere").exit_code == 0
    again = load_model(str(next((tmp_path / "elsewhere" / "manifests").iterdir())), pretrained=True).network
    assert all(torch.equal(tensor, exported[name]) for name, tensor in again.state_dict().items())

    assert _run("export", NAME, "--out", tmp_path / "e.pt2", "--format", "pt2").exit_code == 0
    kept = {"source_file.txt": ""}
    program = torch.export.load(tmp_path / "e.pt2", extra_files=kept)
    assert kept["source_file.txt"] in ("model.h5", b"model.h5")
    frames = torch.from_numpy(np.moveaxis(original.inputs, -1, 1).copy())
    with torch.inference_mode():
        several = torch.cat([frames, frames[:1]])  # another number of frames than it was exported with
        assert distance(program.module()(several)[:2], original.float32) <= FLOAT32_BOUND
