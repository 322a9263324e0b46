"""Doppler and M-mode displays from the image to the coded number: asked by class and region, stopped, chosen, reported."""

from collections.abc import Iterable
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from pydicom import dcmread

from models.analysis import Predictor
from models.analysis.adapters import likeliest_view, view_limit
from models.analysis.displays import told_by_region
from models.analysis.loaded_model import prepare_for_role
from models.calibration import RegionCalibration
from models.catalogue import DISPLAYS, View
from models.clip import Clip
from models.derive.study.quantities import derive_study
from models.library.model_set import Role
from models.library.quantities import quantities_read
from models.library.roles import image_of
from models.phantom.displays import ECG, SECTOR, SPECTRAL, AnnulusTrace, Spectrum, Wave, inflow
from models.results import ClipFindings, Measurement, NotMeasured, QualityIssue, Reason, StudyFindings
from sr_templates import measurement_report
from sr_templates.quantity_codes import QUANTITY_CODES
from tests.content_items import drawn_and_other_groups
from tests.factories import STUDY_UID, evidence, identity, source_header
from tests.loaded import as_model
from tests.unit.models.analysis.test_mixed_sets import model_set, taking
from tests.unit.models.derive.apical_clips import OF_EVERY_STUDY
from tests.unit.models.families.echonet.drawn_displays import peaks_of, reader_of
from tests.unit.models.families.echonet.test_echonet_vti import FLOW, VTI_CM, read

CW, PW = replace(SPECTRAL, physical_delta_y=-2.5, data_type=4), SPECTRAL
TISSUE = replace(SPECTRAL, physical_delta_y=-0.15)
JET = Spectrum((Wave(1.0, 0.32, -312.3),), CW)
LIFTED = (Reason.QUALITY, Reason.OUT_OF_DISTRIBUTION)


def drawn_jet(peak_cm_s: float, region: RegionCalibration = CW) -> Spectrum:
    return Spectrum((Wave(1.0, 0.32, peak_cm_s),), region)


def knowing(reader: Any) -> Any:
    """With weights that a report can name."""
    reader.manifest = replace(reader.manifest, trained=True, weights_file="x", weights_sha256="ab" * 32)
    return reader


def predictor(label: str, *readers: Any) -> Predictor:
    """A view network that always says this class of EchoView47, and these readers."""
    loaded = tuple(prepare_for_role(Role.MEASUREMENTS, as_model(knowing(reader))) for reader in readers)
    return taking(model_set(label=label), Role.MEASUREMENTS, *loaded)


def analysed(label: str, clip: Clip, *readers: Any, override: bool = True) -> ClipFindings:
    return replace(predictor(label, *readers), research_override=override).analyse(clip)


def study(*clips: ClipFindings, readers: Iterable[Any] = (), override: bool = True) -> StudyFindings:
    asked = {key for reader in readers for key in quantities_read(reader.manifest)}
    return derive_study(STUDY_UID, clips, research_override=override, asked=asked)


def found(findings: StudyFindings) -> dict[str, Measurement]:
    return {measurement.key: measurement for measurement in findings.measurements}


def missing(findings: StudyFindings) -> dict[str, NotMeasured]:
    return {result.key: result for result in findings.not_measured}


def test_a_cw_frame_of_the_aortic_valve_becomes_a_coded_velocity() -> None:
    reader = reader_of("avvmax", peaks_of(JET))
    clip = analysed("doppler-av", JET.clip(sop_instance_uid="1.2.3"), reader)
    assert clip.view is not None
    assert (clip.view.view, clip.gates, clip.marked) == (View.DOPPLER_AV_CW, (), LIFTED)
    assert clip.contours == (), "no ventricle is sought in a spectrum"
    (said,) = [flag.message for flag in clip.flags if flag.issue is QualityIssue.POOR_IMAGE_QUALITY]
    assert said.endswith("their numbers stand by the research override alone."), "nobody is told to switch on what is on"
    assert clip.cm_per_px is None
    findings = study(clip, readers=[reader])
    vmax = found(findings)["av_vmax"]
    assert (vmax.value, vmax.unit, vmax.view) == (pytest.approx(3.123, abs=0.005), "m/s", View.DOPPLER_AV_CW)
    assert found(findings)["av_pg"].value == pytest.approx(4 * 3.123**2, abs=0.2)
    assert vmax.model == "echonet_measurements/avvmax"
    assert found(findings).keys() == {"av_vmax", "av_pg"}
    assert missing(findings).keys() == set(OF_EVERY_STUDY)

    (document,) = measurement_report.build(findings, evidence(source_header("1.2.3", frames=None)), identity())
    file = BytesIO()
    document.dataset.save_as(file, enforce_file_format=True)
    groups = drawn_and_other_groups(dcmread(BytesIO(file.getvalue())))
    (item,) = [m for group in groups for m in group.get_measurements(QUANTITY_CODES["av_vmax"].concept)]
    assert (item.name.value, item.value, item.unit.value) == ("11726-7", round(vmax.value, 2), "m/s")
    assert [site.value.value for site in item.finding_sites] == ["34202007"], "aortic valve"
    children = item[0].ContentSequence
    coded = {child.ConceptCodeSequence[0].CodeValue for child in children if child.ValueType == "CODE"}
    assert coded >= {"261198000", "263677008", "DOPPLER-AV-CW"}, "continuous wave, antegrade"
    texts = [child.TextValue for child in children if child.ValueType == "TEXT"]
    assert any(f"echonet_measurements/avvmax 2026-06-25, weights SHA-256 {'ab' * 32}" in text for text in texts)
    (gradient,) = [m for group in groups for m in group.get_measurements(QUANTITY_CODES["av_pg"].concept)]
    assert (gradient.unit.value, gradient.method.value) == ("mm[Hg]", "125218")


