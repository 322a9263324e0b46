"""A Key Object Selection that rejects documents of this maker's own, which a revision takes the place of (IHE IOCM, RAD-66).

Nothing else is ever rejected: to hide what others made is not a machine's to decide.
"""

from collections.abc import Sequence

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import KeyObjectSelectionDocumentStorage

from models.results import StudyFindings
from sr_templates.document import BuiltDocument, DocumentKind, referenced_series
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity, PredecessorReference
from sr_templates.key_objects import Selection, build_selection

KIND = DocumentKind("rejection_note", KeyObjectSelectionDocumentStorage, "KO", 9330, "EchoNode documents replaced")
FOR_PATIENT_SAFETY = Code("113037", "DCM", "Rejected for Patient Safety Reasons")  # PS3.16 CID 7010
FOR_QUALITY = Code("113001", "DCM", "Rejected for Quality Reasons")


def build_note(
    title: Code,
    replaced: Sequence[PredecessorReference],
    part: str,
    findings: StudyFindings,
    evidence: Evidence,
    identity: DocumentIdentity,
) -> BuiltDocument:
    """Of documents of one study, at least one. `part` tells notes of one revision apart."""
    headers = [_header(one) for one in replaced]
    study = Dataset()
    study.StudyInstanceUID = replaced[0].study_instance_uid
    study.ReferencedSeriesSequence = referenced_series(headers, "ReferencedSOPSequence")
    selection = Selection(
        title=title,
        modifier=None,
        objects=headers,
        study_references=[study],
        words=[f"replaced by revision {identity.revision}"],
        frames={},
        part=part,
        number=int(title is FOR_QUALITY),
    )
    return build_selection(KIND, selection, findings, evidence, identity)


def _header(document: PredecessorReference) -> Dataset:
    header = Dataset()
    header.SOPClassUID, header.SOPInstanceUID = document.sop_class_uid, document.sop_instance_uid
    header.SeriesInstanceUID = document.series_instance_uid
    return header
