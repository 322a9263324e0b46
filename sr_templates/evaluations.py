"""What a report says beside its values (TID 1500 row 12): what was not measured and why, what each clip shows, remarks.

No number stands here that an importer could take for one of the heart's: the image quality is a property of its assessment. Nor
are there groups here: a viewer would take one for a measurement that it cannot draw.
"""

from highdicom import sr

from models.results import ClipFindings, QualityGrade, StudyFindings, ViewPrediction
from sr_templates import algorithm, codes, tracking
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from sr_templates.measurement_items import comment, not_measured
from sr_templates.patient_safety import research_mark
from sr_templates.revision_changes import revision_changes

_PROPERTIES = sr.RelationshipTypeValues.HAS_PROPERTIES


def evaluation_items(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> list[sr.ContentSequence]:
    """Codes (row 13), then texts (row 14), of which the research mark is the first."""
    items: list[sr.ContentSequence] = [not_measured(result, evidence, identity) for result in findings.not_measured]
    for number, clip in enumerate(findings.clips, start=1):
        items += _of_clip(number, clip, evidence, identity)
    if mark := research_mark(findings):
        items.append(sr.ContentSequence([comment(mark)]))
    items += [sr.ContentSequence([comment(text)]) for text in revision_changes(findings, evidence, identity)]
    for flag in findings.flags:
        if flag.sop_instance_uid is None:
            items.append(sr.ContentSequence([comment(f"{flag.issue.value}: {flag.message}")]))
    for clip in findings.clips:
        for flag in clip.flags:
            remark = comment(f"{flag.issue.value}: {flag.message}")
            remark.ContentSequence = sr.ContentSequence([_source(clip, evidence)])
            items.append(sr.ContentSequence([remark]))
    return items


def _of_clip(number: int, clip: ClipFindings, evidence: Evidence, identity: DocumentIdentity) -> list[sr.QualitativeEvaluation]:
    """View and its certainty, image quality, likeness to the training data, reasons: each with clip and networks."""
    tracked = tracking.clip(number, clip.sop_instance_uid, evidence, identity)
    items = _evaluations(clip)
    for item in items:
        what = f"{item.name.value} {item[0].value.value} {clip.sop_instance_uid}"
        item[0].ObservationUID = tracking.observation_uid(what, evidence, identity)
        properties = item[0].get("ContentSequence", ())
        item[0].ContentSequence = sr.ContentSequence(
            [
                *sr.TrackingIdentifier(uid=tracked.uid, identifier=tracked.identifier),
                *algorithm.identification(clip.models, identity),
                *properties,
                _source(clip, evidence),
            ]
        )
    return items


def _source(clip: ClipFindings, evidence: Evidence) -> sr.SourceImageForMeasurement:
    header = evidence.header(clip.sop_instance_uid)
    return sr.SourceImageForMeasurement(header.SOPClassUID, header.SOPInstanceUID)


def _evaluations(clip: ClipFindings) -> list[sr.QualitativeEvaluation]:
    items = [] if clip.view is None else [_view_found(clip.view)]
    if clip.quality is not None:
        items.append(_image_quality(clip.quality))
    if clip.distribution is not None:
        verdict = codes.INSIDE_DISTRIBUTION if clip.distribution.inside else codes.OUTSIDE_DISTRIBUTION
        items.append(sr.QualitativeEvaluation(codes.DISTRIBUTION_VERDICT, verdict))
    for name, reasons in ((codes.REASON_NOT_MEASURED, clip.gates), (codes.GATE_LIFTED, clip.marked)):
        items += [sr.QualitativeEvaluation(name, codes.REASON_CODES[reason].reason) for reason in reasons]
    return items


def _view_found(prediction: ViewPrediction) -> sr.QualitativeEvaluation:
    """Image View with the network's probability as its certainty in percent."""
    item = sr.QualitativeEvaluation(name=codes.IMAGE_VIEW, value=codes.VIEW_CODES[prediction.view])
    certainty = round(100 * prediction.probability, 1)
    item[0].ContentSequence = sr.ContentSequence(
        [sr.NumContentItem(codes.CERTAINTY_OF_FINDING, certainty, codes.PERCENT, relationship_type=_PROPERTIES)]
    )
    return item


def _image_quality(grade: QualityGrade) -> sr.QualitativeEvaluation:
    """Quality Assessment against the network's own limit, and the rating as its property."""
    verdict = codes.MEETS_QUALITY_STANDARD if grade.adequate else codes.MISSES_QUALITY_STANDARD
    item = sr.QualitativeEvaluation(codes.QUALITY_ASSESSMENT, verdict)
    rating = sr.NumContentItem(
        codes.IMAGE_QUALITY_RATING, round(grade.score, 1), codes.SCORE_OF_100, relationship_type=_PROPERTIES
    )
    item[0].ContentSequence = sr.ContentSequence([rating])
    return item
