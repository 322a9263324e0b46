"""Where in an image values came from, as content items: the region of a group, the marks of a value, or the whole frame.

Every group with a value has such a region. Viewers jump to it, draw it and write the values beside it; OHIF 3.13 shows no group
of a report in which one has none.
"""

import numpy as np
from highdicom import sr
from numpy.typing import NDArray

from models.catalogue import View
from models.results import CaliperKind, FrameReference, Measurement, Point
from sr_templates import codes
from sr_templates.copied_values import text_of
from sr_templates.evidence import Evidence
from sr_templates.frame_references import acquisition, frame_numbers

Size = tuple[int, int]  # columns, rows

_POINTS = {CaliperKind.POINT: 1, CaliperKind.LINE: 2}
_CONTAINS, _INFERRED = sr.RelationshipTypeValues.CONTAINS, sr.RelationshipTypeValues.INFERRED_FROM


def image_size(sop_instance_uid: str, evidence: Evidence) -> Size | None:
    """None where the header does not say how large its image is."""
    header = evidence.header(sop_instance_uid)
    rows, columns = text_of(header, "Rows"), text_of(header, "Columns")
    return (int(columns), int(rows)) if rows.isdecimal() and columns.isdecimal() else None


def can_be_drawn(kind: CaliperKind, points_px: tuple[Point, ...], size: Size | None) -> bool:
    """Of an outline that leaves the image the rest is drawn along its edge; a line cut there would be another length."""
    enough = len(points_px) > 2 if kind is CaliperKind.OUTLINE else len(set(points_px)) == len(points_px) == _POINTS[kind]
    if size is None or not enough or not np.isfinite(points_px).all():
        return False
    points = np.asarray(points_px, dtype=np.float64)
    return kind is CaliperKind.OUTLINE or bool((points >= -0.5).all() and (points <= np.asarray(size) - 0.5).all())


def image_region(
    kind: CaliperKind, points_px: tuple[Point, ...], frame: FrameReference, view: View | None, evidence: Evidence
) -> sr.ImageRegion:
    """TID 1410 rows 5 and 6, of points that can be drawn."""
    graphic, points = _graphic(kind, points_px, image_size(frame.sop_instance_uid, evidence))
    return sr.ImageRegion(graphic, points, _source(frame, view, evidence))


def measured_at(measurement: Measurement, evidence: Evidence) -> list[sr.ScoordContentItem]:
    """TID 320 rows 3 and 4: the marks that a value was inferred from, which can be drawn."""
    items = []
    for caliper in measurement.calipers:
        graphic, points = _graphic(caliper.kind, caliper.points_px, image_size(caliper.sop_instance_uid, evidence))
        frame = FrameReference(caliper.sop_instance_uid, caliper.frame_number)
        items.append(_scoord(graphic, points, frame, None, evidence, _INFERRED))
    return items


def whole_frame(frame: FrameReference, view: View | None, evidence: Evidence) -> sr.ScoordContentItem | None:
    """TID 1501 rows 10c and 10d: the edges of the image, where nothing narrower is known; None where its size is not."""
    size = image_size(frame.sop_instance_uid, evidence)
    if size is None:
        return None
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * np.asarray(size, dtype=np.float64)
    return _scoord(sr.GraphicTypeValues.POLYLINE, corners, frame, view, evidence, _CONTAINS)


def _graphic(
    kind: CaliperKind, points_px: tuple[Point, ...], size: Size | None
) -> tuple[sr.GraphicTypeValues, NDArray[np.float64]]:
    """Graphic Type and Graphic Data (points, 2), (column, row): a closed POLYLINE has its first vertex again at the end.

    Half a pixel more than our points, whose (0, 0) is the centre of the top left pixel; none lies outside the image (PS3.3
    C.18.6.1.1, C.18.6.1.2).
    """
    points = np.asarray(points_px, dtype=np.float64) + 0.5
    if size is not None:
        points = np.clip(points, 0.0, np.asarray(size, dtype=np.float64))
    if kind is CaliperKind.POINT:
        return sr.GraphicTypeValues.POINT, points
    return sr.GraphicTypeValues.POLYLINE, np.vstack([points, points[:1]]) if kind is CaliperKind.OUTLINE else points


def _scoord(
    graphic: sr.GraphicTypeValues,
    points: NDArray[np.float64],
    frame: FrameReference,
    view: View | None,
    evidence: Evidence,
    relationship: sr.RelationshipTypeValues,
) -> sr.ScoordContentItem:
    """`points` (points, 2) are Graphic Data."""
    item = sr.ScoordContentItem(codes.SOURCE_OF_MEASUREMENT, graphic, points, relationship_type=relationship)
    item.ContentSequence = sr.ContentSequence([_source(frame, view, evidence)])
    return item


def _source(frame: FrameReference, view: View | None, evidence: Evidence) -> sr.SourceImageForRegion:
    """The one frame that a region is of. highdicom's name for it, 260753009 Source, is in no context group of PS3.16."""
    uid = frame.sop_instance_uid
    numbers = frame_numbers(uid, [frame.frame_number], evidence)
    source = sr.SourceImageForRegion(evidence.header(uid).SOPClassUID, uid, numbers)
    source.ConceptNameCodeSequence = [sr.CodedConcept.from_code(codes.SOURCE_OF_MEASUREMENT)]
    if context := acquisition(frame.phase, view):
        source.ContentSequence = context
    return source
