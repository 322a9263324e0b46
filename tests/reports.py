"""Structured reports as other makers write them: small trees of content items, every part replaceable."""

from io import BytesIO
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.coding import Code
from pydicom.uid import ComprehensiveSRStorage, ExplicitVRLittleEndian

from sr_templates.reading.content_tree import Report, read_report
from tests.factories import STUDY_UID

CART_SERIES_UID = "1.2.826.0.1.3680043.8.498.7"
CART_UID = f"{CART_SERIES_UID}.1"
Coded = tuple[str, str, str] | Code  # value, scheme, meaning
_IMAGE_CLASS = "1.2.840.10008.5.1.4.1.1.3.1"

# SNOMED RT, as carts wrote it until 2017 and as many still do (PS3.16 8.1).
FINDING_SITE: Coded = ("G-C0E3", "SRT", "Finding Site")
METHOD: Coded = ("G-C036", "SRT", "Measurement Method")
IMAGE_MODE: Coded = ("G-0373", "SRT", "Image Mode")
FLOW: Coded = ("G-C048", "SRT", "Flow Direction")
PHASE: Coded = ("R-4089A", "SRT", "Cardiac Cycle Point")
RESPIRATION: Coded = ("R-40899", "SRT", "Respiratory Cycle Point")
VIEW: Coded = ("111031", "DCM", "Image View")
STAGE: Coded = ("18139-6", "LN", "Stage")
DERIVATION: Coded = ("121401", "DCM", "Derivation")
SELECTION: Coded = ("121404", "DCM", "Selection Status")
SHORT_LABEL: Coded = ("125309", "DCM", "Short Label")
FINDINGS: Coded = ("121070", "DCM", "Findings")
GROUP: Coded = ("125007", "DCM", "Measurement Group")
ECHO_REPORT: Coded = ("125200", "DCM", "Adult Echocardiography Procedure Report")

LEFT_VENTRICLE: Coded = ("T-32600", "SRT", "Left Ventricle")
LEFT_ATRIUM: Coded = ("T-32300", "SRT", "Left Atrium")
AORTIC_VALVE: Coded = ("T-35400", "SRT", "Aortic Valve")
MITRAL_VALVE: Coded = ("T-35300", "SRT", "Mitral Valve")
TRICUSPID_VALVE: Coded = ("T-35100", "SRT", "Tricuspid Valve")
OUTFLOW_TRACT: Coded = ("T-32650", "SRT", "Left Ventricle Outflow Tract")
TWO_D: Coded = ("G-03A2", "SRT", "2D mode")
M_MODE: Coded = ("G-0394", "SRT", "M mode")
CONTINUOUS: Coded = ("R-409E3", "SRT", "Doppler Continuous Wave")
PULSED: Coded = ("R-409E4", "SRT", "Doppler Pulsed")
ANTEGRADE: Coded = ("R-42047", "SRT", "Antegrade Flow")
REGURGITANT: Coded = ("G-0367", "SRT", "Regurgitant Flow")
BIPLANE: Coded = ("125207", "DCM", "Method of Disks, Biplane")
SINGLE_PLANE: Coded = ("125208", "DCM", "Method of Disks, Single Plane")
A4C: Coded = ("G-A19C", "SRT", "Apical four chamber")
A2C: Coded = ("G-A19B", "SRT", "Apical two chamber")
MEAN_CHOSEN: Coded = ("121412", "DCM", "Mean value chosen")
MEAN: Coded = ("R-00317", "SRT", "Mean")

LVIDD: Coded = ("29436-3", "LN", "Left Ventricle Internal End Diastolic Dimension")
EF: Coded = ("18043-0", "LN", "Left Ventricular Ejection Fraction")
EDV: Coded = ("18026-5", "LN", "Left Ventricular End Diastolic Volume")
PEAK_VELOCITY: Coded = ("11726-7", "LN", "Peak Velocity")
PEAK_GRADIENT: Coded = ("20247-3", "LN", "Peak Gradient")
DIAMETER: Coded = ("M-02550", "SRT", "Diameter")