def test_without_the_override_nothing_is_measured_in_a_spectrum() -> None:
    """No network grades one, on a patient as on a phantom."""
    reader = reader_of("avvmax", peaks_of(JET))
    for is_phantom in (False, True):
        clip = analysed("doppler-av", JET.clip(is_quality_control_subject=is_phantom), reader, override=False)
        assert clip.gates == LIFTED
        assert (clip.quality, clip.distribution) == (None, None)
        assert [use.name for use in clip.models] == ["EchoView47_classifier"], "what said nothing is not named"
        texts = {flag.issue: flag.message for flag in clip.flags}
        assert "need the research override" in texts[QualityIssue.POOR_IMAGE_QUALITY]
        assert "Doppler or M-mode display" in texts[QualityIssue.OUT_OF_DISTRIBUTION]
        findings = study(clip, readers=[reader], override=False)
        assert findings.measurements == ()
        assert missing(findings)["av_vmax"].reasons == LIFTED


@pytest.mark.parametrize(("region", "key"), [(PW, "lvot_vmax"), (CW, "av_vmax")])
def test_pw_and_cw_of_one_class_are_told_apart_by_the_region(region: RegionCalibration, key: str) -> None:
    drawn = drawn_jet(-110.0, region)
    readers = [reader_of(name, peaks_of(drawn)) for name in ("avvmax", "lvotvmax")]
    findings = study(analysed("doppler-av", drawn.clip(), *readers), readers=readers)
    assert set(found(findings)) - {"av_pg"} == {key}
    (other,) = {"av_vmax", "lvot_vmax"} - {key}
    assert Reason.VIEW_MISSING in missing(findings)[other].reasons


def test_a_display_that_says_pw_and_cw_is_neither() -> None:
    reader = reader_of("avvmax", peaks_of(JET))
    both = JET.clip(regions=(SECTOR, CW, replace(CW, data_type=3), ECG))
    clip = analysed("doppler-av", both, reader)
    assert clip.view is not None
    assert (clip.view.view, clip.values) == (View.DOPPLER_AV, ())
    assert Reason.VIEW_MISSING in missing(study(clip, readers=[reader]))["av_vmax"].reasons


def test_tissue_doppler_is_never_mitral_inflow() -> None:
    """Both are PW by their region: the class alone tells them apart."""
    slow = drawn_jet(-9.6, TISSUE)
    inflow_reader, lateral = (reader_of("mvpeak_2c", peaks_of(slow), peaks_of(slow)), reader_of("latevel", peaks_of(slow)))
    readers = [inflow_reader, lateral]
    findings = study(analysed("doppler-tissue-lateral", slow.clip(), *readers), readers=readers)
    assert found(findings).keys() == {"e_lateral"}
    assert found(findings)["e_lateral"].value == pytest.approx(9.6, abs=0.05)
    assert Reason.VIEW_MISSING in missing(findings)["mv_e"].reasons


def test_tissue_doppler_by_continuous_wave_is_a_contradiction() -> None:
    slow = drawn_jet(-9.6, replace(TISSUE, data_type=4))
    clip = analysed("doppler-tissue-lateral", slow.clip(), reader_of("latevel", peaks_of(slow)))
    assert clip.gates == (Reason.CALIBRATION_INCONSISTENT,)


def test_a_display_scaled_for_tissue_is_no_mitral_inflow() -> None:
    """The class may be wrong where the scale is plain: 0.18 m/s of e' is no E."""
    ((e, a),) = inflow(60, 1, e_cm_s=18.0, a_cm_s=12.0)
    for height_cm_s, is_tissue in ((79.0, True), (82.0, False)):
        drawn = Spectrum((e, a), replace(SPECTRAL, physical_delta_y=-height_cm_s / 350))
        reader = reader_of("mvpeak_2c", [drawn.peak_px(a)], [drawn.peak_px(e)])
        clip = analysed("doppler-mv", drawn.clip(), reader)
        findings = study(clip, readers=[reader])
        if is_tissue:
            assert clip.gates == (Reason.CALIBRATION_INCONSISTENT,)
            assert any("tissue Doppler by the scale" in flag.message for flag in clip.flags)
            assert findings.measurements == ()
        else:
            assert found(findings)["mv_e"].value == pytest.approx(0.18, abs=0.01)


