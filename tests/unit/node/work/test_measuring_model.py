"""A measuring model of `[models] measurements` in the node's own path: from the file to the number in findings and report."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydicom.uid import JPEGBaseline8Bit

from models.catalogue import Phase, View
from models.derive.study.quantities import derive_study
from models.library.quantities import quantities_of
from models.library.registry import load_model
from models.phantom.anatomy import sample_heart
from models.phantom.truth import PhantomClip, render_clip
from models.results import Reason, StudyFindings
from node.egress.building import build_templates, read_evidence
from node.objects.findings_json import dump_findings, load_findings
from node.objects.phantom_writer import PhantomPatient, PhantomStudy, write_clip
from node.settings import ModelSettings, Settings
from node.work.clip_analysis import analyse_clip
from node.work.model_check import require_models
from sr_templates.quantity_codes import QUANTITY_CODES
from tests.content_items import drawn_and_other_groups
from tests.factories import identity
from tests.rows import NOW
from tests.unit.models.derive.apical_clips import OF_EVERY_STUDY
from tests.unit.models.families.drawn_maps import caliper_logits
from tests.unit.node.work.test_mixed_model_set import VIEW, stored, stored_sure_of

pytestmark = pytest.mark.slow

LVID = "echonet_measurements/lvid"
ROWS, COLUMNS = 120, 160  # a quarter of the network's input, so points need no rounding
LVIDD_CM, LVIDS_CM = 5.0, 3.0
KEYS = {"lvidd_2d", "lvids_2d", "fs_2d", "ef_teichholz_2d"}


def plax(frames: int | None = None) -> PhantomClip:
    heart = replace(sample_heart(3), heart_rate_bpm=75.0)
    return render_clip(
        heart,
        View.PLAX,
        seed=3,
        quality=3,
        frames=frames,
        frame_rate_hz=20,
        beats=2,
        rows=ROWS,
        columns=COLUMNS,
        polar=(96, 64),
    )


def beating_calipers(truth: PhantomClip) -> NDArray[np.float32]:
    """End points whose distance swings between the two diameters, largest at the R waves."""
    swing_cm = (LVIDD_CM - LVIDS_CM) / 2
    lengths_cm = LVIDS_CM + swing_cm * (1 + np.cos(2 * math.pi * truth.frame_times_ms / 800.0))
    half = lengths_cm / truth.region.cm_per_px[1] * 4 / 2
    return caliper_logits([((320.0, 240.0 - float(px)), (320.0, 240.0 + float(px))) for px in half])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A view network that always says PLAX, and the caliper network."""
    folder = tmp_path_factory.mktemp("models")
    stored_sure_of(folder, "plax-full-lv")
    stored(folder, LVID, load_model(LVID).network)
    return folder


@pytest.fixture
def settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("ECHONODE_MODELS", str(folder))
    return Settings(models=ModelSettings(view=VIEW, measurements=(LVID,), engine="torch"))


def analysed(truth: PhantomClip, path: Path, settings: Settings) -> StudyFindings:
    uid = write_clip(
        truth,
        path,
        patient=PhantomPatient("PHANTOM-3"),
        study=PhantomStudy("1.2", "1.2.3", NOW),
        instance_number=1,
        transfer_syntax_uid=JPEGBaseline8Bit,
    )
    plan = settings.model_set.but(research_override=True)  # the phantoms' reference is not what is tested here
    require_models(plan)
    return derive_study("1.2", [analyse_clip(uid, path, plan)], research_override=True, asked=quantities_of(plan))


def test_calipers_on_a_plax_clip_reach_findings_and_report(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth, path = plax(), tmp_path / "clip.dcm"
    drawn = beating_calipers(truth)

    def answer(network: torch.nn.Module, seen: object, frames: Sequence[int], at_once: int) -> Iterator[torch.Tensor]:
        yield from (torch.from_numpy(maps) for _, maps in zip(frames, drawn, strict=True))

    monkeypatch.setattr("models.families.echonet.linear.frame_answers", answer)
    findings = analysed(truth, path, settings)
    found = {measurement.key: measurement for measurement in findings.measurements}
    assert found.keys() == KEYS | {"hr"}
    assert found["lvidd_2d"].value == pytest.approx(LVIDD_CM, abs=0.05)
    assert found["lvids_2d"].value == pytest.approx(LVIDS_CM, abs=0.05)
    assert found["fs_2d"].value == pytest.approx(40.0, abs=1.0)
    assert found["ef_teichholz_2d"].value == pytest.approx(70.4, abs=1.0)
    sources = found["ef_teichholz_2d"].sources
    ed, es = ([source.frame_number for source in sources if source.phase is phase] for phase in Phase)
    assert len(ed) == len(es) == found["lvidd_2d"].beats == 2
    for before, after in zip(ed, es, strict=True):
        assert (after - before) * 50 == pytest.approx(400, abs=50), "half a beat"
    assert {missing.key for missing in findings.not_measured} == {*OF_EVERY_STUDY} - {"hr"}
    assert load_findings(dump_findings(findings)) == findings
    lines = found["lvidd_2d"].calipers
    assert [(line.sop_instance_uid, line.frame_number) for line in lines] == [
        (source.sop_instance_uid, source.frame_number) for source in found["lvidd_2d"].sources
    ]

    (report,) = (d.dataset for d in build_templates(findings, read_evidence([path]), identity()) if d.template == "tid1500")
    read = drawn_and_other_groups(report)
    for key, decimals in (("lvidd_2d", 2), ("lvids_2d", 2), ("fs_2d", 1)):
        (item,) = [m for group in read for m in group.get_measurements(QUANTITY_CODES[key].concept)]
        assert item.value == round(found[key].value, decimals)
    (ef,) = [m for group in read for m in group.get_measurements(QUANTITY_CODES["ef_teichholz_2d"].concept)]
    assert ef.method.meaning == "Teichholz"
    assert [image.referenced_frame_numbers for image in ef.referenced_images] == [ed, es]


def test_a_network_that_finds_no_points_says_so_for_each_of_its_quantities(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(network: torch.nn.Module, seen: object, frames: Sequence[int], at_once: int) -> Iterator[torch.Tensor]:
        yield from (torch.full((2, 480, 640), -20.0) for _ in frames)

    monkeypatch.setattr("models.families.echonet.linear.frame_answers", answer)
    findings = analysed(plax(frames=2), tmp_path / "clip.dcm", settings)
    not_measured = {missing.key: missing for missing in findings.not_measured}
    assert [found.key for found in findings.measurements] == ["hr"], "as the header states it"
    assert not_measured.keys() == {*OF_EVERY_STUDY, *KEYS} - {"hr"}
    for key in KEYS:
        assert not_measured[key].reasons == (Reason.QUALITY,)
        assert not_measured[key].detail == f"{LVID}: no frame on which both end points have one peak"
