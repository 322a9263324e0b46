"""`measure --beats-by`: the ejection fraction of each beat of a video, with the table and the outlines of the segmenter."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.errors import UnsuitableModel
from node.cli import app, measure
from tests import miniatures
from tests.loaded import as_model
from tests.unit.models.families.echonet.test_echonet_dynamic import KNOWN, BrightVentricle, MeanFraction

READERS = {"ef": MeanFraction(**KNOWN), "lv": BrightVentricle(mean=100.0, std=50.0)}


@pytest.fixture(autouse=True)
def _known_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "open_reader", lambda name, *_: (as_model(READERS[name]), ("torch",)))


@pytest.mark.slow
def test_beats_of_a_video(tmp_path: Path) -> None:
    miniatures.write_video(tmp_path / "a.avi", miniatures.discs(160, 40))
    arguments = ["measure", "--model", "ef", "--beats-by", "lv", "--decoding", "published", "--csv", str(tmp_path / "a.csv")]
    result = CliRunner().invoke(app, [*arguments, "--json", str(tmp_path / "a.avi")])
    assert result.exit_code == 0, result.output
    (file,) = json.loads(result.stdout)["files"]
    assert file["values"][0]["key"] == "ef_video_regression"
    assert "mean of 3 beats" in file["values"][0]["detail"]
    with (tmp_path / "a.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert list(rows[0]) == ["Filename", "Frame", "Size", "HumanLarge", "HumanSmall", "ComputerSmall"]
    assert [row["Frame"] for row in rows if row["ComputerSmall"] == "1"] == ["20", "60", "100", "140"]
    assert rows[0]["Filename"] == "a.avi"


@pytest.mark.slow
def test_both_networks_are_named_with_their_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    miniatures.write_video(tmp_path / "a.avi", miniatures.discs(80, 40))
    hashed = BrightVentricle(mean=100.0, std=50.0)
    hashed.manifest = replace(hashed.manifest, weights_sha256="5e" * 32)
    monkeypatch.setitem(READERS, "lv", hashed)
    arguments = ["measure", "--model", "ef", "--beats-by", "lv", str(tmp_path / "a.avi")]
    summary = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    assert summary["model"] == READERS["ef"].manifest.name
    assert (summary["beats_by"]["model"], summary["beats_by"]["weights_sha256"]) == (hashed.manifest.name, "5e" * 32)
    printed = " ".join(CliRunner().invoke(app, arguments).stdout.split())
    assert f"beats by {hashed.manifest.name}" in printed
    assert "weights 5e5e5e5e5e5e" in printed


@pytest.mark.slow
def test_a_segmenter_trained_on_phantoms_measures_no_patient_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    miniatures.write_video(tmp_path / "a.avi", miniatures.discs(80, 40))
    phantoms = BrightVentricle(mean=100.0, std=50.0)
    phantoms.manifest = replace(phantoms.manifest, trained_on_phantoms=True)
    monkeypatch.setitem(READERS, "lv", phantoms)
    result = CliRunner().invoke(app, ["measure", "--model", "ef", "--beats-by", "lv", "--json", str(tmp_path / "a.avi")])
    assert "phantoms only" in json.loads(result.stdout)["files"][0]["error"]


@pytest.mark.parametrize(
    ("model", "words"),
    [("lv", "reads no beats that a segmenter finds"), ("ef", "beat to beat takes EchoNet-Dynamic's regressor")],
)
def test_only_the_two_networks_of_echonet_dynamic_go_together(model: str, words: str, tmp_path: Path) -> None:
    miniatures.write_video(tmp_path / "a.avi", miniatures.discs(8, 40))
    result = CliRunner().invoke(app, ["measure", "--model", model, "--beats-by", "ef", str(tmp_path / "a.avi")])
    assert isinstance(result.exception, UnsuitableModel)
    assert words in str(result.exception)
