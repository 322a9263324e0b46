"""Findings and source headers -> the documents of every template."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydicom.uid import UID

import sr_templates.evidence
from models.results import QualityFlag, QualityIssue, StudyFindings
from node.db.attention import NOT_BUILT
from node.errors import DocumentError
from node.settings import Settings
from node.study.header import read_headers
from node.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from sr_templates import measurement_report, quality, segmentation
from sr_templates.copied_values import IdentifierRules
from sr_templates.document import BuiltDocument
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from sr_templates.patient_safety import refuse_numbers_on_patients

Template = Callable[[StudyFindings, Evidence, DocumentIdentity], tuple[BuiltDocument, ...]]

TEMPLATES: dict[str, Template] = {
    "tid1500": measurement_report.build,
    "seg": segmentation.build,
    "kos": quality.build,
}

_TEMPLATE_FAULTS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)  # of one template, by one source
_DEFAULTS = Settings()


@dataclass(frozen=True)
class BuiltDocuments:
    """`problems` are the templates that could not be built and why, `remarks` what was irregular in the source."""

    documents: list[BuiltDocument]
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[BuiltDocument]:
        return iter(self.documents)


def read_evidence(oldest_first: Sequence[Path], settings: Settings = _DEFAULTS) -> Evidence:
    """The headers of the source objects. Raises DocumentError where there is none that a document could refer to.

    What is no DICOM object is passed over: its pixels could not be read either.
    """
    rules = IdentifierRules(settings.node.overlong_identifiers, settings.node.multiple_identifiers)
    try:
        return Evidence.from_headers(read_headers(oldest_first, settings.study.fallback_character_set), rules)
    except sr_templates.evidence.DocumentError as error:
        raise DocumentError(str(error)) from error


def build_all(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> BuiltDocuments:
    """Every template's documents, with this implementation as their writer; the failure of one template is its own.

    What was irregular in the source is remarked in them. Raises DocumentError where no template could be built, and before any
    is built where a number of phantom-trained weights would reach a patient.
    """
    documents: list[BuiltDocument] = []
    problems: list[str] = []
    _count_frames(findings, evidence)
    try:
        refuse_numbers_on_patients(findings, evidence)
        remarks = evidence.remarks()
    except sr_templates.evidence.DocumentError as error:
        raise DocumentError(str(error)) from error
    flags = (QualityFlag(QualityIssue.TOLERATED, None, remark) for remark in remarks)
    findings = replace(findings, flags=(*findings.flags, *flags))
    for template, build in TEMPLATES.items():
        try:
            documents += build(findings, evidence, identity)
        except sr_templates.evidence.DocumentError as error:
            problems.append(f"{template}{NOT_BUILT}{error}")
        except _TEMPLATE_FAULTS as error:  # its words may quote a value of the source
            problems.append(f"{template}{NOT_BUILT}{type(error).__name__}")
    if problems and not documents:
        raise DocumentError("; ".join(dict.fromkeys(problems)))
    for document in documents:
        document.dataset.file_meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
        document.dataset.file_meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    return BuiltDocuments(documents, tuple(problems), remarks)


def _count_frames(findings: StudyFindings, evidence: Evidence) -> None:
    """Number of Frames as it was found, where the header has none or fewer: documents refer to these frames by number."""
    for clip in findings.clips:
        header = evidence.headers.get(clip.sop_instance_uid)
        if header is not None and clip.number_of_frames > (evidence.number_of_frames(clip.sop_instance_uid) or 1):
            header.NumberOfFrames = clip.number_of_frames
