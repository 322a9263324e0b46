"""The groups of values of a TID 1500 report, as readers of groups and viewers take them."""

from collections import Counter
from dataclasses import replace

import highdicom as hd
import numpy as np
import pytest
from pydicom.dataset import Dataset

from models.catalogue import QUANTITIES, Method, Phase, View
from models.results import Beat, ClipFindings, Contour, FrameReference, Measurement, ModelUse
from sr_templates import codes
from sr_templates.quantity_codes import QUANTITY_CODES
from sr_templates.selection import best_first
from sr_templates.tracking import structure
from tests.content_items import all_groups, built, code_of, groups, items, number, of_clip, value_groups
from tests.factories import (
    A2C_UID,
    A4C_UID,
    PHANTOM_WEIGHTS,
    RELEASED_WEIGHTS,
    clip_findings,
    evidence,
    identity,
    lv_contours,
    measurement,
    source_header,
    study_findings,
)

METHOD, SITE, FINDING, REGION, EF = "370129005", "363698007", "121071", "111030", "18043-0"
A4C_ED = "Left ventricle, apical four chamber"
A4C_ES = f"{A4C_ED}, end systole, frame 11"
EVERY_VALUE = tuple(measurement(key, sum(quantity.limits) / 2) for key, quantity in QUANTITIES.items())


def _codes(parent: Dataset, name: str) -> list[str]:
    return [item.ConceptCodeSequence[0].CodeValue for item in items(parent, name=name, deep=False)]


def _names(group: Dataset) -> list[str]:
    """The values of a group by the names of the catalogue."""
    numbers = items(group, value_type="NUM", deep=False)
    return [next(items(num, name="121050", deep=False)).TextValue for num in numbers]


@pytest.mark.slow
@pytest.mark.parametrize("measurements", [study_findings().measurements, EVERY_VALUE], ids=["outlined", "every quantity"])
def test_a_reader_of_groups_finds_site_and_method_of_every_value(measurements: tuple[Measurement, ...]) -> None:
    """dcmqi and adapters take them from the group; what stands at the value alone is lost on them."""
    report = built(study_findings(measurements=measurements, not_measured=()))
    seen: list[str] = []
    for group in value_groups(report):
        for name, relationship in ((SITE, "HAS CONCEPT MOD"), (METHOD, "HAS CONCEPT MOD"), (FINDING, "CONTAINS")):
            assert {item.RelationshipType for item in items(group, name=name, deep=False)} <= {relationship}
        for num in items(group, value_type="NUM", deep=False):
            for name in (SITE, METHOD):
                assert _codes(group, name) == _codes(num, name)
            assert _codes(group, FINDING) == _codes(num, SITE)
        seen += _names(group)
    assert Counter(seen) == Counter(QUANTITIES[m.key].name for m in measurements), "each value once"


def test_values_of_measuring_models_stand_under_their_structure() -> None:
    report = built(study_findings(measurements=(measurement("lvidd_2d", 5.123), measurement("la_diam_ap_2d", 3.9))))
    found = groups(report)
    lv, atrium = found["Left ventricle, parasternal long axis"], found["Left atrium, parasternal long axis"]
    assert str(number(lv, "LVIDd").MeasuredValueSequence[0].NumericValue) == "5.12"
    assert not list(items(number(lv, "LVIDd"), name=METHOD)), "TID 4019 names the algorithm, no method does"
    assert code_of(number(atrium, "LA AP diameter"), SITE) == code_of(atrium, SITE) == "82471001"


# Outlines


def _regions(report: Dataset) -> list[Dataset]:
    return [group for group in value_groups(report) if list(items(group, name=REGION, deep=False))]


def test_values_stand_with_the_outline_they_came_from() -> None:
    report = groups(built())
    assert _names(report[A4C_ED]) == ["EF A4C", "LVEDV A4C MOD"], "an EF with its first frame"
    assert _names(report[A4C_ES]) == ["LVESV A4C MOD"]
    assert _names(report["Left ventricle, apical two chamber"]) == [], "drawn for the biplane values, which are of two clips"


