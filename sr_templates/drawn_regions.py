"""Which regions a report draws, each on one frame and in a group of its own: outlines of structures, marks of values."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from models.catalogue import QUANTITIES, Method, View
from models.results import (
    Caliper,
    CaliperKind,
    ClipFindings,
    Contour,
    FrameReference,
    Measurement,
    ModelUse,
    Point,
    StudyFindings,
)
from sr_templates import algorithm
from sr_templates.evidence import Evidence
from sr_templates.image_region import can_be_drawn, image_size
from sr_templates.quantity_codes import QUANTITY_CODES

_BY_OUTLINE = frozenset({Method.DISCS_SINGLE_PLANE, Method.DISCS_BIPLANE, Method.OUTLINE})


@dataclass(frozen=True)
class DrawnRegion:
    """Points on one frame, drawn by the networks `uses`, and the values that came from them: means as well, where it is their
    first.

    A mark is of the quantity `key` alone, the `number`th of it on this frame; an outline may give several, and has no key.
    """

    structure: str
    view: View
    frame: FrameReference
    kind: CaliperKind
    points_px: tuple[Point, ...]
    uses: tuple[ModelUse, ...]
    key: str = ""
    number: int = 1
    measurements: tuple[Measurement, ...] = ()

    def gave(self, measurement: Measurement) -> bool:
        """Of an outline. Not a value of two clips; nor one of another method, of which a group states one."""
        return (
            _outlined(measurement)
            and QUANTITIES[measurement.key].structure == self.structure
            and measurement.sources[:1] == (self.frame,)
            and {source.sop_instance_uid for source in measurement.sources} == {self.frame.sop_instance_uid}
            and all(_method(measurement) == _method(other) for other in self.measurements)
        )


def drawn_regions(findings: StudyFindings, evidence: Evidence) -> tuple[DrawnRegion, ...]:
    """In the order of clips and frames, of one frame its outlines first."""
    clips = {clip.sop_instance_uid: clip for clip in findings.clips if clip.view is not None and _fits(clip, evidence)}
    marks = (mark for measurement in findings.measurements for mark in _marks(measurement, findings, clips))
    regions = [*_outlines(findings.measurements, clips), *marks]
    order = list(clips)
    places = [(order.index(region.frame.sop_instance_uid), region.frame.frame_number, bool(region.key)) for region in regions]
    return tuple(region for _, region in sorted(zip(places, regions, strict=True), key=lambda pair: pair[0]))


def outlines_used(findings: StudyFindings, evidence: Evidence) -> Mapping[str, Sequence[Contour]]:
    """The outlines that values came from, by the UID of their clip."""
    used: defaultdict[str, list[Contour]] = defaultdict(list)
    for region in drawn_regions(findings, evidence):
        if not region.key:
            contour = Contour(region.structure, region.frame.frame_number - 1, region.points_px)
            used[region.frame.sop_instance_uid].append(contour)
    return used


def with_drawable_marks(findings: StudyFindings, evidence: Evidence) -> StudyFindings:
    """Without the marks that lie outside their image, and those on an image of another size than its header states."""
    sizes = {clip.sop_instance_uid: (clip.columns, clip.rows) for clip in findings.clips if _fits(clip, evidence)}

    def drawable(caliper: Caliper) -> bool:
        return can_be_drawn(caliper.kind, caliper.points_px, sizes.get(caliper.sop_instance_uid))

    measurements = (replace(one, calipers=tuple(filter(drawable, one.calipers))) for one in findings.measurements)
    return replace(findings, measurements=tuple(measurements))


def drawn_keys(regions: Sequence[DrawnRegion]) -> Iterator[str]:
    """The values that stand with a region, each once."""
    return (measurement.key for region in regions for measurement in region.measurements)


def _fits(clip: ClipFindings, evidence: Evidence) -> bool:
    """Whether it was measured in an image of the size that its header states."""
    known = clip.sop_instance_uid in evidence.headers
    return known and image_size(clip.sop_instance_uid, evidence) == (clip.columns, clip.rows)


def _outlines(measurements: Sequence[Measurement], clips: Mapping[str, ClipFindings]) -> Iterator[DrawnRegion]:
    """Of every frame whose outline a value came from."""
    regions: dict[tuple[str, int, str], DrawnRegion] = {}
    for measurement in filter(_outlined, measurements):
        for source in measurement.sources:
            clip = clips.get(source.sop_instance_uid)
            contour = _contour(clip, source, measurement) if clip else None
            if clip is None or clip.view is None or contour is None:
                continue
            uses = tuple(use for use in clip.models if clip.outlined_by in ("", use.name))
            region = DrawnRegion(contour.structure, clip.view.view, source, CaliperKind.OUTLINE, contour.points_px, uses)
            regions.setdefault((source.sop_instance_uid, source.frame_number, contour.structure), region)
    for measurement in measurements:
        for place, region in regions.items():
            if region.gave(measurement):
                regions[place] = replace(region, measurements=(*region.measurements, measurement))
    yield from regions.values()


def _method(measurement: Measurement) -> str:
    method = QUANTITY_CODES[measurement.key].method
    return "" if method is None else method.value


def _outlined(measurement: Measurement) -> bool:
    """From outlines of the clip, and not from marks of its own."""
    return QUANTITIES[measurement.key].method in _BY_OUTLINE and not measurement.calipers


def _contour(clip: ClipFindings, source: FrameReference, measurement: Measurement) -> Contour | None:
    """None where the outline is another network's, or cannot be drawn: then the value stands without one."""
    if measurement.model not in ("", clip.outlined_by):
        return None
    structure, size = QUANTITIES[measurement.key].structure, (clip.columns, clip.rows)
    for contour in clip.contours:
        if (contour.structure, contour.frame_index) == (structure, source.frame_number - 1):
            return contour if can_be_drawn(CaliperKind.OUTLINE, contour.points_px, size) else None
    return None


def _marks(measurement: Measurement, findings: StudyFindings, clips: Mapping[str, ClipFindings]) -> Iterator[DrawnRegion]:
    """One of each mark; the first holds the value."""
    sources = {(source.sop_instance_uid, source.frame_number): source for source in measurement.sources}
    on_frame: Counter[tuple[str, int]] = Counter()
    for place, caliper in enumerate(measurement.calipers):
        at = caliper.sop_instance_uid, caliper.frame_number
        on_frame[at] += 1
        clip = clips.get(caliper.sop_instance_uid)
        if clip is None or clip.view is None:
            continue
        yield DrawnRegion(
            QUANTITIES[measurement.key].structure,
            clip.view.view,
            sources.get(at, FrameReference(*at)),
            caliper.kind,
            caliper.points_px,
            algorithm.networks_of(measurement, findings),
            measurement.key,
            on_frame[at],
            () if place else (measurement,),
        )
