"""The measurement groups of a report: one for each outline and each mark (TID 1410), then one for each structure, set of views
and method of the values without one (TID 1501).
"""

from collections.abc import Iterable, Sequence
from typing import TypedDict

from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from models.catalogue import QUANTITIES
from models.results import Measurement, ModelUse, StudyFindings
from sr_templates import algorithm, codes, tracking
from sr_templates.drawn_regions import DrawnRegion, drawn_keys, drawn_regions
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from sr_templates.image_region import image_region, whole_frame
from sr_templates.measurement_items import comment, measured
from sr_templates.patient_safety import research_mark
from sr_templates.quantity_codes import QUANTITY_CODES


class _Attributes(TypedDict):
    """What groups of both templates have, as highdicom names it."""

    tracking_identifier: sr.TrackingIdentifier
    finding_type: Code
    finding_sites: list[sr.FindingSite]
    algorithm_id: sr.AlgorithmIdentification


Group = sr.MeasurementsAndQualitativeEvaluations | sr.PlanarROIMeasurementsAndQualitativeEvaluations


def measurement_groups(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> list[Group]:
    """Every value once, with site and method at its group as well as at itself: readers of groups look at these alone.

    What is drawn comes first: viewers open a report at its first region.
    """
    regions = drawn_regions(findings, evidence)
    outlines = {(region.structure, region.view): region for region in reversed(regions) if not region.key}
    firsts = list(outlines.values())
    groups: list[Group] = [_region_group(region, region in firsts, findings, evidence, identity) for region in regions]
    drawn = set(drawn_keys(regions))
    places: dict[tuple[str, ...], list[Measurement]] = {}
    for measurement in findings.measurements:
        if measurement.key not in drawn:
            places.setdefault(_place(measurement.key), []).append(measurement)
    return groups + [_frame_group(place, together, findings, evidence, identity) for place, together in places.items()]


def _place(key: str) -> tuple[str, ...]:
    """Structure, method and views: what the values of one group have in common."""
    method = QUANTITY_CODES[key].method
    return QUANTITIES[key].structure, "" if method is None else method.value, *QUANTITIES[key].views


def _frame_group(
    place: tuple[str, ...],
    together: Sequence[Measurement],
    findings: StudyFindings,
    evidence: Evidence,
    identity: DocumentIdentity,
) -> sr.MeasurementsAndQualitativeEvaluations:
    """TID 1501: values of which no outline is known, or more than one clip's, with the first frame they came from."""
    quantity = QUANTITIES[together[0].key]
    tracked = tracking.structure(quantity.structure, quantity.views, evidence, identity)
    uses = [use for measurement in together for use in algorithm.networks_of(measurement, findings)]
    group = sr.MeasurementsAndQualitativeEvaluations(**_attributes(tracked, quantity.structure, uses, identity))
    group[0].ObservationUID = tracking.observation_uid(" ".join(("group", *place)), evidence, identity)
    _complete(group, together, findings, evidence, identity)
    for source in together[0].sources[:1]:
        views = (clip.view.view for clip in findings.clips if clip.view and clip.sop_instance_uid == source.sop_instance_uid)
        if (frame := whole_frame(source, next(views, None), evidence)) is not None:
            group[0].ContentSequence.append(frame)
    return group


def _region_group(
    region: DrawnRegion, of_structure: bool, findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity
) -> sr.PlanarROIMeasurementsAndQualitativeEvaluations:
    """TID 1410: an outline or a mark with the values that it gave.

    The first outline of a structure in a view is tracked as that structure, as its segment in a segmentation is. All others
    have UIDs of their own, for viewers take regions of one tracking UID for one.
    """
    structure = region.structure
    if of_structure:
        tracked = tracking.structure(structure, [region.view], evidence, identity)
    elif region.key:
        tracked = tracking.mark(region.key, region.view, region.frame, region.number, evidence, identity)
    else:
        tracked = tracking.outline(structure, region.view, region.frame, evidence, identity)
    group = sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        referenced_region=image_region(region.kind, region.points_px, region.frame, region.view, evidence),
        **_attributes(tracked, structure, region.uses, identity),
    )
    group[0].ObservationUID = tracking.observation_uid(f"group {tracked.uid}", evidence, identity)
    _complete(group, region.measurements, findings, evidence, identity)
    return group


def _attributes(tracked: tracking.Tracked, structure: str, uses: Iterable[ModelUse], identity: DocumentIdentity) -> _Attributes:
    """What is found and where: the structure itself."""
    site = codes.STRUCTURE_CODES[structure]
    return {
        "tracking_identifier": sr.TrackingIdentifier(uid=tracked.uid, identifier=tracked.identifier),
        "finding_type": site,
        "finding_sites": [sr.FindingSite(site)],
        "algorithm_id": algorithm.identification(uses, identity),
    }


def _complete(
    group: Group, together: Sequence[Measurement], findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity
) -> None:
    """Method, research mark and values.

    The method is a modifier (TID 1501 row 5, TID 1419 row 1), which highdicom 0.28.2 has as something contained.
    """
    items = group[0].ContentSequence
    if together and (method := QUANTITY_CODES[together[0].key].method) is not None:
        at_site = next(i for i, item in enumerate(items) if item.name == codes.FINDING_SITE)
        modifier = sr.CodeContentItem(codes.MEASUREMENT_METHOD, method, sr.RelationshipTypeValues.HAS_CONCEPT_MOD)
        items.insert(at_site, modifier)
    if mark := research_mark(findings):
        _put_first(group[0], comment(mark))
    for measurement in together:
        items.extend(measured(measurement, findings, evidence, identity))


def _put_first(group: Dataset, item: sr.TextContentItem) -> None:
    """Before any value, after the attributes of the group."""
    items = group.ContentSequence
    items.insert(next(i for i, other in enumerate(items) if other.RelationshipType == "CONTAINS"), item)
