"""TID 1500 Measurement Report: what was measured, what was not and why, and what each clip showed."""

from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.uid import ComprehensiveSRStorage

from models.catalogue import QUANTITIES, View
from models.results import ClipFindings, ModelUse, StudyFindings
from sr_templates import codes, tracking
from sr_templates.contributing_equipment import networks
from sr_templates.document import (
    BuiltDocument,
    DocumentKind,
    evidence_sequence,
    observer_context,
    predecessor_item,
    start_document,
)
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from sr_templates.measurement_items import comment, measured, not_measured, view_found, weights
from sr_templates.patient_safety import refuse_numbers_on_patients, research_mark

KIND = DocumentKind("tid1500", ComprehensiveSRStorage, "SR", 9100, "EchoNode measurements")


def build(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> tuple[BuiltDocument, ...]:
    """One Comprehensive SR per analysis, PARTIAL and UNVERIFIED: a machine's proposal until a person signs another document.

    Nothing where there is nothing to report on. Raises DocumentError for findings that must not or cannot be written, first of
    all for numbers of phantom-trained weights on a patient.
    """
    refuse_numbers_on_patients(findings, evidence)
    groups = [*_quantity_groups(findings, evidence, identity), *_clip_groups(findings, evidence, identity)]
    if not groups:
        return ()
    report = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=observer_context(identity)),
        procedure_reported=codes.ECHOCARDIOGRAPHY,
        imaging_measurements=groups,
        title=codes.RESEARCH_REPORT if findings.research_override else codes.IMAGING_MEASUREMENT_REPORT,
    )[0]
    _append_remarks(report, findings)
    document = start_document(KIND, evidence, identity, mark=research_mark(findings), models=networks(findings))
    document.update(report)
    document.CompletionFlag = "PARTIAL"
    document.VerificationFlag = "UNVERIFIED"
    document.PreliminaryFlag = "PRELIMINARY"
    document.ReferencedPerformedProcedureStepSequence = []
    document.CurrentRequestedProcedureEvidenceSequence = evidence_sequence(evidence, _referenced(findings))
    if identity.predecessor is not None:
        document.PredecessorDocumentsSequence = [predecessor_item(identity.predecessor)]
    return (BuiltDocument(KIND.template, "", document),)


def _quantity_groups(
    findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity
) -> list[sr.MeasurementsAndQualitativeEvaluations]:
    """One TID 1501 group per structure and set of views, so that a reader finds volumes and EF of one view together."""
    predictions = {clip.sop_instance_uid: clip.view for clip in findings.clips if clip.view is not None}
    mark = research_mark(findings)
    groups = []
    for structure, views in dict.fromkeys((quantity.structure, quantity.views) for quantity in QUANTITIES.values()):
        found = [m for m in findings.measurements if _seen(m.key) == (structure, views)]
        missing = [n for n in findings.not_measured if _seen(n.key) == (structure, views)]
        if not found and not missing:
            continue
        group = sr.MeasurementsAndQualitativeEvaluations(
            tracking_identifier=_tracking(tracking.structure(structure, views, evidence, identity)),
            algorithm_id=_algorithm(findings.models, identity),
            measurements=[measured(measurement, predictions, findings.models, evidence) for measurement in found],
            qualitative_evaluations=[not_measured(result) for result in missing],
        )
        if found and mark:
            _put_first(group[0], comment(mark))
        groups.append(group)
    return groups


def _put_first(group: Dataset, item: sr.TextContentItem) -> None:
    """Before any value, after the attributes of the group."""
    items = group.ContentSequence
    items.insert(next(i for i, other in enumerate(items) if other.RelationshipType == "CONTAINS"), item)


def _seen(key: str) -> tuple[str, tuple[View, ...]]:
    """The structure and the views of a quantity."""
    if key not in QUANTITIES:
        raise DocumentError(f"unknown quantity {key!r}")
    return QUANTITIES[key].structure, QUANTITIES[key].views


def _clip_groups(
    findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity
) -> list[sr.MeasurementsAndQualitativeEvaluations]:
    """One TID 1501 group per clip: view and its certainty, image quality, likeness to the training data, why not measured."""
    groups = []
    for number, clip in enumerate(findings.clips, start=1):
        header = evidence.header(clip.sop_instance_uid)
        group = sr.MeasurementsAndQualitativeEvaluations(
            tracking_identifier=_tracking(tracking.clip(number, clip.sop_instance_uid, evidence, identity)),
            algorithm_id=_algorithm(clip.models, identity),
            measurements=_image_quality(clip),
            qualitative_evaluations=_evaluations(clip),
            source_images=[sr.SourceImageForMeasurementGroup(header.SOPClassUID, header.SOPInstanceUID)],
        )
        for flag in clip.flags:
            group[0].ContentSequence.append(comment(f"{flag.issue.value}: {flag.message}"))
        groups.append(group)
    return groups


def _image_quality(clip: ClipFindings) -> list[sr.Measurement]:
    if clip.quality is None:
        return []
    return [sr.Measurement(codes.IMAGE_QUALITY_RATING, round(clip.quality.score, 1), codes.SCORE_OF_100)]


def _evaluations(clip: ClipFindings) -> list[sr.QualitativeEvaluation]:
    items = [] if clip.view is None else [view_found(clip.view)]
    if clip.distribution is not None:
        verdict = codes.INSIDE_DISTRIBUTION if clip.distribution.inside else codes.OUTSIDE_DISTRIBUTION
        items.append(sr.QualitativeEvaluation(codes.DISTRIBUTION_VERDICT, verdict))
    for name, reasons in ((codes.REASON_NOT_MEASURED, clip.gates), (codes.GATE_LIFTED, clip.marked)):
        items += [sr.QualitativeEvaluation(name, codes.REASON_CODES[reason].reason) for reason in reasons]
    return items


def _append_remarks(report: Dataset, findings: StudyFindings) -> None:
    """TID 1500 rows 12-14: the research mark and the flags that concern the whole study."""
    texts = [research_mark(findings)] if research_mark(findings) else []
    texts += [f"{flag.issue.value}: {flag.message}" for flag in findings.flags if flag.sop_instance_uid is None]
    if texts:
        remarks = sr.ContainerContentItem(codes.QUALITATIVE_EVALUATIONS, relationship_type=sr.RelationshipTypeValues.CONTAINS)
        remarks.ContentSequence = sr.ContentSequence([comment(text) for text in texts])
        report.ContentSequence.append(remarks)


def _algorithm(models: tuple[ModelUse, ...], identity: DocumentIdentity) -> sr.AlgorithmIdentification:
    """TID 4019: the node is the algorithm; which weights it used, with their hash, are its parameters."""
    return sr.AlgorithmIdentification(
        name=identity.model_name,
        version=identity.software_version,
        manufacturer=identity.manufacturer,
        family=codes.ARTIFICIAL_INTELLIGENCE,
        parameters=[weights(use) for use in models] or None,
    )


def _tracking(tracked: tracking.Tracked) -> sr.TrackingIdentifier:
    return sr.TrackingIdentifier(uid=tracked.uid, identifier=tracked.identifier)


def _referenced(findings: StudyFindings) -> list[str]:
    clips = [clip.sop_instance_uid for clip in findings.clips]
    return clips + [source.sop_instance_uid for m in findings.measurements for source in m.sources]
