"""The marks that values were read from: drawn on their frames in a TID 1500 report, named by the values of every dialect."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from models.catalogue import Phase, View
from models.results import Caliper, CaliperKind, ClipFindings, FrameReference, Measurement
from node.egress.building import WantedDocument, build_templates
from node.egress.built_files import document_bytes
from sr_templates.conformance_check import check_document
from sr_templates.errors import DocumentError
from tests.content_items import all_groups, built, code_of, items, number, value_groups
from tests.factories import A2C_UID, A4C_UID, clip_findings, evidence, identity, measurement, source_header, study_findings

REGION, SOURCE = "111030", "121112"
PLAX = clip_findings(view=View.PLAX, contours=())
ENDS = ((20.25, 15.5), (20.25, 40.0))
TRIANGLE = ((10.0, 10.0), (30.0, 10.0), (20.0, 30.0))


def line(frame: int = 3, points: tuple[tuple[float, float], ...] = ENDS, uid: str = A4C_UID) -> Caliper:
    return Caliper(CaliperKind.LINE, uid, frame, points, "LVID 5.1 cm")


def diameter(*calipers: Caliper, **changes: Any) -> Measurement:
    frames = tuple(FrameReference(one.sop_instance_uid, one.frame_number, Phase.END_DIASTOLE) for one in calipers)
    return measurement("lvidd_2d", 5.1, sources=frames, calipers=calipers, **changes)


def report(*measurements: Measurement, clips: tuple[ClipFindings, ...] = (PLAX,)) -> Dataset:
    return built(study_findings(clips=clips, measurements=measurements, not_measured=()))


def regions(found: Dataset) -> list[Dataset]:
    """The image regions (TID 1410 row 5) of all groups."""
    return [region for group in value_groups(found) for region in items(group, name=REGION, deep=False)]


def points(scoord: Dataset) -> list[list[float]]:
    return np.asarray(scoord.GraphicData, dtype=float).reshape(-1, 2).tolist()


def frame_of(scoord: Dataset) -> tuple[str, int]:
    (reference,) = next(items(scoord, value_type="IMAGE", deep=False)).ReferencedSOPSequence
    return reference.ReferencedSOPInstanceUID, reference.ReferencedFrameNumber


def test_a_line_is_drawn_with_its_value_on_its_frame() -> None:
    """PS3.3 C.18.6.1.2: a POLYLINE whose last vertex is not its first is open; half a pixel as for outlines."""
    ((title, group),) = all_groups(report(diameter(line())))
    assert title == "LVIDd, parasternal long axis, end diastole, frame 3"
    (region,) = items(group, name=REGION, deep=False)
    assert region.GraphicType == "POLYLINE"
    assert points(region) == [[20.75, 16.0], [20.75, 40.5]]
    assert frame_of(region) == (A4C_UID, 3)
    assert code_of(next(items(region, value_type="IMAGE")), "272518008") == "416190007"
    assert str(number(group, "LVIDd").MeasuredValueSequence[0].NumericValue) == "5.1"


@pytest.mark.parametrize(
    ("key", "caliper", "graphic", "expected"),
    [
        ("av_vmax", Caliper(CaliperKind.POINT, A4C_UID, 1, ((33.0, 12.5),)), "POINT", [[33.5, 13.0]]),
        (
            "lvot_vti", Caliper(CaliperKind.OUTLINE, A4C_UID, 1, TRIANGLE), "POLYLINE",
            [[10.5, 10.5], [30.5, 10.5], [20.5, 30.5], [10.5, 10.5]],
        ),
        ("tapse", Caliper(CaliperKind.LINE, A4C_UID, 1, ((5.0, 40.0), (12.0, 30.0))), "POLYLINE", [[5.5, 40.5], [12.5, 30.5]]),
    ],
)  # fmt: skip
def test_marks_on_displays_are_points_lines_and_closed_outlines(
    key: str, caliper: Caliper, graphic: str, expected: list[list[float]]
) -> None:
    value = measurement(key, 3.0, sources=(FrameReference(A4C_UID, 1),), calipers=(caliper,))
    (region,) = regions(report(value, clips=(clip_findings(view=View.DOPPLER_AV_CW, contours=()),)))
    assert (region.GraphicType, points(region)) == (graphic, expected)


def test_a_mean_stands_with_its_first_mark_and_every_beat_is_drawn() -> None:
    two = (line(3), line(13, ((21.0, 16.0), (21.0, 41.0))))
    found = report(diameter(*two, beats=2, sd=0.1))
    assert [frame_of(region) for region in regions(found)] == [(A4C_UID, 3), (A4C_UID, 13)]
    assert [len(list(items(group, value_type="NUM", deep=False))) for group in value_groups(found)] == [1, 0]
    uids = [next(items(group, name="112040", deep=False)).UID for group in value_groups(found)]
    assert len(set(uids)) == 2, "viewers make one drawing of all regions that share theirs"


def test_several_marks_on_one_frame_are_told_apart() -> None:
    """The beats of a display."""
    flow = tuple(Caliper(CaliperKind.OUTLINE, A4C_UID, 1, tuple((x + 20 * n, y) for x, y in TRIANGLE)) for n in range(2))
    value = measurement("lvot_vti", 20.0, sources=(FrameReference(A4C_UID, 1),), calipers=flow, beats=2, sd=1.0)
    titles = [title for title, _ in all_groups(report(value, clips=(clip_findings(view=View.DOPPLER_AV_PW, contours=()),)))]
    assert [title.rpartition(", ")[2] for title in titles] == ["frame 1", "mark 2"]


def test_a_value_names_its_marks_itself() -> None:
    """TID 320 rows 3 and 4: readers that look for coordinates below the value find them."""
    num = number(report(diameter(line(3), line(13))), "LVIDd")
    marks = list(items(num, value_type="SCOORD", deep=False))
    assert [(mark.RelationshipType, mark.ConceptNameCodeSequence[0].CodeValue) for mark in marks] == [
        ("INFERRED FROM", SOURCE)
    ] * 2
    assert [frame_of(mark) for mark in marks] == [(A4C_UID, 3), (A4C_UID, 13)]


def test_outlines_of_structures_stay_and_come_first_on_their_frame() -> None:
    length = measurement("lv_len_d_a4c", 8.4, calipers=(line(1, ((40.0, 48.0), (40.0, 12.0))),))
    found = regions(report(length, measurement("lvedv_a4c", 118.0), clips=(clip_findings(),)))
    assert [(frame_of(region)[1], len(points(region))) for region in found] == [(1, 41), (1, 2)]


@pytest.mark.parametrize(
    ("caliper", "clip"),
    [
        (line(points=((20.0, -3.0), (20.0, 40.0))), PLAX),
        (line(points=((20.0, 15.0), (80.5, 40.0))), PLAX),
        (line(points=((20.0, 15.0), (20.0, 15.0))), PLAX),
        (line(points=((20.0, 15.0), (float("nan"), 40.0))), PLAX),
        (line(points=((20.0, 15.0), (20.0, 30.0), (25.0, 30.0))), PLAX),
        (replace(line(), kind=CaliperKind.POINT, points_px=()), PLAX),
        (line(), replace(PLAX, rows=30)),
    ],
    ids=["above", "beside", "no length", "no number", "a bend", "no point", "image of another size"],
)
def test_a_mark_that_cannot_be_drawn_is_left_out_and_its_value_stays(caliper: Caliper, clip: ClipFindings) -> None:
    found = report(diameter(caliper), clips=(clip,))
    assert regions(found) == []
    num = number(found, "LVIDd")
    assert not list(items(num, value_type="SCOORD"))
    assert str(num.MeasuredValueSequence[0].NumericValue) == "5.1"


def test_an_outline_that_leaves_the_image_is_drawn_along_its_edge() -> None:
    flow = Caliper(CaliperKind.OUTLINE, A4C_UID, 1, ((10.0, -5.0), (90.0, 10.0), (20.0, 70.0)))
    value = measurement("lvot_vti", 20.0, sources=(FrameReference(A4C_UID, 1),), calipers=(flow,))
    (region,) = regions(report(value, clips=(clip_findings(view=View.DOPPLER_AV_PW, contours=()),)))
    assert points(region) == [[10.5, 0.0], [80.0, 10.5], [20.5, 60.0], [10.5, 0.0]]


def test_a_mark_on_a_frame_that_the_object_lacks_makes_no_document() -> None:
    value = replace(diameter(line(3)), calipers=(line(21),))
    with pytest.raises(DocumentError, match="does not have"):
        report(value)


def test_without_a_view_the_value_stands_alone() -> None:
    found = report(diameter(line()), clips=(replace(PLAX, view=None),))
    assert regions(found) == []
    assert number(found, "LVIDd")


def test_a_single_frame_object_is_drawn_on_without_a_frame_number() -> None:
    value = diameter(line(1))
    findings = study_findings(clips=(replace(PLAX, number_of_frames=1),), measurements=(value,), not_measured=())
    (region,) = regions(built(findings, evidence(source_header(frames=None))))
    assert "ReferencedFrameNumber" not in next(items(region, value_type="IMAGE")).ReferencedSOPSequence[0]


@pytest.mark.slow
def test_highdicom_reads_marks_with_their_values() -> None:
    jet = Caliper(CaliperKind.POINT, A2C_UID, 1, ((33.0, 12.5),))
    clips = (PLAX, clip_findings(A2C_UID, View.DOPPLER_AV_CW, contours=()))
    fastest = measurement("av_vmax", 3.1, sources=(FrameReference(A2C_UID, 1),), calipers=(jet,))
    content = hd.sr.ComprehensiveSR.from_dataset(report(diameter(line()), fastest, clips=clips)).content
    drawn = content.get_planar_roi_measurement_groups()
    kinds = [group.roi.graphic_type for group in drawn]
    assert kinds == [hd.sr.GraphicTypeValues.POLYLINE, hd.sr.GraphicTypeValues.POINT]
    assert [[value.value for value in group.get_measurements()] for group in drawn] == [[5.1], [3.1]]


@pytest.mark.slow
@pytest.mark.parametrize("template", ["tid1500", "tid5200", "tid5300"])
def test_every_dialect_names_the_marks_and_stays_as_its_template_has_it(template: str) -> None:
    jet = Caliper(CaliperKind.POINT, A2C_UID, 1, ((33.0, 12.5),))
    clips = (PLAX, clip_findings(A2C_UID, View.DOPPLER_AV_CW, contours=()))
    values = (
        diameter(line(3), line(13), beats=2),
        measurement("av_vmax", 3.1, sources=(FrameReference(A2C_UID, 1),), calipers=(jet,)),
        measurement("fs_2d", 40.0),
    )
    findings = study_findings(clips=clips, measurements=values, not_measured=())
    (document,) = build_templates(findings, evidence(), identity(), [WantedDocument(template)])
    written = dcmread(BytesIO(document_bytes(document)))
    by_value = {
        float(num.MeasuredValueSequence[0].NumericValue): [
            (mark.RelationshipType, mark.GraphicType, *frame_of(mark)) for mark in items(num, value_type="SCOORD", deep=False)
        ]
        for num in items(written, value_type="NUM")
        if num.RelationshipType == "CONTAINS"
    }
    assert {value: by_value[value] for value in (5.1, 3.1, 40.0)} == {
        5.1: [("INFERRED FROM", "POLYLINE", A4C_UID, 3), ("INFERRED FROM", "POLYLINE", A4C_UID, 13)],
        3.1: [("INFERRED FROM", "POINT", A2C_UID, 1)],
        40.0: [],
    }
    assert check_document(written) == ()
