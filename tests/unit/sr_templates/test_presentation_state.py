"""Softcopy presentation states: the right kind, graphics where the marks are, and an image that stays as it is."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from highdicom import pr
from PIL import ImageCms
from pydicom import dcmread
from pydicom.dataset import Dataset

from models.results import Caliper, CaliperKind, Contour, FrameReference, StudyFindings
from node.egress.built_files import document_bytes
from sr_templates import presentation_state
from sr_templates.errors import DocumentError
from tests.factories import (
    A4C_UID,
    RELEASED_WEIGHTS,
    clip_findings,
    evidence,
    identity,
    lv_contours,
    measurement,
    source_header,
    study_findings,
)

LINE = Caliper(CaliperKind.LINE, A4C_UID, 4, ((20.0, 10.0), (25.0, 40.0)))
PEAK = Caliper(CaliperKind.POINT, A4C_UID, 4, ((70.0, 5.0),))


def _findings(**changes: Any) -> StudyFindings:
    """An A4C with an outline on each of its first twelve frames; values of the first and eleventh, calipers on the fourth."""
    clip = clip_findings(contours=lv_contours(range(12)), models=(RELEASED_WEIGHTS,))
    fourth = (FrameReference(A4C_UID, 4),)
    values = (
        measurement("lvedv_a4c", 118.0),
        measurement("lvesv_a4c", 53.04),
        measurement("lvidd_2d", 4.61, sources=fourth, calipers=(LINE,)),
        measurement("av_vmax", 3.124, sources=fourth, calipers=(PEAK,)),
    )
    of_study = study_findings(clips=(clip,), measurements=values, not_measured=(), models=(RELEASED_WEIGHTS,))
    return replace(of_study, **changes)


def _state(findings: StudyFindings | None = None, **attributes: Any) -> Dataset:
    header = source_header(A4C_UID, **{"PhotometricInterpretation": "RGB", **attributes})
    (document,) = presentation_state.build(findings or _findings(), evidence(header), identity())
    assert document.part == A4C_UID
    return dcmread(BytesIO(document_bytes(document)))


def _of_frame(state: Dataset, number: int, layer: str) -> Dataset:
    (item,) = (
        one
        for one in state.GraphicAnnotationSequence
        if (one.ReferencedImageSequence[0].ReferencedFrameNumber, one.GraphicLayer) == (number, layer)
    )
    return item


@pytest.mark.parametrize(
    ("photometric", "kind"),
    [
        ("RGB", "Color"),
        ("YBR_FULL_422", "Color"),
        ("PALETTE COLOR", "Color"),
        ("MONOCHROME2", "Grayscale"),
        ("MONOCHROME1", "Grayscale"),
        (None, "Color"),
    ],
)
def test_the_kind_of_state_is_that_of_the_image(photometric: str | None, kind: str) -> None:
    attributes = {} if photometric is None else {"PhotometricInterpretation": photometric}
    (document,) = presentation_state.build(_findings(), evidence(source_header(A4C_UID, **attributes)), identity())
    assert document.dataset.SOPClassUID.name == f"{kind} Softcopy Presentation State Storage"
    assert document.dataset.Modality == "PR"
    assert document.dataset.SeriesDescription == "EchoNode marks #1 A4C, revision 1"


def test_every_frame_has_its_outline_where_the_segmentation_has_it() -> None:
    state = _state()
    numbers = {item.ReferencedImageSequence[0].ReferencedFrameNumber for item in state.GraphicAnnotationSequence}
    assert numbers == set(range(1, 13))
    for contour in _findings().clips[0].contours:
        graphic = _of_frame(state, contour.frame_index + 1, "MARKS").GraphicObjectSequence[0]
        assert (graphic.GraphicType, graphic.GraphicAnnotationUnits, graphic.GraphicFilled) == ("POLYLINE", "PIXEL", "N")
        expected = [value + 0.5 for point in (*contour.points_px, contour.points_px[0]) for value in point]
        assert list(graphic.GraphicData) == pytest.approx(expected, rel=1e-6)
        assert graphic.NumberOfGraphicPoints == len(contour.points_px) + 1


def test_calipers_stand_with_their_values_on_their_frame() -> None:
    fourth = _of_frame(_state(), 4, "MARKS")
    _, line, peak = fourth.GraphicObjectSequence
    assert (line.GraphicType, list(line.GraphicData)) == ("POLYLINE", [20.5, 10.5, 25.5, 40.5])
    assert "GraphicFilled" not in line
    assert (peak.GraphicType, list(peak.GraphicData), peak.NumberOfGraphicPoints) == ("POINT", [70.5, 5.5], 1)
    labels = {text.UnformattedTextValue: list(text.AnchorPoint) for text in fourth.TextObjectSequence}
    assert labels == {"LVIDd 4.61 cm": [25.5, 40.5], "AV Vmax 3.12 m/s": [70.5, 5.5]}
    assert "TextObjectSequence" not in _of_frame(_state(), 1, "MARKS")


def test_marks_that_are_no_places_are_left_out_and_points_are_single_graphics() -> None:
    fourth = (FrameReference(A4C_UID, 4),)
    peaks = replace(PEAK, points_px=((70.0, 5.0), (30.0, 6.0)))
    lost = replace(LINE, points_px=((float("nan"), 1.0), (2.0, 2.0)))
    value = measurement("av_vmax", 3.124, sources=fourth, calipers=(peaks, lost, replace(LINE, points_px=())))
    state = _state(_findings(measurements=(value,)))
    graphics = _of_frame(state, 4, "MARKS").GraphicObjectSequence
    assert [list(one.GraphicData) for one in graphics] == [[70.5, 5.5], [30.5, 6.5]]


def test_values_stand_in_the_corner_of_the_frames_they_came_from() -> None:
    state = _state()
    (text,) = _of_frame(state, 1, "VALUES").TextObjectSequence
    lines = text.UnformattedTextValue.split("\r\n")
    assert lines == ["LVEDV A4C MOD 118 mL", "Drawn by an algorithm and confirmed by nobody: not for diagnosis"]
    layers = [item.GraphicLayer for item in state.GraphicAnnotationSequence]
    assert layers.count("VALUES") == 3
    assert {layer.GraphicLayer for layer in state.GraphicLayerSequence} == set(layers)


def test_no_graphic_lies_outside_the_image() -> None:
    outside = Contour("lv", 0, ((-5.0, -5.0), (90.0, -5.0), (90.0, 70.0), (-5.0, 70.0)))
    clip = clip_findings(contours=(outside,), models=(RELEASED_WEIGHTS,))
    state = _state(_findings(clips=(clip,), measurements=(measurement("lvedv_a4c", 118.0),)))
    data = _of_frame(state, 1, "MARKS").GraphicObjectSequence[0].GraphicData
    assert list(data) == [0, 0, 80, 0, 80, 60, 0, 60, 0, 0]


def test_a_grey_image_keeps_its_own_grey_scale() -> None:
    stated = {"WindowCenter": ["100", "50"], "WindowWidth": ["200", "60"], "RescaleSlope": "2", "RescaleIntercept": "-1"}
    state = _state(PhotometricInterpretation="MONOCHROME2", **stated)
    (window,) = state.SoftcopyVOILUTSequence
    assert (window.WindowCenter, window.WindowWidth) == (100, 200)
    assert (state.RescaleSlope, state.RescaleIntercept, state.RescaleType) == (2, -1, "US")
    assert state.PresentationLUTShape == "IDENTITY"
    assert "ICCProfile" not in state
    plain = _state(PhotometricInterpretation="MONOCHROME1")
    assert "SoftcopyVOILUTSequence" not in plain
    assert plain.PresentationLUTShape == "INVERSE"


def test_a_coloured_image_keeps_its_own_profile_and_is_srgb_without_one() -> None:
    srgb = _state().ICCProfile
    assert (srgb[12:16], srgb[16:20]) == (b"scnr", b"RGB ")
    assert "sRGB" in str(ImageCms.getProfileName(ImageCms.ImageCmsProfile(BytesIO(srgb))))
    assert _state(ICCProfile=b"its own!").ICCProfile == b"its own!"
    assert _state() == _state()


def test_all_of_the_image_is_displayed_in_its_own_shape() -> None:
    (area,) = _state(PixelAspectRatio=["2", "3"]).DisplayedAreaSelectionSequence
    assert (list(area.DisplayedAreaTopLeftHandCorner), list(area.DisplayedAreaBottomRightHandCorner)) == ([1, 1], [80, 60])
    assert list(area.PresentationPixelAspectRatio) == [2, 3]
    assert list(_state().DisplayedAreaSelectionSequence[0].PresentationPixelAspectRatio) == [1, 1]


def test_the_state_refers_to_the_whole_clip() -> None:
    (series,) = _state().ReferencedSeriesSequence
    (image,) = series.ReferencedImageSequence
    assert image.ReferencedSOPInstanceUID == A4C_UID
    assert "ReferencedFrameNumber" not in image


def test_highdicom_takes_the_graphics_for_what_they_are() -> None:
    for item in _state().GraphicAnnotationSequence:
        for graphic in item.get("GraphicObjectSequence", []):
            points = np.array(graphic.GraphicData).reshape(-1, 2)
            again = pr.GraphicObject(graphic.GraphicType, points, units=graphic.GraphicAnnotationUnits)
            for element in again:
                closed = points[0].tolist() == points[-1].tolist() and len(points) > 1
                if element.keyword != "GraphicFilled" or closed:  # it says so of open lines as well
                    assert element.value == graphic[element.tag].value


def test_phantom_weights_are_marked_and_kept_from_patients() -> None:
    phantom = _findings(clips=(clip_findings(contours=lv_contours(range(12))),))
    state = _state(phantom)
    assert state.ContentDescription == "RESEARCH USE ONLY - weights trained on synthetic phantoms"
    assert state.SeriesDescription.startswith("RESEARCH: ")
    (text,) = _of_frame(state, 1, "VALUES").TextObjectSequence
    assert text.UnformattedTextValue.startswith("RESEARCH USE ONLY")
    with pytest.raises(DocumentError, match="must not put a number on a patient"):
        _state(phantom, QualityControlSubject=None)


def test_marks_of_an_image_of_another_size_are_refused() -> None:
    with pytest.raises(DocumentError, match="another size"):
        _state(Rows=61)
    assert presentation_state.build(_findings(measurements=()), evidence(source_header(A4C_UID)), identity()) == ()
