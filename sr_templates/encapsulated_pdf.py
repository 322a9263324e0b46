"""The page of a study as Encapsulated PDF (PS3.3 A.45.1), for viewers that show neither SR nor SEG."""

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import EncapsulatedPDFStorage

from models.results import StudyFindings
from sr_templates.codes import code_item
from sr_templates.contributing_equipment import networks
from sr_templates.document import BuiltDocument, DocumentKind, reference_to, start_document
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from sr_templates.study_page import as_pdf, study_page

KIND = DocumentKind("pdf", EncapsulatedPDFStorage, "DOC", 9800, "EchoNode page")
TITLE = Code("42148-7", "LN", "Echocardiography Report")  # CID 7000, which CID 7020 includes


def build(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> tuple[BuiltDocument, ...]:
    """One document per analysis, of all that was asked for. Raises DocumentError for findings that cannot be written, and where
    WeasyPrint or its libraries are not installed.
    """
    page = study_page(findings, evidence, identity)
    document = start_document(KIND, evidence, identity, mark=page.mark, models=networks(findings))
    document.update(_encapsulated(as_pdf(page), page.title))
    document.SourceInstanceSequence = [reference_to(evidence.header(clip.sop_instance_uid)) for clip in findings.clips]
    return (BuiltDocument(KIND.template, "", document),)


def _encapsulated(content: bytes, title: str) -> Dataset:
    """SC Equipment and Encapsulated Document Modules (PS3.3 C.8.6.1, C.24.2). The page shows the patient's name."""
    document = Dataset()
    document.ConversionType = "WSD"  # made by a workstation
    document.AcquisitionDateTime = ""  # of several clips there is not one
    document.BurnedInAnnotation = "YES"
    document.RecognizableVisualFeatures = "NO"
    document.DocumentTitle = title
    document.ConceptNameCodeSequence = [code_item(TITLE)]
    document.VerificationFlag = "UNVERIFIED"
    document.MIMETypeOfEncapsulatedDocument = "application/pdf"
    document.EncapsulatedDocument = content + b"\0" * (len(content) % 2)
    document.EncapsulatedDocumentLength = len(content)  # without the padding
    return document
