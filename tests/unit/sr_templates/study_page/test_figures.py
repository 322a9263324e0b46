"""Which frames are shown, how they are cut, and what is drawn on them."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset

from models.results import Caliper, CaliperKind, Contour, FrameReference
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence
from sr_templates.study_page.contents import Figure
from tests.factories import A4C_UID, PHANTOM_WEIGHTS, clip_findings, ellipse, measurement, source_header, study_findings
from tests.unit.sr_templates.study_page.pages import evidence_of, field_of, page_of


def region(x0: int, y0: int, x1: int, y1: int) -> Dataset:
    item = Dataset()
    item.RegionLocationMinX0, item.RegionLocationMinY0 = x0, y0
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = x1, y1
    return item


def pixels(figure: Figure) -> NDArray[np.int16]:
    """RGB (rows, columns, 3), int16, 0 to 255."""
    return np.asarray(Image.open(io.BytesIO(figure.jpeg)), dtype=np.int16)


def yellow(figure: Figure) -> NDArray[np.bool_]:
    """(rows, columns), bool: true where something is drawn."""
    picture = pixels(figure)
    return np.asarray(picture[..., 0] - picture[..., 2] > 60)


def test_each_frame_is_one_figure_however_many_values_came_from_it() -> None:
    page = page_of(evidence=evidence_of(pixels=True))
    assert [(figure.number, figure.title, figure.place) for figure in page.figures] == [
        (1, "Apical four chamber, end-diastole", "clip 1, frame 1"),
        (2, "Apical four chamber, end-systole", "clip 1, frame 11"),
        (3, "Apical two chamber, end-diastole", "clip 2, frame 1"),
        (4, "Apical two chamber, end-systole", "clip 2, frame 11"),
    ]
    assert [source.figures for source in field_of(page, "ef_bp").sources] == [(1, 2), (3, 4)]
    assert page.figures[0].values == ("LVEDV A4C MOD 118.0 mL", "LV length ED A4C 8.46 cm")
    assert page.figures[0].description == (
        "Apical four chamber, clip 1, frame 1 at end-diastole, with the outline of the left ventricle"
    )


def test_of_several_beats_the_first_is_shown() -> None:
    sources = tuple(FrameReference(A4C_UID, number) for number in (3, 13, 23))
    page = page_of(study_findings(measurements=(measurement("ef_a4c", 50.0, sources=sources, beats=3),)))
    assert [figure.place for figure in page.figures] == ["clip 1, frame 3"]
    (source,) = field_of(page, "ef_a4c").sources
    assert (source.frames, source.figures) == ("frames 3, 13, 23", (1,))


def test_the_outline_is_drawn_where_it_is() -> None:
    figure = page_of(evidence=evidence_of(pixels=True)).figures[0]
    drawn = yellow(figure)
    rows, columns = np.nonzero(drawn)
    scale = figure.width_px / 80
    assert (figure.width_px, figure.height_px) == (560, 420)
    assert abs(columns.min() / scale - 30) < 1.5, "the ellipse of the factory is 10 px wide to each side of x 40"
    assert abs(columns.max() / scale - 50) < 1.5
    assert abs(rows.min() / scale - 12) < 1.5


def test_the_frame_is_the_one_that_is_named() -> None:
    first, second, *_ = page_of(evidence=evidence_of(pixels=True)).figures
    assert abs(int(pixels(first)[2, 2, 0]) - 1) <= 2
    assert abs(int(pixels(second)[2, 2, 0]) - 11) <= 2


def test_only_outlines_that_gave_a_value_are_drawn() -> None:
    atrium = Contour("la", 0, ellipse((15.0, 15.0), (8.0, 8.0)))
    clip = clip_findings(contours=(*clip_findings().contours, atrium))
    lv = study_findings(clips=(clip,), measurements=(measurement("lvedv_a4c", 100.0),))
    drawn = yellow(page_of(lv, evidence_of(pixels=True)).figures[0])
    assert not drawn[:, : drawn.shape[1] // 4].any()
    both = study_findings(
        clips=(clip,), measurements=(measurement("la_area_a4c", 18.0, sources=(FrameReference(A4C_UID, 1),)),)
    )
    drawn = yellow(page_of(both, evidence_of(pixels=True)).figures[0])
    assert drawn[:, : drawn.shape[1] // 4].any()


def test_calipers_are_drawn_in_place_of_an_outline() -> None:
    line = Caliper(CaliperKind.LINE, A4C_UID, 1, ((5.0, 5.0), (5.0, 25.0)))
    elsewhere = Caliper(CaliperKind.LINE, A4C_UID, 2, ((70.0, 5.0), (70.0, 25.0)))
    value = measurement(
        "lvidd_2d", 4.5, sources=(FrameReference(A4C_UID, 1),), calipers=(line, elsewhere), model=PHANTOM_WEIGHTS.name
    )
    figure = page_of(study_findings(measurements=(value,)), evidence_of(pixels=True)).figures[0]
    drawn = yellow(figure)
    assert drawn[:, :70].any()
    assert not drawn[:, 200:].any(), "neither the outline nor the caliper of another frame"
    assert figure.description.endswith("with the marks of the measurement")


def test_the_picture_is_cut_to_the_region_of_its_marks() -> None:
    """Outside stand the patient's name and the settings of the cart."""
    regions = [region(0, 0, 19, 19), region(20, 5, 69, 54), region(0, 0, 79, 59)]
    figure = page_of(evidence=evidence_of(pixels=True, regions=regions)).figures[0]
    assert figure.width_px == figure.height_px
    columns = np.nonzero(yellow(figure))[1]
    assert abs(columns.min() / (figure.width_px / 50) - 10) < 1.5


@pytest.mark.parametrize("regions", [[region(0, 0, 10, 10)], [Dataset()], [region(70, 50, 900, 900)]])
def test_regions_that_do_not_hold_the_marks_cut_nothing(regions: list[Dataset]) -> None:
    figure = page_of(evidence=evidence_of(pixels=True, regions=regions)).figures[0]
    assert (figure.width_px, figure.height_px) == (560, 420)


def test_without_pixels_the_numbers_stand_alone() -> None:
    def unreadable(uid: str, frame: int) -> NDArray[np.uint8]:
        """RGB (rows, columns, 3), uint8, 0 to 255: never."""
        raise DocumentError("an object cannot be shown")

    evidence = evidence_of()
    for found in (evidence, Evidence(evidence.headers, evidence.newest, frame_of=unreadable)):
        page = page_of(evidence=found)
        assert len(page.figures) == 4
        assert all(figure.jpeg == b"" for figure in page.figures)


def test_the_same_study_makes_the_same_pictures() -> None:
    assert page_of(evidence=evidence_of(pixels=True)) == page_of(evidence=evidence_of(pixels=True))


def test_a_value_of_a_single_image_has_its_figure() -> None:
    evidence = Evidence.from_headers([source_header(A4C_UID, frames=None)])
    value = measurement("lvidd_2d", 4.5, sources=(FrameReference(A4C_UID, 1),))
    page = page_of(study_findings(clips=(clip_findings(),), measurements=(value,)), evidence)
    assert [figure.number for figure in page.figures] == [1]
