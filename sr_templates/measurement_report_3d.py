"""The report of TID 1500 as Comprehensive 3D SR (PS3.3 A.35.13), which IHE AI Results asks for; its content is the same."""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import replace

from pydicom.dataset import Dataset
from pydicom.uid import UID, Comprehensive3DSRStorage

from models.results import StudyFindings
from sr_templates import measurement_report
from sr_templates.document import BuiltDocument, DocumentKind, referenced_series, series_description
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from sr_templates.patient_safety import research_mark

KIND = DocumentKind("tid1500_3d", Comprehensive3DSRStorage, "SR", 9150, "EchoNode measurements, 3D SR")


def build(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> tuple[BuiltDocument, ...]:
    """With UIDs of its own: an instance is of one class for ever. Whatever it needs beyond Comprehensive SR that one has."""
    built = measurement_report.build(findings, evidence, identity)
    for document in built:
        dataset = document.dataset
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = UID(KIND.sop_class_uid)
        uid = UID(identity.derived_uid(evidence.study_instance_uid, KIND.template, document.part))
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid
        dataset.SeriesInstanceUID = identity.derived_uid(evidence.study_instance_uid, KIND.template, document.part, "series")
        dataset.SeriesNumber = KIND.series_number
        dataset.SeriesDescription = series_description(KIND, identity, research=bool(research_mark(findings)))
    return tuple(replace(document, template=KIND.template) for document in built)


def refer_to_results(document: BuiltDocument, others: Iterable[BuiltDocument]) -> None:
    """Pertinent Other Evidence Sequence (0040,A385): what else was made of this analysis for the same receivers.

    So the report is the root result of IHE AI Results: from it one gets to all others.
    """
    root = document.dataset
    named = {
        reference.ReferencedSOPInstanceUID
        for study in root.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for reference in series.ReferencedSOPSequence
    }
    results = [other.dataset for other in others if other.dataset.Modality != "SR" and other.profile == document.profile]
    if unnamed := [result for result in results if result.SOPInstanceUID not in named]:
        item = Dataset()
        item.add(deepcopy(root["StudyInstanceUID"]))
        item.ReferencedSeriesSequence = referenced_series(unnamed, "ReferencedSOPSequence")
        root.PertinentOtherEvidenceSequence = [item]
