"""What the networks looked at, in the findings of a clip: only where somebody asked."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import JPEGBaseline8Bit

from models.catalogue import View
from models.derive.study.quantities import derive_study
from models.library.model_set import ModelSet
from models.phantom.anatomy import sample_heart
from models.phantom.truth import render_clip
from node.egress.building import WantedDocument, build_templates, read_evidence
from node.objects.findings_json import dump_findings, load_findings
from node.objects.phantom_writer import PhantomPatient, PhantomStudy, write_clip
from node.work import clip_analysis
from node.work.clip_analysis import analyse_clip
from tests.factories import identity
from tests.rows import NOW

pytestmark = pytest.mark.slow

FRAMES = 30


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    heart = replace(sample_heart(3), heart_rate_bpm=75.0)
    truth = render_clip(
        heart, View.A4C, seed=3, quality=3, frames=FRAMES, frame_rate_hz=20, rows=200, columns=260, polar=(192, 96)
    )
    path = tmp_path_factory.mktemp("clips") / "clip.dcm"
    study = PhantomStudy("1.2", "1.2.3", NOW)
    uid = write_clip(
        truth, path, patient=PhantomPatient("PHANTOM-3"), study=study, instance_number=1, transfer_syntax_uid=JPEGBaseline8Bit
    )
    return uid, path


def test_every_network_of_the_set_is_asked_where_it_looked(clip: tuple[str, Path]) -> None:
    found = analyse_clip(*clip, ModelSet(engine="torch", heat_maps=True))
    assert [one.model for one in found.heat_maps] == ["phantom_view", "phantom_quality", "phantom_lv"]
    ed = found.beats[0].ed_frame_index
    assert {one.frame_number for one in found.heat_maps} == {ed + 1}
    cavity = np.mean(next(contour.points_px for contour in found.contours if contour.frame_index == ed), axis=0)
    of_lv = found.heat_maps[-1]
    cells = np.frombuffer(bytes.fromhex(of_lv.levels), np.uint8).reshape(of_lv.rows, of_lv.columns)
    row, column = np.unravel_index(cells.argmax(), cells.shape)
    hottest = ((column + 0.5) * found.columns / of_lv.columns, (row + 0.5) * found.rows / of_lv.rows)
    assert hottest == pytest.approx(tuple(cavity), abs=40)
    study = derive_study("1.2", [found])
    assert load_findings(dump_findings(study)) == study
    wanted = [WantedDocument("heat_maps")]
    (picture,) = build_templates(study, read_evidence([clip[1]]), identity(), wanted).documents
    assert picture.part == clip[0]


def test_nobody_is_asked_by_default_and_a_map_that_fails_is_a_note(
    clip: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(clip_analysis, "heat_maps", breaks)
    without = analyse_clip(*clip, ModelSet(engine="torch"))
    assert without.heat_maps == ()
    failed = analyse_clip(*clip, ModelSet(engine="torch", heat_maps=True))
    assert failed.notes == (*without.notes, "no heat map: RuntimeError")
    assert failed.contours == without.contours
