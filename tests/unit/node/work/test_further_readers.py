"""Atrial areas, PanEcho and the key points in a mixed set: their quantities, and which model a report names for each."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import highdicom as hd
import numpy as np
import pytest
import torch
from pydicom import dcmread
from torch import Tensor, nn

from models.analysis.loaded_model import prepare_for_role
from models.catalogue import Phase
from models.clip import Clip
from models.derive.study.quantities import derive_study
from models.families.pan_echo.networks import PanEcho
from models.families.pan_echo.tasks import TASKS
from models.library.model_set import Role
from models.library.quantities import quantities_read
from models.library.registry import load_model
from models.results import ClipFindings, Measurement, Reason, StudyFindings
from sr_templates import measurement_report
from sr_templates.errors import DocumentError
from sr_templates.quantity_codes import QUANTITY_CODES
from tests.factories import STUDY_UID, evidence, identity, source_header
from tests.loaded import as_model
from tests.unit.models.analysis.test_mixed_sets import model_set, taking
from tests.unit.models.families.drawn_maps import SECTOR, clip, drawn_reader
from tests.unit.models.families.echoforge.test_echoforge_promised import FRAMES, beating
from tests.unit.models.families.echoforge.test_echoforge_promised import reader as key_points

pytestmark = pytest.mark.slow  # from a clip to its report


def known(reader: Any, letter: str) -> Any:
    reader.manifest = replace(reader.manifest, trained=True, weights_file="x", weights_sha256=letter * 64)
    return reader


def analysed(label: str, cine: Clip, *readers: Any) -> ClipFindings:
    loaded = tuple(prepare_for_role(Role.MEASUREMENTS, as_model(reader)) for reader in readers)
    return taking(model_set(label=label), Role.MEASUREMENTS, *loaded).analyse(replace(cine, is_quality_control_subject=True))


def study(*clips: ClipFindings, asked: tuple[Any, ...] = ()) -> StudyFindings:
    return derive_study(STUDY_UID, clips, asked={key for reader in asked for key in quantities_read(reader.manifest)})


def found(findings: StudyFindings) -> dict[str, Measurement]:
    return {measurement.key: measurement for measurement in findings.measurements}


def discs(frames: int) -> np.ndarray:
    """Float32 logits of a cavity of 80 px at frames 12, 24 and 36, of 60 px between them."""
    rows, columns = np.mgrid[:480, :640]
    radii = 70 + 10 * np.cos(2 * np.pi * np.arange(frames) / 12)
    inside = np.hypot(columns - 320, rows - 240) < radii[:, None, None]
    return np.where(inside, np.float32(3), np.float32(-3))[:, None]


@pytest.mark.parametrize(
    ("label", "name", "key"),
    [("a4ch-full", "la_area", "la_area_a4c"), ("a2ch-full", "la_area", "la_area_a2c"), ("a4ch-full", "ra_area", "ra_area")],
)
def test_an_atrium_s_area_has_the_key_of_its_view(label: str, name: str, key: str) -> None:
    reader = known(drawn_reader(name, discs(42)), "d")
    findings = study(analysed(label, clip(42, interval_ms=1000 / 12), reader), asked=(reader,))
    area = found(findings)[key]
    assert (area.value, area.unit) == (pytest.approx(np.pi * 80**2 * 0.03**2, rel=0.01), "cm2")
    assert area.beats >= 2
    assert {source.phase for source in area.sources} == {Phase.END_SYSTOLE}
    assert len(area.sources) == area.beats
    missing = {result.key: result.reasons for result in findings.not_measured}
    assert all(reasons == (Reason.VIEW_MISSING,) for other, reasons in missing.items() if other.startswith("la_area"))


def test_a_single_frame_has_no_end_systole() -> None:
    reader = known(drawn_reader("la_area", discs(1)), "d")
    findings = study(analysed("a4ch-full", clip(1), reader), asked=(reader,))
    (area,) = [result for result in findings.not_measured if result.key == "la_area_a4c"]
    assert area.reasons == (Reason.NO_CARDIAC_CYCLE,)


class SaysEF(PanEcho):
    """PanEcho, its network replaced by one answer."""

    trained = True

    def __init__(self, ef_percent: float) -> None:
        nn.Module.__init__(self)
        original: PanEcho = load_model("PanEcho", device="meta").network
        self.manifest, self.widths, self.own_limits = original.manifest, original.widths, original.own_limits
        self.scale, self.ef_percent = nn.Parameter(torch.ones(1)), ef_percent

    def forward(self, clips: Tensor) -> Tensor:
        first = sum(self.widths[task.name] for task in TASKS[: [task.name for task in TASKS].index("EF")])
        outputs = torch.zeros(len(clips), sum(self.widths.values()))
        outputs[:, first] = self.ef_percent
        return outputs


def test_nothing_of_panecho_but_the_ejection_fraction_is_a_measurement() -> None:
    reader = SaysEF(57.5)
    seen = analysed("a4ch-full", clip(20, heart_rate_bpm=100.0), reader)
    assert {value.key: value.value for value in seen.values} == {"ef_video_regression": pytest.approx(57.5)}
    assert any("values are left out: no quantity of this node" in note for note in seen.notes)
    assert analysed("plax-full-lv", clip(20), reader).values == ()
    (single,) = analysed("a4ch-full", clip(1), reader).values
    assert (single.value, single.reasons) == (None, (Reason.NO_CARDIAC_CYCLE,))


def report_of(findings: StudyFindings) -> list[Any]:
    (document,) = measurement_report.build(findings, evidence(source_header("1.2.3")), identity())
    file = BytesIO()
    document.dataset.save_as(file, enforce_file_format=True)
    groups = hd.sr.ComprehensiveSR.from_dataset(dcmread(BytesIO(file.getvalue()))).content.get_image_measurement_groups()
    return [m for group in groups for m in group.get_measurements(QUANTITY_CODES["ef_video_regression"].concept)]


def test_of_two_models_of_one_quantity_the_report_names_the_one_that_gave_it() -> None:
    """Both stand among the study's weights, so the value itself has to say whose it is."""
    pan_echo, other = known(SaysEF(57.5), "a"), known(SaysEF(40.0), "b")
    other.manifest = replace(other.manifest, name="echonet_dynamic/ef_r2plus1d_18", family="echonet_dynamic",
                             architecture={"network": "r2plus1d_18"})  # fmt: skip
    for readers, value, letter in (((pan_echo, other), 57.5, "a"), ((other, pan_echo), 40.0, "b")):
        findings = study(analysed("a4ch-full", clip(20, heart_rate_bpm=100.0), *readers))
        (item,) = report_of(findings)
        assert item.value == value
        texts = [child.TextValue for child in item[0].ContentSequence if child.ValueType == "TEXT"]
        assert any(f"SHA-256 {letter * 64}" in text for text in texts)
        assert not any(f"SHA-256 {other * 64}" in text for text in texts for other in "ab" if other != letter)


def test_a_value_of_unknown_weights_is_in_no_report() -> None:
    findings = study(analysed("a4ch-full", clip(20, heart_rate_bpm=100.0), known(SaysEF(57.5), "a")))
    with pytest.raises(DocumentError, match="weights are not known"):
        report_of(replace(findings, models=()))


def test_key_points_give_diameters_and_what_is_made_of_them() -> None:
    cine = clip(FRAMES)
    assert SECTOR in cine.regions
    reader = known(key_points(beating()), "d")
    measured = found(study(analysed("plax-full-lv", cine, reader), asked=(reader,)))
    cm_per_px = 640 / 256 * 0.03
    assert measured["lvidd_2d"].value == pytest.approx(50 * cm_per_px, abs=0.02)
    assert measured["lvids_2d"].value == pytest.approx(30 * cm_per_px, abs=0.02)
    assert {"fs_2d", "ef_teichholz_2d"} <= measured.keys()
    assert measured["lvidd_2d"].beats == len(measured["lvidd_2d"].sources) >= 2
