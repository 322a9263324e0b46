"""The content items of a measurement report: one value, one value that could not be given, one image reference."""

import math
from collections.abc import Iterable, Mapping, Sequence

from highdicom import sr
from pydicom.sr.coding import Code

from models.catalogue import QUANTITIES, Direction, Phase, View
from models.results import FrameReference, Measurement, ModelUse, NotMeasured, ViewPrediction
from sr_templates import codes
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence
from sr_templates.quantity_codes import QUANTITY_CODES, QuantityCode

_MOD = sr.RelationshipTypeValues.HAS_CONCEPT_MOD
_INFERRED = sr.RelationshipTypeValues.INFERRED_FROM
_PROPERTIES = sr.RelationshipTypeValues.HAS_PROPERTIES
_ACQUISITION = sr.RelationshipTypeValues.HAS_ACQ_CONTEXT


def measured(
    measurement: Measurement, predictions: Mapping[str, ViewPrediction], models: Iterable[ModelUse], evidence: Evidence
) -> sr.Measurement:
    """TID 300: value, unit, method, site, view and mode found, the model that read it, beats averaged, and every frame it came
    from with its phase.

    Raises DocumentError where the value is not finite or not in the unit of the dictionary, and where none of `models` read it.
    A quantity of one view must say in which it was measured: nothing else tells a receiver EF A4C from EF A2C.
    """
    code = QUANTITY_CODES[measurement.key]
    if measurement.unit != code.unit.value or not math.isfinite(measurement.value):
        raise DocumentError(f"{measurement.key}: not a finite value in {code.unit.value}")
    if measurement.view is None and len(QUANTITIES[measurement.key].views) == 1:
        raise DocumentError(f"{measurement.key}: measured in no view")
    item = sr.Measurement(
        name=code.concept,
        value=round(measurement.value, code.decimals),
        unit=code.unit,
        method=code.method,
        algorithm_id=_reader(measurement, models),
        derivation=code.derivation if measurement.beats > 1 else None,
        finding_sites=[sr.FindingSite(code.finding_site)],
        referenced_images=_source_images(measurement.sources, predictions, evidence),
    )
    children = item[0].ContentSequence
    children.insert(0, sr.TextContentItem(codes.EQUIVALENT_MEANING, QUANTITIES[measurement.key].name, _MOD))
    flow = code.flow if measurement.direction is QUANTITIES[measurement.key].direction else None
    for number, modifier in enumerate(_modifiers(measurement.view, flow, measurement.direction), start=1):
        children.insert(number, modifier)
    children.extend(_beats(measurement, code))
    return item


def _reader(measurement: Measurement, models: Iterable[ModelUse]) -> sr.AlgorithmIdentification | None:
    """TID 4019 of one value: several models of a set may give values under one name."""
    if not measurement.model:
        return None
    use = next((use for use in models if use.name == measurement.model), None)
    if use is None:
        raise DocumentError(f"{measurement.key}: read by a model whose weights are not known")
    return sr.AlgorithmIdentification(
        name=use.name, version=use.version, family=codes.ARTIFICIAL_INTELLIGENCE, parameters=[weights(use)]
    )


def weights(use: ModelUse) -> str:
    origin = ", trained on synthetic phantoms" if use.trained_on_phantoms else ""
    engine = f", computed by {use.engine}" if use.engine else ""
    return f"{use.name} {use.version}, weights SHA-256 {use.weights_sha256}{origin}{engine}"


def _modifiers(view: View | None, flow: Code | None, found: Direction | None = None) -> list[sr.CodeContentItem]:
    """View, mode of a trace, direction of the flow in the heart, and seen from the transducer."""
    pairs = [(codes.IMAGE_VIEW, codes.VIEW_CODES.get(view)), (codes.IMAGE_MODE, codes.MODE_CODES.get(view))] if view else []
    pairs.append((codes.FLOW_DIRECTION, flow))
    pairs.append((codes.DIRECTION_FOUND, codes.DIRECTION_CODES[found] if found else None))
    return [sr.CodeContentItem(name, value, _MOD) for name, value in pairs if value is not None]


