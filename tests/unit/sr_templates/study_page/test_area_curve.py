"""The curve of areas runs from the first to the last, and not over frames that nobody outlined."""

from models.results import ClipFindings
from sr_templates.study_page.area_curve import area_curve


def found(*areas_cm2: float | None) -> ClipFindings:
    times = tuple(40.0 * index for index in range(len(areas_cm2)))
    return ClipFindings("1.2.3", 60, 80, len(areas_cm2), frame_times_ms=times, area_curve_cm2=areas_cm2)


def test_the_curve_runs_from_its_first_to_its_last_area() -> None:
    curve = area_curve(found(30.0, 20.0, 30.0))
    assert curve is not None
    (line,) = curve.lines
    first, middle, last = (tuple(map(float, point.split(","))) for point in line.split())
    assert first[0] == 0
    assert (middle[0] * 2, first[1]) == (last[0], last[1])
    assert middle[1] > first[1], "SVG counts downwards"
    assert curve.caption == "20.0 to 30.0 cm² over 80 ms"


def test_no_line_crosses_frames_that_were_not_outlined() -> None:
    curve = area_curve(found(None, 30.0, 29.0, None, None, 20.0, None))
    assert curve is not None
    assert [len(line.split()) for line in curve.lines] == [2, 1]
    assert curve.caption == "20.0 to 30.0 cm² over 160 ms"


def test_without_areas_there_is_no_curve() -> None:
    assert area_curve(found(None, 20.0)) is None
    assert area_curve(found()) is None
