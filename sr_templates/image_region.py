"""Where in an image values came from: the outline itself (TID 1410 rows 5 and 6), or the frame (TID 1501 rows 10c and 10d).

Every group with a value has such a region. Viewers jump to it, draw it and write the values beside it; OHIF 3.13 shows no group
of a report in which one has none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from highdicom import sr
from pydicom.sr.coding import Code

from models.catalogue import QUANTITIES, Method, View
from models.results import ClipFindings, Contour, FrameReference, Measurement, StudyFindings
from sr_templates import codes
from sr_templates.copied_values import text_of
from sr_templates.evidence import Evidence
from sr_templates.measurement_items import acquisition, frame_numbers
from sr_templates.quantity_codes import QUANTITY_CODES

_BY_OUTLINE = frozenset({Method.DISCS_SINGLE_PLANE, Method.DISCS_BIPLANE, Method.OUTLINE})


@dataclass(frozen=True)
class OutlinedRegion:
    """An outline on one frame, and the values that came from it: those of its like on other frames of the clip as well, where
    it is their first.
    """

    clip: ClipFindings
    view: View
    contour: Contour
    frame: FrameReference
    measurements: tuple[Measurement, ...] = ()

    @property
    def method(self) -> Code | None:
        return QUANTITY_CODES[self.measurements[0].key].method if self.measurements else None

    def gave(self, measurement: Measurement) -> bool:
        """Not a value of two clips; nor one of another method, of which a group states one."""
        return (
            _outlined(measurement)
            and QUANTITIES[measurement.key].structure == self.contour.structure
            and measurement.sources[:1] == (self.frame,)
            and {source.sop_instance_uid for source in measurement.sources} == {self.frame.sop_instance_uid}
            and all(_method(measurement) == _method(other) for other in self.measurements)
        )


def outlined_regions(findings: StudyFindings, evidence: Evidence) -> tuple[OutlinedRegion, ...]:
    """Of every frame whose outline a value came from, in the order of clips and frames."""
    regions: dict[tuple[int, int, str], OutlinedRegion] = {}
    for measurement in filter(_outlined, findings.measurements):
        for source in measurement.sources:
            for number, clip in enumerate(findings.clips):
                contour = _contour(clip, source, measurement, evidence)
                if contour is not None and clip.view is not None:
                    place = (number, source.frame_number, contour.structure)
                    regions.setdefault(place, OutlinedRegion(clip, clip.view.view, contour, source))
    for measurement in findings.measurements:
        for place, region in regions.items():
            if region.gave(measurement):
                regions[place] = replace(region, measurements=(*region.measurements, measurement))
    return tuple(regions[place] for place in sorted(regions))


def _method(measurement: Measurement) -> str:
    method = QUANTITY_CODES[measurement.key].method
    return "" if method is None else method.value


def _outlined(measurement: Measurement) -> bool:
    return QUANTITIES[measurement.key].method in _BY_OUTLINE


def _contour(clip: ClipFindings, source: FrameReference, measurement: Measurement, evidence: Evidence) -> Contour | None:
    """None where the outline is another network's, or fits no image of this size: then the value stands without one."""
    if clip.sop_instance_uid != source.sop_instance_uid or measurement.model not in ("", clip.outlined_by):
        return None
    header, structure = evidence.header(clip.sop_instance_uid), QUANTITIES[measurement.key].structure
    if (str(clip.rows), str(clip.columns)) != (text_of(header, "Rows"), text_of(header, "Columns")):
        return None
    for contour in clip.contours:
        if (contour.structure, contour.frame_index) == (structure, source.frame_number - 1):
            return contour if len(contour.points_px) > 2 and np.isfinite(contour.points_px).all() else None
    return None


def image_region(region: OutlinedRegion, evidence: Evidence) -> sr.ImageRegion:
    """SCOORD, a closed POLYLINE: its first vertex comes again at the end (PS3.3 C.18.6.1.2).

    Half a pixel more than our points, whose (0, 0) is the centre of the top left pixel (PS3.3 C.18.6.1.1); none lies outside
    the image.
    """
    points = np.clip(np.asarray(region.contour.points_px) + 0.5, 0.0, (region.clip.columns, region.clip.rows))
    source = _source(region.frame, region.view, evidence)
    return sr.ImageRegion(sr.GraphicTypeValues.POLYLINE, np.vstack([points, points[:1]]), source)


def whole_frame(frame: FrameReference, view: View | None, evidence: Evidence) -> sr.ScoordContentItem | None:
    """The edges of the image: nothing narrower is known. None where the header does not say how large it is."""
    header = evidence.header(frame.sop_instance_uid)
    rows, columns = text_of(header, "Rows"), text_of(header, "Columns")
    if not (rows.isdecimal() and columns.isdecimal()):
        return None
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * [float(columns), float(rows)]
    item = sr.ScoordContentItem(
        codes.SOURCE_OF_MEASUREMENT,
        sr.GraphicTypeValues.POLYLINE,
        corners,
        relationship_type=sr.RelationshipTypeValues.CONTAINS,
    )
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


def drawn_keys(regions: Sequence[OutlinedRegion]) -> Iterator[str]:
    """The values that stand with an outline, each once."""
    return (measurement.key for region in regions for measurement in region.measurements)