def test_the_outline_is_on_its_frame_half_a_pixel_further_and_closed() -> None:
    """PS3.3 C.18.6.1.1: the centre of the top left pixel is (0.5, 0.5) there and (0, 0) in our outlines."""
    contours = {contour.frame_index: contour.points_px for contour in lv_contours()}
    for title, frame, phase in ((A4C_ED, 1, "416190007"), (A4C_ES, 11, "416430001")):
        (region,) = items(groups(built())[title], name=REGION, deep=False)
        points = np.asarray(region.GraphicData).reshape(-1, 2)
        assert region.GraphicType == "POLYLINE"
        np.testing.assert_allclose(points[:-1], np.asarray(contours[frame - 1]) + 0.5, atol=1e-4)
        assert (points[0] == points[-1]).all()
        (image,) = items(region, value_type="IMAGE", deep=False)
        (reference,) = image.ReferencedSOPSequence
        assert (reference.ReferencedSOPInstanceUID, reference.ReferencedFrameNumber) == (A4C_UID, frame)
        assert (image.RelationshipType, code_of(image, "272518008")) == ("SELECTED FROM", phase)


def test_no_vertex_lies_outside_the_image() -> None:
    far = Contour("lv", 0, ((-30.0, 10.0), (40.0, -9.0), (200.0, 30.0), (40.0, 100.0)))
    clip = clip_findings(contours=(far, *lv_contours([10])))
    (region,) = items(groups(built(study_findings(clips=(clip,), not_measured=())))[A4C_ED], name=REGION, deep=False)
    points = np.asarray(region.GraphicData).reshape(-1, 2)
    assert points.min() == 0.0
    assert tuple(points.max(axis=0)) == (80.0, 60.0)


def test_highdicom_reads_outlines_and_what_is_measured_of_them() -> None:
    content = hd.sr.ComprehensiveSR.from_dataset(built()).content
    ventricle = codes.LEFT_VENTRICLE
    found = content.get_planar_roi_measurement_groups(finding_site=ventricle, referenced_sop_instance_uid=A4C_UID)
    assert [group.tracking_identifier for group in found] == [A4C_ED, A4C_ES]
    for group in found:
        assert group.roi.graphic_type is hd.sr.GraphicTypeValues.POLYLINE
        assert group.roi.value.shape == (41, 2)
        assert (group.finding_type, [site.value for site in group.finding_sites]) == (ventricle, [ventricle])
        assert group.method == QUANTITY_CODES["ef_a4c"].method
    assert [m.value for group in found for m in group.get_measurements()] == [55.1, 118.0, 53.0]


def test_every_beat_has_its_outlines_and_the_first_the_means() -> None:
    ends = {Phase.END_DIASTOLE: (1, 9), Phase.END_SYSTOLE: (5, 13)}
    values = [
        measurement(key, value, beats=2, sd=1.0, sources=tuple(FrameReference(A4C_UID, n, phase) for n in ends[phase]))
        for key, value, phase in (("lvedv_a4c", 118.0, Phase.END_DIASTOLE), ("lvesv_a4c", 53.0, Phase.END_SYSTOLE))
    ]
    clip = clip_findings(beats=(Beat(0, 4), Beat(8, 12)))
    regions = _regions(built(study_findings(clips=(clip,), measurements=tuple(values), not_measured=())))
    frames = [next(items(group, name=REGION)).ContentSequence[0].ReferencedSOPSequence[0] for group in regions]
    assert [frame.ReferencedFrameNumber for frame in frames] == [1, 5, 9, 13]
    assert [_names(group) for group in regions] == [["LVEDV A4C MOD"], ["LVESV A4C MOD"], [], []]


def test_a_viewer_that_merges_what_is_tracked_as_one_keeps_every_outline() -> None:
    """OHIF makes one measurement of the groups of one tracking UID, with the first region of them all."""
    regions = [next(items(group, name="112040", deep=False)).UID for group in _regions(built())]
    assert len(set(regions)) == len(regions) == 4
    first = next(items(value_groups(built())[0], name="112039", deep=False)).TextValue
    assert first == A4C_ED, "a report is opened at its first group"


@pytest.mark.slow
def test_every_value_has_a_region_that_a_viewer_can_jump_to() -> None:
    """OHIF 3.13 shows nothing of a report in which one group has none."""
    report = built(study_findings(measurements=EVERY_VALUE, not_measured=()))
    found = value_groups(report)
    assert len(found) == len(all_groups(report)) > 20
    for group in found:
        (scoord,) = items(group, value_type="SCOORD", deep=False)
        assert len(scoord.ContentSequence[0].ReferencedSOPSequence) == 1


def test_where_no_outline_is_known_the_region_is_the_frame() -> None:
    value = measurement("av_vmax", 3.1, sources=(FrameReference(A4C_UID, 7), FrameReference(A4C_UID, 9)))
    (group,) = value_groups(built(study_findings(measurements=(value,), not_measured=())))
    (scoord,) = items(group, value_type="SCOORD", deep=False)
    assert scoord.ConceptNameCodeSequence[0].CodeMeaning == "Source of Measurement"
    assert list(scoord.GraphicData) == [0, 0, 80, 0, 80, 60, 0, 60, 0, 0]
    assert scoord.ContentSequence[0].ReferencedSOPSequence[0].ReferencedFrameNumber == 7