def test_e_prime_in_a_class_of_inflow_is_no_e() -> None:
    """At a scale that blood may have, the direction tells them apart."""
    drawn = Spectrum((Wave(1.0, 0.2, -18.0), Wave(1.5, 0.14, -12.0)), replace(SPECTRAL, physical_delta_y=-0.3))
    e, a = drawn.waves
    reader = reader_of("mvpeak_2c", [drawn.peak_px(a)], [drawn.peak_px(e)])
    findings = study(analysed("doppler-mv", drawn.clip(), reader), readers=[reader])
    assert findings.measurements == ()
    assert missing(findings)["mv_e"].reasons == (Reason.VIEW_MISSING,)


def test_inflow_by_continuous_wave_is_no_regurgitation() -> None:
    drawn = drawn_jet(180.0)
    reader = reader_of("mrvmax", peaks_of(drawn))
    findings = study(analysed("doppler-mv", drawn.clip(), reader), readers=[reader])
    assert findings.measurements == ()
    assert missing(findings)["mr_vmax"].reasons == (Reason.VIEW_MISSING,)


def test_a_trace_needs_its_own_class_to_be_likely_enough() -> None:
    """No two classes make one trace together, as several of B-mode make one view."""
    manifest = model_set(label="doppler-av").needed(Role.VIEW).manifest
    traces = [image_of(label) for label in manifest.labels if image_of(label) in DISPLAYS]
    assert len(traces) == len(set(traces)) == 13
    for share, expected in ((view_limit(manifest) - 0.01, View.OTHER), (view_limit(manifest), View.DOPPLER_AV)):
        rest = (1 - share) / (len(manifest.labels) - 1)
        probabilities = [share if label == "doppler-av" else rest for label in manifest.labels]
        assert likeliest_view(manifest, probabilities)[0] is expected


def test_aliasing_stops_a_velocity_also_under_the_override() -> None:
    aliased = drawn_jet(-460.0)
    reader = reader_of("avvmax", [(aliased.peak_px(aliased.waves[0])[0], 690.0)])
    findings = study(analysed("doppler-av", aliased.clip(), reader), readers=[reader])
    assert findings.measurements == ()
    assert missing(findings)["av_vmax"].reasons == (Reason.QUALITY,)
    assert "aliasing" in missing(findings)["av_vmax"].detail


@pytest.mark.parametrize(
    ("region", "reason"),
    [
        (replace(CW, physical_unit_y=5), Reason.NO_CALIBRATION),
        (replace(CW, reference_pixel_y0_px=None), Reason.NO_CALIBRATION),
        (replace(CW, reference_pixel_y0_px=9000), Reason.CALIBRATION_INCONSISTENT),
    ],
    ids=["hertz", "no baseline", "baseline outside"],
)
def test_a_spectrum_s_own_scale_is_a_gate_that_nothing_lifts(region: RegionCalibration, reason: Reason) -> None:
    clip = analysed("doppler-av", JET.clip(regions=(SECTOR, region, ECG)), reader_of("avvmax", peaks_of(JET)))
    assert (clip.gates, clip.marked) == ((reason,), LIFTED)
    assert any(flag.issue is QualityIssue.CALIBRATION for flag in clip.flags)


def test_the_small_picture_above_is_no_gate() -> None:
    """Colour in it, none at all, or one without centimetres: the spectrum has a scale of its own."""
    reader = reader_of("avvmax", peaks_of(JET))
    colour = analysed("doppler-av", JET.clip(known_exclusions=("colour_doppler",)), reader)
    alone = analysed("doppler-av", JET.clip(regions=(CW,)), reader)
    assert colour.gates == alone.gates == ()
    assert "av_vmax" in found(study(colour))
    stress = analysed("doppler-av", JET.clip(known_exclusions=("stress_stage",)), reader)
    assert stress.gates == (Reason.STRESS_STAGE,)


def test_a_view_network_without_such_classes_never_asks() -> None:
    """As the bundled one: whatever the region says, a velocity needs the class."""
    reader = reader_of("avvmax", peaks_of(JET))
    clip = analysed("a4ch-full", JET.clip(), reader)
    assert clip.values == ()
    assert Reason.VIEW_MISSING in missing(study(clip, readers=[reader]))["av_vmax"].reasons


