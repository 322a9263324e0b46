"""Softcopy presentation states: outlines, calipers and values as graphics that a viewer lays over the clip itself.

The image is shown as it is. Ultrasound in colour has the Color Softcopy Presentation State (PS3.3 A.33.2), a grey clip the
Grayscale one (PS3.3 A.33.1): a state of the wrong kind is shown by nobody.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from highdicom.color import CIELabColor
from numpy.typing import NDArray
from PIL import ImageCms
from pydicom.dataset import Dataset
from pydicom.uid import ColorSoftcopyPresentationStateStorage, GrayscaleSoftcopyPresentationStateStorage

from models.results import Caliper, CaliperKind, Point, StudyFindings
from sr_templates.copied_values import copied_list, text_of
from sr_templates.document import BuiltDocument, DocumentKind, reference_to, referenced_series, start_document
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from sr_templates.marked_frames import NOT_CONFIRMED, MarkedClip, marked_clips, value_text
from sr_templates.patient_safety import may_show, refuse_numbers_on_patients, research_mark

KIND = DocumentKind("gsps", ColorSoftcopyPresentationStateStorage, "PR", 9700, "EchoNode marks")
GREY_KIND = DocumentKind("gsps", GrayscaleSoftcopyPresentationStateStorage, "PR", 9700, "EchoNode marks")

_MARKS, _VALUES = "MARKS", "VALUES"  # graphic layers, which a viewer hides one by one
_YELLOW = (255, 220, 0)
_UNCHANGED = {"MONOCHROME1": "INVERSE", "MONOCHROME2": "IDENTITY"}  # Presentation LUT Shape that changes nothing
_LONGEST_ST = 1024
Size = tuple[int, int]  # columns, rows


def build(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> tuple[BuiltDocument, ...]:
    """One object per clip with marks, its part the clip's SOP Instance UID.

    Nothing of a patient's study measured by phantom-trained weights. Raises DocumentError for marks that do not fit their
    object.
    """
    refuse_numbers_on_patients(findings, evidence)
    if not may_show(findings, evidence):
        return ()
    clips = enumerate(marked_clips(findings, evidence), start=1)
    return tuple(_build_one(marked, number, findings, evidence, identity) for number, marked in clips)


def _build_one(
    marked: MarkedClip, number: int, findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity
) -> BuiltDocument:
    part, mark = marked.clip.sop_instance_uid, research_mark(findings)
    source = evidence.header(part)
    unchanged = _UNCHANGED.get(text_of(source, "PhotometricInterpretation"), "")
    document = start_document(
        GREY_KIND if unchanged else KIND,
        evidence,
        identity,
        part=part,
        part_number=number,
        mark=mark,
        subject=f"#{number} {marked.view}",
        models=marked.clip.models or findings.models,
    )
    document.PresentationCreationDate, document.PresentationCreationTime = document.ContentDate, document.ContentTime
    del document.ContentDate, document.ContentTime
    document.BodyPartExamined = "HEART"
    document.ContentLabel = "ECHONODE_MARKS"
    document.ContentDescription = mark or "Marks that values were read from"
    document.ContentCreatorName = ""  # of a person; the algorithm has its own attributes
    document.ReferencedSeriesSequence = referenced_series([source], "ReferencedImageSequence")
    document.DisplayedAreaSelectionSequence = [_whole_image(source)]
    document.GraphicLayerSequence = [_layer(name, order) for order, name in enumerate((_MARKS, _VALUES), start=1)]
    document.GraphicAnnotationSequence = _annotations(marked, source, mark, evidence)
    document.update(_grey(source, unchanged) if unchanged else _colour(source))
    return BuiltDocument(KIND.template, part, document)


def _whole_image(source: Dataset) -> Dataset:
    """Displayed Area Module (PS3.3 C.10.4): all pixels, as large as there is room."""
    area = Dataset()
    area.DisplayedAreaTopLeftHandCorner = [1, 1]
    area.DisplayedAreaBottomRightHandCorner = [int(source.Columns), int(source.Rows)]
    area.PresentationSizeMode = "SCALE TO FIT"
    ratio = copied_list(source, "PixelAspectRatio").element
    area.PresentationPixelAspectRatio = [1, 1] if ratio is None else list(ratio.value)
    return area


def _layer(name: str, order: int) -> Dataset:
    layer = Dataset()
    layer.GraphicLayer, layer.GraphicLayerOrder = name, order
    layer.GraphicLayerRecommendedDisplayCIELabValue = list(CIELabColor.from_rgb(*_YELLOW).value)
    return layer


def _annotations(marked: MarkedClip, source: Dataset, mark: str, evidence: Evidence) -> list[Dataset]:
    """Items of Graphic Annotation Sequence (0070,0001): of every frame its outlines, calipers and, in words, its values."""
    of_frames = {frame.frame_number: frame for frame in marked.frames}
    size = (marked.clip.columns, marked.clip.rows)
    items = []
    for number in sorted({*of_frames, *(contour.frame_index + 1 for contour in marked.outlines)}):
        frame = of_frames.get(number)
        calipers = frame.calipers if frame else ()
        graphics = [_polyline(one.points_px, size, closed=True) for one in marked.outlines if one.frame_index + 1 == number]
        graphics += (graphic for one in calipers for graphic in _caliper(one, size))
        texts = [_label(one, size) for one in calipers if one.label]
        items.append(_annotation(_MARKS, graphics, texts, source, number, evidence))
        if frame is not None:
            lines = [mark, *map(value_text, frame.values), NOT_CONFIRMED]
            items.append(_annotation(_VALUES, [], [_in_the_corner(lines)], source, number, evidence))
    return items


def _annotation(
    layer: str, graphics: Sequence[Dataset], texts: Sequence[Dataset], source: Dataset, frame_number: int, evidence: Evidence
) -> Dataset:
    item, image = Dataset(), reference_to(source)
    if evidence.number_of_frames(text_of(source, "SOPInstanceUID")) is not None:
        image.ReferencedFrameNumber = frame_number
    item.ReferencedImageSequence = [image]
    item.GraphicLayer = layer
    if texts:
        item.TextObjectSequence = list(texts)
    if graphics:
        item.GraphicObjectSequence = list(graphics)
    return item


def _caliper(caliper: Caliper, size: Size) -> list[Dataset]:
    """A graphic of type POINT has one point: several are several."""
    if caliper.kind is CaliperKind.POINT:
        return [_graphic("POINT", _in_image([point], size)) for point in caliper.points_px]
    return [_polyline(caliper.points_px, size, closed=caliper.kind is CaliperKind.OUTLINE)]


def _polyline(points_px: Sequence[Point], size: Size, *, closed: bool) -> Dataset:
    """Closed by its first point coming again (PS3.3 C.10.5.1.2)."""
    points = _in_image(points_px, size)
    graphic = _graphic("POLYLINE", np.vstack([points, points[:1]]) if closed else points)
    if closed:
        graphic.GraphicFilled = "N"
    return graphic


def _graphic(kind: str, points: NDArray[np.float64]) -> Dataset:
    graphic = Dataset()
    graphic.GraphicAnnotationUnits = "PIXEL"
    graphic.GraphicDimensions = 2
    graphic.NumberOfGraphicPoints = len(points)
    graphic.GraphicData = [float(value) for value in points.ravel()]
    graphic.GraphicType = kind
    return graphic


def _in_image(points_px: Sequence[Point], size: Size) -> NDArray[np.float64]:
    """(n, 2) px with (0, 0) the outer corner of the top left pixel (PS3.3 C.10.5.1.2), half a pixel more than our points."""
    return np.clip(np.asarray(points_px, dtype=np.float64) + 0.5, 0.0, size)


def _label(caliper: Caliper, size: Size) -> Dataset:
    """Beside the end of the caliper that lies furthest to the right."""
    text = Dataset()
    text.UnformattedTextValue = caliper.label[:_LONGEST_ST]
    text.AnchorPointAnnotationUnits = "PIXEL"
    text.AnchorPoint = [float(value) for value in _in_image([max(caliper.points_px)], size)[0]]
    text.AnchorPointVisibility = "N"
    return text


def _in_the_corner(lines: Iterable[str]) -> Dataset:
    """In the upper left of what is displayed, whatever of the image that is."""
    text = Dataset()
    text.UnformattedTextValue = "\r\n".join(filter(None, lines))[:_LONGEST_ST]
    text.BoundingBoxAnnotationUnits = "DISPLAY"
    text.BoundingBoxTopLeftHandCorner, text.BoundingBoxBottomRightHandCorner = [0.02, 0.02], [0.7, 0.3]
    text.BoundingBoxTextHorizontalJustification = "LEFT"
    return text


def _grey(source: Dataset, shape: str) -> Dataset:
    """The grey scale that the image states for itself, which a state without it would switch off (PS3.4 N.2.1)."""
    found, window = Dataset(), Dataset()
    for keyword in ("RescaleIntercept", "RescaleSlope", "RescaleType"):
        if (element := copied_list(source, keyword).element) is not None:
            found.add(element)
    if "RescaleSlope" in found and "RescaleType" not in found:
        found.RescaleType = "US"  # unspecified
    for keyword in ("WindowCenter", "WindowWidth"):
        if (element := copied_list(source, keyword).element) is not None:
            setattr(window, keyword, element.value[0] if element.VM > 1 else element.value)
    if len(window) == 2:
        found.SoftcopyVOILUTSequence = [window]
    found.PresentationLUTShape = shape
    return found


def _colour(source: Dataset) -> Dataset:
    """The image's own colour profile; sRGB, which displays take colours for anyway, where it has none."""
    found = Dataset()
    own = source.get("ICCProfile")
    found.ICCProfile = own if isinstance(own, bytes) and own else _srgb()
    return found


@lru_cache(maxsize=1)
def _srgb() -> bytes:
    """As an input profile, which PS3.3 C.11.15 asks for; its date is constant, so that a document built again is the same."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[12:16] = b"scnr"
    profile[24:36] = bytes.fromhex("07e8000100010000 00000000".replace(" ", ""))
    return bytes(profile) + bytes(len(profile) % 2)
