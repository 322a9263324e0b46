"""The content items of a measurement report: one value, one value that could not be given, one image reference."""

import math
from collections.abc import Sequence

from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from models.catalogue import QUANTITIES, Direction, Phase, View
from models.results import FrameReference, Measurement, NotMeasured, StudyFindings
from sr_templates import algorithm, codes, selection, tracking
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence
from sr_templates.frame_references import acquisition, frame_numbers
from sr_templates.identity import DocumentIdentity
from sr_templates.image_region import measured_at
from sr_templates.normal_value_items import normal_value_items
from sr_templates.quantity_codes import QUANTITY_CODES, QuantityCode, image_mode_of

_MOD = sr.RelationshipTypeValues.HAS_CONCEPT_MOD
_INFERRED = sr.RelationshipTypeValues.INFERRED_FROM
_PROPERTIES = sr.RelationshipTypeValues.HAS_PROPERTIES
# Rows of TID 300 by concept name: method, derivation, site, equivalent meaning, TID 4019; any other modifier is one of row 2.
_ROWS = {"370129005": 3, "121401": 4, "363698007": 5, "121050": 16, "111001": 19, "111003": 19, "111002": 19, "111000": 19}


def measured(
    measurement: Measurement, findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity
) -> sr.Measurement:
    """TID 300: value, unit, method, site, view and mode found, the model that read it, beats averaged, every frame it came from
    with its phase, and the marks on them.

    Raises DocumentError where the value is not finite or not in the unit of the dictionary, and where none of the findings'
    models read it. A quantity of one view must say in which it was measured: nothing else tells a receiver EF A4C from EF A2C.
    """
    code = QUANTITY_CODES[measurement.key]
    quantity = QUANTITIES[measurement.key]
    if measurement.unit != code.unit.value or not math.isfinite(measurement.value):
        raise DocumentError(f"{measurement.key}: not a finite value in {code.unit.value}")
    if measurement.view is None and len(quantity.views) == 1:
        raise DocumentError(f"{measurement.key}: measured in no view")
    read_by = algorithm.reader(measurement, findings)
    item = sr.Measurement(
        name=code.concept,
        value=round(measurement.value, code.decimals),
        unit=code.unit,
        method=code.method,
        algorithm_id=None if read_by is None else algorithm.network(read_by),
        derivation=code.derivation if measurement.beats > 1 else None,
        finding_sites=[sr.FindingSite(code.finding_site)],
        referenced_images=_source_images(measurement.sources, findings, evidence),
    )
    item[0].ObservationUID = tracking.observation_uid(measurement.key, evidence, identity)
    flow = code.flow if measurement.direction is quantity.direction else None
    children = [
        *_modifiers(measurement.key, measurement.view, flow, measurement.direction),
        *_properties(measurement, code, findings),
        *normal_value_items(measurement, evidence),
        *_beats(measurement),
        *measured_at(measurement, evidence),
        sr.TextContentItem(codes.EQUIVALENT_MEANING, quantity.name, _MOD),
    ]
    item[0].ContentSequence = sr.ContentSequence(sorted((*item[0].ContentSequence, *children), key=_row))
    return item


def _modifiers(key: str, view: View | None, flow: Code | None, found: Direction | None = None) -> list[sr.CodeContentItem]:
    """The view where it is one, the mode where it is one, direction of the flow in the heart, and seen from the transducer."""
    pairs = [(codes.IMAGE_VIEW, codes.VIEW_CODES[view] if view else None), (codes.IMAGE_MODE, image_mode_of(key, view))]
    pairs.append((codes.FLOW_DIRECTION, flow))
    pairs.append((codes.DIRECTION_FOUND, codes.DIRECTION_CODES[found] if found else None))
    return [sr.CodeContentItem(name, value, _MOD) for name, value in pairs if value is not None]


