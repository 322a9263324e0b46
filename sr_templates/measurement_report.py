"""TID 1500 Measurement Report: what was measured, what was not and why, and what each clip showed."""

from collections.abc import Iterable

from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import ComprehensiveSRStorage

from models.catalogue import QUANTITIES
from models.results import StudyFindings
from sr_templates import codes, visual_explanation
from sr_templates.contributing_equipment import networks
from sr_templates.document import BuiltDocument, DocumentKind, observer_context, put_report, start_document
from sr_templates.drawn_regions import with_drawable_marks
from sr_templates.errors import DocumentError
from sr_templates.evaluations import evaluation_items
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from sr_templates.measurement_groups import measurement_groups
from sr_templates.patient_safety import refuse_numbers_on_patients, research_mark

_ENGLISH = sr.CodedConcept("en-US", "RFC5646", "English (United States)")  # CID 5000
KIND = DocumentKind("tid1500", ComprehensiveSRStorage, "SR", 9100, "EchoNode measurements")


def build(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> tuple[BuiltDocument, ...]:
    """One Comprehensive SR per analysis, PARTIAL and UNVERIFIED: a machine's proposal until a person signs another document.

    Nothing where there is nothing to report on. Raises DocumentError for findings that must not or cannot be written, first of
    all for numbers of phantom-trained weights on a patient.
    """
    refuse_numbers_on_patients(findings, evidence)
    _refuse_unknown_quantities(findings)
    values = measurement_groups(with_drawable_marks(findings, evidence), evidence, identity)
    explanations = visual_explanation.refer(values, findings, evidence, identity)
    evaluations = evaluation_items(findings, evidence, identity)
    if not (values or findings.not_measured or findings.clips):
        return ()
    report = _root(findings, identity)
    _append(report, codes.IMAGING_MEASUREMENTS, values)
    _append(report, codes.QUALITATIVE_EVALUATIONS, evaluations)
    _finish(report)
    document = start_document(KIND, evidence, identity, mark=research_mark(findings), models=networks(findings))
    put_report(document, report, _referenced(findings), evidence, identity)  # of none where every image was rejected
    if explanations:
        document.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence.extend(explanations)
    return (BuiltDocument(KIND.template, "", document),)


def _refuse_unknown_quantities(findings: StudyFindings) -> None:
    keys = [*(measurement.key for measurement in findings.measurements), *(result.key for result in findings.not_measured)]
    if unknown := [key for key in keys if key not in QUANTITIES]:
        raise DocumentError(f"unknown quantity {unknown[0]!r}")


def _root(findings: StudyFindings, identity: DocumentIdentity) -> sr.ContainerContentItem:
    """TID 1500 rows 1 to 4. Not highdicom's `MeasurementReport`, which cannot be without a measurement."""
    title = codes.RESEARCH_REPORT if findings.research_override else codes.IMAGING_MEASUREMENT_REPORT
    root = sr.ContainerContentItem(title, template_id="1500")
    root.ContentSequence = sr.ContentSequence()
    root.ContentSequence.extend(sr.LanguageOfContentItemAndDescendants(_ENGLISH))
    root.ContentSequence.extend(sr.ObservationContext(observer_device_context=observer_context(identity)))
    modifier = sr.RelationshipTypeValues.HAS_CONCEPT_MOD
    root.ContentSequence.append(sr.CodeContentItem(codes.PROCEDURE_REPORTED, codes.ECHOCARDIOGRAPHY, modifier))
    return root


def _append(report: Dataset, name: Code, items: Iterable[sr.ContentSequence]) -> None:
    """TID 1500 rows 6 and 12: a container where there is something to put in."""
    content = sr.ContentSequence([item for one in items for item in one])
    if content:
        container = sr.ContainerContentItem(name, relationship_type=sr.RelationshipTypeValues.CONTAINS)
        container.ContentSequence = content
        report.ContentSequence.append(container)


def _finish(item: Dataset) -> None:
    """What highdicom writes otherwise.

    Continuity of Content: of continuous text, viewers show a value without its name. Whole numbers: 2 beats, not 2.0.
    """
    if item.ValueType == "CONTAINER":
        item.ContinuityOfContent = "SEPARATE"
    elif item.ValueType == "NUM" and float(value := item.MeasuredValueSequence[0].NumericValue).is_integer():
        item.MeasuredValueSequence[0].NumericValue = str(int(value))
    for child in item.get("ContentSequence", ()):
        _finish(child)


def _referenced(findings: StudyFindings) -> list[str]:
    clips = [clip.sop_instance_uid for clip in findings.clips]
    return clips + [source.sop_instance_uid for m in findings.measurements for source in m.sources]