@pytest.mark.parametrize(
    "clip",
    [
        clip_findings(contours=()),
        clip_findings(rows=30),
        clip_findings(contours=(Contour("lv", 0, ((1.0, 1.0), (2.0, 2.0))), Contour("lv", 10, ((1.0, float("nan")),) * 3))),
        clip_findings(contours=tuple(replace(contour, structure="la") for contour in lv_contours())),
    ],
    ids=["no outline", "another size", "no polygon", "another structure"],
)
def test_values_stand_without_an_outline_that_cannot_be_drawn(clip: ClipFindings) -> None:
    values = (measurement("ef_a4c", 55.0), measurement("lvedv_a4c", 118.0))
    report = built(study_findings(clips=(clip,), measurements=values, not_measured=()))
    assert _regions(report) == []
    assert _names(value_groups(report)[0]) == ["EF A4C", "LVEDV A4C MOD"]


def test_an_area_of_another_network_has_no_outline_of_this_one() -> None:
    clip = clip_findings(
        outlined_by="phantom_lv",
        contours=tuple(replace(contour, structure="la") for contour in lv_contours()),
        models=(PHANTOM_WEIGHTS, RELEASED_WEIGHTS),
    )
    for model, regions in (("phantom_lv", 1), ("hospital_lv", 0)):
        findings = study_findings(
            clips=(clip,), measurements=(measurement("la_area_a4c", 18.0, model=model),), not_measured=(), models=clip.models
        )
        assert len(_regions(built(findings))) == regions


# Algorithms


def test_every_group_names_its_networks_with_the_hash_of_their_weights() -> None:
    for _, group in all_groups(built()):
        assert next(items(group, name="111001", deep=False)).TextValue == "phantom_lv"
        assert next(items(group, name="111003", deep=False)).TextValue == "1.0"
        (parameters,) = items(group, name="111002", deep=False)
        assert "ab" * 32 in parameters.TextValue
        assert "trained on synthetic phantoms" in parameters.TextValue


def test_each_group_names_only_the_networks_that_made_it() -> None:
    reader = ModelUse("echo_reader", "3", "ef" * 32, trained_on_phantoms=False)
    clip = clip_findings(outlined_by="phantom_lv", models=(PHANTOM_WEIGHTS, RELEASED_WEIGHTS, reader))
    values = (
        measurement("ef_a4c", 55.0),
        measurement("mv_e", 0.8, model="echo_reader"),
        measurement("e_septal", 8.0, model="hospital_lv"),
        measurement("ee_septal", 10.0),
    )
    whole = built(study_findings(clips=(clip,), measurements=values, not_measured=(), models=clip.models))
    report = groups(whole)
    ratio = structure("septal annulus", QUANTITIES["ee_septal"].views, evidence(), identity()).identifier
    flow = structure("mv", [View.DOPPLER_MV_PW], evidence(), identity()).identifier
    assert next(items(report[A4C_ED], name="111001", deep=False)).TextValue == "phantom_lv"
    assert next(items(report[flow], name="111001", deep=False)).TextValue == "echo_reader"
    assert next(items(report[ratio], name="111001", deep=False)).TextValue == "EchoNode", (
        "two networks: the node put it together"
    )
    parameters = [item.TextValue for item in items(report[ratio], name="111002", deep=False)]
    assert [text.split(",")[0] for text in parameters] == ["echo_reader 3", "hospital_lv 2.1"]
    view = of_clip(whole, "Clip 1").ContentSequence[0]
    assert len(list(items(view, name="111002", deep=False))) == 3


# What counts, and what is observed


def _selected(*values: Measurement) -> list[tuple[str, str]]:
    report = built(study_findings(measurements=values, not_measured=()))
    numbers = [num for num in items(report, value_type="NUM") if list(items(num, name="121404", deep=False))]
    assert all(item.RelationshipType == "HAS PROPERTIES" for item in items(report, name="121404"))
    return [(next(items(num, name="121050")).TextValue, code_of(num, "121404")) for num in numbers]


@pytest.mark.slow
def test_one_ejection_fraction_counts_and_nothing_else() -> None:
    values = [measurement(key, 55.0) for key in QUANTITIES]
    assert _selected(*values) == [("EF biplane Simpson", "121411")]
    without_biplane = [value for value in values if value.key != "ef_bp"]
    assert _selected(*without_biplane) == [("EF A4C", "121411")]
    assert _selected(measurement("ef_a2c", 50.0, beats=3, sd=2.0), measurement("lvedv_a2c", 99.0)) == [("EF A2C", "121412")]
    assert _selected(measurement("ef_teichholz_2d", 60.0)) == [("EF Teichholz", "121411")]