def not_measured(result: NotMeasured) -> sr.QualitativeEvaluation:
    """The quantity's concept with a code of CID 42 for its value, the view and mode it needs, and our reasons, primary first.

    A code and not a NUM with an empty Measured Value Sequence, which is legal too: highdicom 0.28.2 refuses a whole report that
    holds one (`srread` raises IndexError, for its NumContentItem.from_dataset takes the first measured value unasked), and some
    importers read it as 0.
    """
    code = QUANTITY_CODES[result.key]
    item = sr.QualitativeEvaluation(name=code.concept, value=codes.REASON_CODES[result.reasons[0]].qualifier)
    quantity = QUANTITIES[result.key]
    children = sr.ContentSequence([sr.TextContentItem(codes.EQUIVALENT_MEANING, quantity.name, _MOD)])
    children.extend(_modifiers(quantity.views[0] if len(quantity.views) == 1 else None, code.flow))
    if code.method is not None:
        children.append(sr.CodeContentItem(codes.MEASUREMENT_METHOD, code.method, _MOD))
    children.append(sr.FindingSite(code.finding_site))
    for reason in result.reasons:
        children.append(sr.CodeContentItem(codes.REASON_NOT_MEASURED, codes.REASON_CODES[reason].reason, _PROPERTIES))
    if result.detail:
        children.append(sr.TextContentItem(codes.COMMENT, result.detail, _PROPERTIES))
    item[0].ContentSequence = children
    return item


def view_found(prediction: ViewPrediction) -> sr.QualitativeEvaluation:
    """Image View with the network's probability as its certainty in percent."""
    item = sr.QualitativeEvaluation(name=codes.IMAGE_VIEW, value=codes.VIEW_CODES[prediction.view])
    certainty = round(100 * prediction.probability, 1)
    item[0].ContentSequence = sr.ContentSequence(
        [sr.NumContentItem(codes.CERTAINTY_OF_FINDING, certainty, codes.PERCENT, relationship_type=_PROPERTIES)]
    )
    return item


def comment(text: str) -> sr.TextContentItem:
    return sr.TextContentItem(codes.COMMENT, text, sr.RelationshipTypeValues.CONTAINS)


def _beats(measurement: Measurement, code: QuantityCode) -> list[sr.NumContentItem]:
    """What the mean was derived from (TID 300, $DerivationParameter)."""
    if measurement.beats < 2:
        return []
    items = [sr.NumContentItem(codes.BEATS_AVERAGED, measurement.beats, codes.NO_UNITS, relationship_type=_INFERRED)]
    if measurement.sd is not None:
        sd = round(measurement.sd, code.decimals + 1)
        items.append(sr.NumContentItem(codes.STANDARD_DEVIATION, sd, code.unit, relationship_type=_INFERRED))
    return items


def _source_images(
    sources: Sequence[FrameReference], predictions: Mapping[str, ViewPrediction], evidence: Evidence
) -> list[sr.SourceImageForMeasurement]:
    """One reference per object and phase, holding all its frames; phase and view are the acquisition context of the image."""
    frames: dict[tuple[str, Phase | None], list[int]] = {}
    for source in sources:
        frames.setdefault((source.sop_instance_uid, source.phase), []).append(source.frame_number)
    images = []
    for (uid, phase), numbers in frames.items():
        header = evidence.header(uid)
        image = sr.SourceImageForMeasurement(header.SOPClassUID, uid, _frame_numbers(uid, numbers, evidence))
        context: list[tuple[Code, Code]] = []
        if phase is not None:
            context.append((codes.CARDIAC_CYCLE_POINT, codes.PHASE_CODES[phase]))
        if uid in predictions:
            context.append((codes.IMAGE_VIEW, codes.VIEW_CODES[predictions[uid].view]))
        if context:
            image.ContentSequence = sr.ContentSequence([sr.CodeContentItem(*pair, _ACQUISITION) for pair in context])
        images.append(image)
    return images


def _frame_numbers(sop_instance_uid: str, numbers: list[int], evidence: Evidence) -> list[int] | None:
    count = evidence.number_of_frames(sop_instance_uid)
    if any(not 1 <= number <= (count or 1) for number in numbers):
        raise DocumentError("findings refer to a frame that the object does not have")
    if count is None or len(set(numbers)) == count:  # all of them, be it one: PS3.3 10.3 names none
        return None
    return sorted(set(numbers))