def test_of_a_jet_the_highest_possible_velocity_counts_with_its_gradient() -> None:
    clips = []
    for number, (peak_cm_s, surely) in enumerate([(-250.0, 0.9), (-312.3, 0.6), (-290.0, 0.8)]):
        drawn = drawn_jet(peak_cm_s)
        clip = analysed("doppler-av", drawn.clip(sop_instance_uid=f"1.2.{number}"), reader_of("avvmax", peaks_of(drawn)))
        assert clip.view is not None
        clips.append(replace(clip, view=replace(clip.view, probability=surely)))
    measured = found(study(*clips))
    assert measured["av_vmax"].value == pytest.approx(3.123, abs=0.005)
    assert measured["av_pg"].value == pytest.approx(4 * 3.123**2, abs=0.2)
    assert {source.sop_instance_uid for key in ("av_vmax", "av_pg") for source in measured[key].sources} == {"1.2.1"}


_TISSUE_PEAKS = (("doppler-tissue-septal", "medevel", -6.0), ("doppler-tissue-lateral", "latevel", -10.0))


def filling(*labels: str) -> StudyFindings:
    """E of 80 cm/s, e' of 6 (septal) and 10 cm/s (lateral), as far as `labels` have their displays."""
    ((e, a),) = inflow(60, 1)
    flow = Spectrum((e, a), PW)
    clips, readers = [], []
    displays = (("doppler-mv", "mvpeak_2c", 0.0), *_TISSUE_PEAKS)
    for number, (label, name, peak_cm_s) in enumerate(displays):
        tissue = drawn_jet(peak_cm_s, TISSUE)
        peaks = [[flow.peak_px(a)], [flow.peak_px(e)]] if name == "mvpeak_2c" else [peaks_of(tissue)]
        drawn = flow if name == "mvpeak_2c" else tissue
        readers.append(reader_of(name, *peaks))
        if label in labels:
            clips.append(analysed(label, drawn.clip(sop_instance_uid=f"1.2.{number}"), readers[-1]))
    return study(*clips, readers=readers)


def test_e_over_the_mean_of_e_prime_in_one_unit() -> None:
    findings = filling("doppler-mv", "doppler-tissue-septal", "doppler-tissue-lateral")
    measured = found(findings)
    assert measured["mv_e"].value == pytest.approx(0.8, abs=0.01)
    assert measured["ee_septal"].value == pytest.approx(80 / 6, rel=0.02)
    assert measured["ee_lateral"].value == pytest.approx(80 / 10, rel=0.02)
    assert measured["ee_avg"].value == pytest.approx(80 / 8, rel=0.02), "not the mean of 13.3 and 8"
    assert [source.sop_instance_uid for source in measured["ee_avg"].sources] == ["1.2.0", "1.2.1", "1.2.2"]


def test_a_ratio_lacks_what_its_parts_lack() -> None:
    findings = filling("doppler-mv", "doppler-tissue-septal")
    assert "ee_septal" in found(findings)
    lateral, average = (missing(findings)[key] for key in ("ee_lateral", "ee_avg"))
    assert lateral.reasons == average.reasons == (Reason.VIEW_MISSING,)
    assert lateral.detail == "without e_lateral"


def test_tapse_of_an_m_mode_display() -> None:
    trace = AnnulusTrace(1.86)
    low, high = trace.ends_px(1)
    reader = reader_of("tapse_2c", [high], [low])
    findings = study(analysed("mmode-a4ch-rv", trace.clip(), reader), readers=[reader])
    assert found(findings)["tapse"].value == pytest.approx(1.86, abs=0.01)
    elsewhere = analysed("mmode-plax-lv", trace.clip(), reader)
    assert elsewhere.values == ()


def test_a_velocity_time_integral_says_over_how_many_beats() -> None:
    _, reader = read(FLOW)
    reader.network.crops.clear()
    findings = study(analysed("doppler-av", FLOW.clip(), reader), readers=[reader])
    vti = found(findings)["lvot_vti"]
    assert (vti.value, vti.beats) == (pytest.approx(VTI_CM, rel=0.02), 3)
    assert vti.sd is not None


def test_the_region_tells_pw_from_cw_whatever_a_class_of_one_s_own_says() -> None:
    for named in (View.DOPPLER_AV, View.DOPPLER_AV_PW, View.DOPPLER_AV_CW):
        assert told_by_region(named, JET.clip()) is View.DOPPLER_AV_CW
        assert told_by_region(named, JET.clip(regions=())) is View.DOPPLER_AV
    assert told_by_region(View.DOPPLER_TISSUE_SEPTAL, JET.clip()) is View.DOPPLER_TISSUE_SEPTAL
    assert told_by_region(View.DOPPLER_AO_DESCENDING, JET.clip()) is View.DOPPLER_AO_DESCENDING
    assert told_by_region(View.A4C, JET.clip()) is View.A4C
