"""What archive and database keep of a built document: its bytes, and what an object of DICOM is called."""

from io import BytesIO

from pydicom.dataset import Dataset
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from node.egress.building import Built
from sr_templates.document import BuiltFile

# Kept deflated: one bit a pixel over every frame is as large as the compressed clip, and nearly all of it is background.
_DEFLATED = frozenset({"seg"})


def stored_bytes(document: Built) -> bytes:
    """The file that the archive keeps, and whose bytes every attempt to deliver starts from."""
    return document_bytes(
        document, DeflatedExplicitVRLittleEndian if document.template in _DEFLATED else ExplicitVRLittleEndian
    )


def document_bytes(document: Built, transfer_syntax_uid: str = ExplicitVRLittleEndian) -> bytes:
    """A Part 10 file in this transfer syntax, or in its own where its pixels are compressed; of what is no DICOM object, its
    content.
    """
    if isinstance(document, BuiltFile):
        return document.content
    file = BytesIO()
    file_meta = document.dataset.file_meta
    if not file_meta.TransferSyntaxUID.is_encapsulated:
        file_meta.TransferSyntaxUID = UID(transfer_syntax_uid)
    document.dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


def file_name(document: Built) -> str:
    """Template and UID, as a person finds it in a folder."""
    uid, suffix = (
        (document.uid, document.suffix) if isinstance(document, BuiltFile) else (document.dataset.SOPInstanceUID, ".dcm")
    )
    return f"{document.template}-{uid}{suffix}"


def object_names(document: Built) -> dict[str, str | None]:
    """The columns of a Document row that name an object; a file has a UID alone."""
    if isinstance(document, BuiltFile):
        return {"sop_class_uid": "", "sop_instance_uid": document.uid, "series_instance_uid": "", "modality": ""}
    dataset = document.dataset
    return {
        "sop_class_uid": str(dataset.SOPClassUID),
        "sop_instance_uid": str(dataset.SOPInstanceUID),
        "series_instance_uid": str(dataset.SeriesInstanceUID),
        "modality": str(dataset.Modality),
        "predecessor_uid": _predecessor_uid(dataset),
    }


def _predecessor_uid(dataset: Dataset) -> str | None:
    """What the document itself says that it replaces."""
    studies = dataset.get("PredecessorDocumentsSequence") or []
    uids = [
        str(one.ReferencedSOPInstanceUID)
        for item in studies
        for series in item.ReferencedSeriesSequence
        for one in series.ReferencedSOPSequence
    ]
    return uids[0] if uids else None
