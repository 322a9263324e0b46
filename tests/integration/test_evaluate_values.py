"""`echonode evaluate` of a model that measures on a Doppler frame, from the cart's file and its truth.json to the error."""

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from models.inputs.clip_input import ClipInput
from models.library.registry import load_model
from models.phantom.displays import ROWS
from node.cli import app
from tests.spectra import heat_map, logits
from tests.unit.models.families.echonet.drawn_displays import peaks_of
from tests.unit.node.work.test_doppler_file import AVVMAX, JET, UID, single
from tests.unit.node.work.test_mixed_model_set import stored

pytestmark = pytest.mark.slow


def test_a_peak_velocity_beside_the_one_stated_of_its_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """3.123 m/s are read; 3.0 are stated of the clip, 5.0 of its study, and a tricuspid velocity nobody asks this model for."""
    peaks = logits(heat_map(peaks_of(JET)))

    def answer(network: torch.nn.Module, seen: ClipInput, frames: Sequence[int], at_once: int) -> Iterator[torch.Tensor]:
        yield from (torch.from_numpy(peaks[None, ROWS - screen.shape[1] :]) for screen in seen.batch(frames))

    monkeypatch.setattr("models.families.echonet.display_reader.frame_answers", answer)
    monkeypatch.setenv("ECHONODE_MODELS", str(tmp_path / "models"))
    stored(tmp_path / "models", AVVMAX, load_model(AVVMAX).network)
    data = tmp_path / "data"
    data.mkdir()
    single(data / "still.dcm")
    of_study = [{"key": "av_vmax", "value": 5.0, "unit": "m/s"}, {"key": "tr_vmax", "value": 2.0, "unit": "m/s"}]
    of_clip = [{"key": "av_vmax", "value": 3.0, "unit": "m/s"}, {"key": "av_pg", "value": 0.036, "unit": "kPa"}]
    clip = {"sop_instance_uid": UID, "view": "doppler_av_cw", "measurements": of_clip}
    (data / "truth.json").write_text(json.dumps({"study": "1.2", "clips": [clip], "measurements": of_study}))

    done = CliRunner().invoke(app, ["evaluate", "avvmax", "--data", str(data), "--json", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    record = json.loads(done.output)
    assert (record["layout"], record["task"]) == ("dicom", "values")
    assert record["figures"] == {
        "values": 2, "av_vmax_coverage_percent": 100, "av_vmax_n": 1, "av_pg_coverage_percent": 0, "av_pg_n": 0,
    }  # fmt: skip
    assert "not measured: 1 x av_pg is in mm[Hg], stated in kPa: not compared" in record["notes"]
    with (tmp_path / "out" / "items.csv").open() as file:
        velocity, _ = csv.DictReader(file)
    assert (velocity["item"], velocity["group"], velocity["unit"]) == (UID, "1.2", "m/s")
    assert float(velocity["error"]) == pytest.approx(0.123, abs=0.005)