def test_video_regression_never_counts() -> None:
    assert _selected(measurement("ef_video_regression", 61.0), measurement("ef_video_regression_biplane", 60.0)) == []


def test_every_candidate_is_an_ejection_fraction_of_discs_before_teichholz() -> None:
    of_concept = [key for key in QUANTITIES if QUANTITY_CODES[key].concept == QUANTITY_CODES["ef_bp"].concept]
    methods = [QUANTITIES[value.key].method for value in best_first(measurement(key, 55.0) for key in reversed(of_concept))]
    assert len(methods) == len(of_concept) == 5
    assert methods[0] is Method.DISCS_BIPLANE
    assert methods.index(Method.TEICHHOLZ) > max(i for i, m in enumerate(methods) if m is Method.DISCS_SINGLE_PLANE)


@pytest.mark.slow
def test_everything_observed_has_a_uid_of_its_own() -> None:
    """(0040,A171): FHIR, HL7 and later corrections name a value by it."""

    def observed(**changes: object) -> dict[str, str]:
        report = built(study_findings(), maker=identity(**changes))
        values = [num for group in value_groups(report) for num in items(group, value_type="NUM", deep=False)]
        named = {next(items(num, name="121050")).TextValue: num for num in values}
        named |= {f"{title} {number}": group for number, (title, group) in enumerate(all_groups(report))}
        return {name: item.ObservationUID for name, item in named.items()}

    first = observed()
    values = study_findings().measurements
    assert len(first) == len(values) + len(all_groups(built()))
    assert len(set(first.values())) == len(first)
    assert observed() == first
    assert not set(observed(revision=2).values()) & set(first.values()), "another analysis observes anew"


def test_what_is_missing_and_what_clips_show_is_observed_too() -> None:
    report = built()
    evaluations = next(items(report, name="C0034375"))
    uids = [item.ObservationUID for item in items(evaluations, value_type="CODE", deep=False)]
    said = sum(len(of_clip(report, f"Clip {number}").ContentSequence) for number in (1, 2, 3))
    assert len(set(uids)) == len(uids) == len(study_findings().not_measured) + said


def test_spread_is_a_property_and_whole_numbers_have_no_point() -> None:
    value = measurement("lvedv_a4c", 118.0, beats=2, sd=2.0)
    num = number(built(study_findings(measurements=(value,), not_measured=())), "LVEDV A4C MOD")
    (sd,), (beats,) = items(num, name="386136009", deep=False), items(num, name="BEATS", deep=False)
    assert (sd.RelationshipType, beats.RelationshipType) == ("HAS PROPERTIES", "INFERRED FROM")
    written = [str(item.MeasuredValueSequence[0]["NumericValue"].value) for item in (num, sd, beats)]
    assert written == ["118", "2", "2"]


def test_a_cross_section_says_that_it_is_one() -> None:
    report = built(study_findings(measurements=(measurement("ef_bp", 56.0), measurement("av_vmax", 3.0)), not_measured=()))
    assert code_of(number(report, "EF biplane Simpson"), "399264008") == "399064001"
    assert code_of(number(report, "AV Vmax"), "399264008") == "261198000"
    ratio = measurement("ee_septal", 10.0)
    mixed = number(built(study_findings(measurements=(ratio,), not_measured=())), "E/e' septal")
    assert not list(items(mixed, name="399264008")), "of pulsed Doppler and of tissue Doppler"


def test_a_single_frame_object_is_drawn_on_without_a_frame_number() -> None:
    clip = clip_findings(number_of_frames=1, contours=lv_contours([0]))
    volume = measurement("lvedv_a4c", 118.0, sources=(FrameReference(A4C_UID, 1, Phase.END_DIASTOLE),))
    findings = study_findings(clips=(clip,), measurements=(volume,), not_measured=())
    (group,) = _regions(built(findings, evidence(source_header(frames=None))))
    reference = next(items(group, name=REGION)).ContentSequence[0].ReferencedSOPSequence[0]
    assert "ReferencedFrameNumber" not in reference


def test_the_other_plane_of_a_biplane_value_is_drawn_as_well() -> None:
    regions = _regions(built())
    uids = [next(items(g, name=REGION)).ContentSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID for g in regions]
    assert uids == [A4C_UID, A4C_UID, A2C_UID, A2C_UID]