def not_measured(result: NotMeasured, evidence: Evidence, identity: DocumentIdentity) -> sr.QualitativeEvaluation:
    """The quantity's concept with a code of CID 42 for its value, the view and mode it needs, and our reasons, primary first.

    A code and not a NUM with an empty Measured Value Sequence, which is legal too: highdicom 0.28.2 refuses a whole report that
    holds one (`srread` raises IndexError, for its NumContentItem.from_dataset takes the first measured value unasked), and some
    importers read it as 0.
    """
    code = QUANTITY_CODES[result.key]
    item = sr.QualitativeEvaluation(name=code.concept, value=codes.REASON_CODES[result.reasons[0]].qualifier)
    item[0].ObservationUID = tracking.observation_uid(result.key, evidence, identity)
    quantity = QUANTITIES[result.key]
    children = sr.ContentSequence([sr.TextContentItem(codes.EQUIVALENT_MEANING, quantity.name, _MOD)])
    children.extend(_modifiers(result.key, quantity.views[0] if len(quantity.views) == 1 else None, code.flow))
    if code.method is not None:
        children.append(sr.CodeContentItem(codes.MEASUREMENT_METHOD, code.method, _MOD))
    children.append(sr.FindingSite(code.finding_site))
    for reason in result.reasons:
        children.append(sr.CodeContentItem(codes.REASON_NOT_MEASURED, codes.REASON_CODES[reason].reason, _PROPERTIES))
    if result.detail:
        children.append(sr.TextContentItem(codes.COMMENT, result.detail, _PROPERTIES))
    item[0].ContentSequence = children
    return item


def comment(text: str) -> sr.TextContentItem:
    return sr.TextContentItem(codes.COMMENT, text, sr.RelationshipTypeValues.CONTAINS)


def _row(item: Dataset) -> int:
    """Of TID 300, whose order is significant."""
    if item.RelationshipType == _PROPERTIES.value:
        return 8
    if item.RelationshipType == _INFERRED.value:
        return 9 if item.ValueType == "NUM" else 13
    return _ROWS.get(item.ConceptNameCodeSequence[0].CodeValue, 2)


def _properties(measurement: Measurement, code: QuantityCode, findings: StudyFindings) -> list[sr.ContentItem]:
    """TID 310: how far the beats lie apart, and whether this of several values counts.

    The standard deviation is that of CID 7464; CID 225 and 226, those of TID 310 and 311, have none of a sample.
    """
    items: list[sr.ContentItem] = []
    if measurement.beats > 1 and measurement.sd is not None:
        sd = round(measurement.sd, code.decimals + 1)
        items.append(sr.NumContentItem(codes.STANDARD_DEVIATION, sd, code.unit, relationship_type=_PROPERTIES))
    if measurement is selection.ejection_fraction(findings.measurements):
        items.append(sr.CodeContentItem(codes.SELECTION_STATUS, selection.status(measurement), _PROPERTIES))
    return items


def _beats(measurement: Measurement) -> list[sr.NumContentItem]:
    """What the mean was derived from (TID 300, $DerivationParameter)."""
    if measurement.beats < 2:
        return []
    return [sr.NumContentItem(codes.BEATS_AVERAGED, measurement.beats, codes.NO_UNITS, relationship_type=_INFERRED)]


def _source_images(
    sources: Sequence[FrameReference], findings: StudyFindings, evidence: Evidence
) -> list[sr.SourceImageForMeasurement]:
    """One reference per object and phase, holding all its frames; phase and view are the acquisition context of the image."""
    views = {clip.sop_instance_uid: clip.view.view for clip in findings.clips if clip.view is not None}
    frames: dict[tuple[str, Phase | None], list[int]] = {}
    for source in sources:
        frames.setdefault((source.sop_instance_uid, source.phase), []).append(source.frame_number)
    images = []
    for (uid, phase), numbers in frames.items():
        header = evidence.header(uid)
        image = sr.SourceImageForMeasurement(header.SOPClassUID, uid, frame_numbers(uid, numbers, evidence))
        if context := acquisition(phase, views.get(uid)):
            image.ContentSequence = context
        images.append(image)
    return images
