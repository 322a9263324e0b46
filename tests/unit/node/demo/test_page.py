"""The area curve on the demo's page, and that no text on it is markup."""

from models.results import ClipFindings
from node.db.audit import AuditReport
from node.demo.page import ClipCard, KeyFrame, area_curves, rendered
from node.demo.summary import Summary


def found(*areas_cm2: float | None) -> ClipFindings:
    times = tuple(40.0 * index for index in range(len(areas_cm2)))
    return ClipFindings("1.2.3", 60, 80, len(areas_cm2), frame_times_ms=times, area_curve_cm2=areas_cm2)


def test_the_curve_runs_from_its_first_to_its_last_area() -> None:
    (curve,), limits = area_curves(found(30.0, 20.0, 30.0))
    first, middle, last = (tuple(map(float, point.split(","))) for point in curve.split())
    assert first[0] == 0
    assert (middle[0] * 2, first[1]) == (last[0], last[1])
    assert middle[1] > first[1], "SVG counts downwards"
    assert limits == "LV area 20.0 to 30.0 cm² over 80 ms"


def test_no_line_crosses_frames_that_were_not_outlined() -> None:
    curves, limits = area_curves(found(None, 30.0, 29.0, None, None, 20.0, None))
    assert [len(curve.split()) for curve in curves] == [2, 1]
    assert limits == "LV area 20.0 to 30.0 cm² over 160 ms"


def test_without_areas_there_is_no_curve() -> None:
    assert area_curves(found(None, 20.0)) == area_curves(found()) == ((), "")


def test_no_text_on_the_page_is_markup() -> None:
    hostile = "<script>alert(1)</script>"
    flag = {"issue": "tolerated", "sop_instance_uid": None, "message": hostile}
    row = {
        "template": "seg", "modality": hostile, "sop_class_uid": hostile, "destination": hostile, "delivered": False,
        "path": None, "committed": None,
    }  # fmt: skip
    report = AuditReport(1, 1, verified=False, problem=hostile)
    missing = {"key": "ef_bp", "reasons": [hostile], "detail": hostile}
    summary = Summary(hostile, [row], [], [missing], [flag], {hostile: 1.0}, report, None)
    page = rendered(summary, [ClipCard(hostile, (hostile,), (KeyFrame(hostile, ""),), (), hostile)])
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") >= 8