def code_item(coded: Coded) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = coded[:3]
    return item


def item_of(value_type: str, name: Coded | None, relationship: str, *children: Dataset) -> Dataset:
    """Without its value. The root has no relationship."""
    item = Dataset()
    item.ValueType = value_type
    if relationship:
        item.RelationshipType = relationship
    if name is not None:
        item.ConceptNameCodeSequence = [code_item(name)]
    if children:
        item.ContentSequence = list(children)
    return item


def coded(name: Coded, value: Coded, relationship: str = "HAS CONCEPT MOD", *children: Dataset) -> Dataset:
    item = item_of("CODE", name, relationship, *children)
    item.ConceptCodeSequence = [code_item(value)]
    return item


def text(name: Coded, value: str, relationship: str = "HAS PROPERTIES") -> Dataset:
    item = item_of("TEXT", name, relationship)
    item.TextValue = value
    return item


def reference_to(uid: str, *frames: int) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = _IMAGE_CLASS, uid
    if frames:
        reference.ReferencedFrameNumber = list(frames)
    return reference


def image(uid: str, *frames: int, name: Coded | None = None, relationship: str = "INFERRED FROM") -> Dataset:
    """Frames of an object; all of them where none is named."""
    item = item_of("IMAGE", name, relationship)
    item.ReferencedSOPSequence = [reference_to(uid, *frames)]
    return item


def outline(name: Coded | None, selected_from: Dataset) -> Dataset:
    item = item_of("SCOORD", name, "INFERRED FROM", selected_from)
    item.GraphicType, item.GraphicData = "POLYLINE", [1.0, 1.0, 9.0, 9.0]
    return item


def number(
    name: Coded | None, value: str, unit: str | None, *children: Dataset, relationship: str = "CONTAINS", scheme: str = "UCUM"
) -> Dataset:
    """`unit` None leaves the unit's sequence empty."""
    item = item_of("NUM", name, relationship, *children)
    measured = Dataset()
    measured.NumericValue = value
    measured.MeasurementUnitsCodeSequence = [code_item((unit, scheme, unit))] if unit is not None else []
    item.MeasuredValueSequence = [measured]
    return item


def container(name: Coded, *children: Dataset, relationship: str = "CONTAINS") -> Dataset:
    item = item_of("CONTAINER", name, relationship, *children)
    item.ContinuityOfContent = "SEPARATE"
    return item


def section(site: Coded, mode: Coded | None, *numbers: Dataset, findings: Coded = FINDINGS) -> Dataset:
    """TID 5202: one structure, one group of one mode."""
    group = container(GROUP, *([coded(IMAGE_MODE, mode)] if mode else []), *numbers)
    return container(findings, coded(FINDING_SITE, site), group)


def document(*content: Dataset, title: Coded = ECHO_REPORT, template: str = "5200", **attributes: Any) -> Dataset:
    """A Comprehensive SR of the cart, of the study that `tests.factories` is about."""
    dataset = container(title, *content, relationship="")
    item = Dataset()
    item.MappingResource, item.TemplateIdentifier = "DCMR", template
    dataset.ContentTemplateSequence = [item]
    dataset.SOPClassUID, dataset.SOPInstanceUID = ComprehensiveSRStorage, CART_UID
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = STUDY_UID, CART_SERIES_UID
    dataset.Modality, dataset.SeriesNumber, dataset.InstanceNumber = "SR", "1", "1"
    dataset.PatientName, dataset.PatientID = "DOE^JANE", "P1"
    dataset.ContentDate, dataset.ContentTime = "20260304", "101112"
    dataset.CompletionFlag, dataset.VerificationFlag = "PARTIAL", "UNVERIFIED"
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


def as_bytes(dataset: Dataset) -> bytes:
    file = BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


def as_read(dataset: Dataset) -> Report:
    """Through bytes, as a receiver has it."""
    return read_report(dcmread(BytesIO(as_bytes(dataset))))
