"""Small reports that are as the standard has them, for tests that break them: TID 5200 and TID 5300, item by item."""

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.coding import Code
from pydicom.uid import ComprehensiveSRStorage, ExplicitVRLittleEndian, SimplifiedAdultEchoSRStorage

from sr_templates.codes import code_item
from tests.factories import A4C_UID, SERIES_UID, STUDY_UID

_IMAGE_CLASS = "1.2.840.10008.5.1.4.1.1.3.1"
MOD, CONTEXT, ACQUISITION = "HAS CONCEPT MOD", "HAS OBS CONTEXT", "HAS ACQ CONTEXT"
CONTAINS, PROPERTIES, INFERRED, SELECTED = "CONTAINS", "HAS PROPERTIES", "INFERRED FROM", "SELECTED FROM"


def dcm(value: str, meaning: str) -> Code:
    return Code(value, "DCM", meaning)


def sct(value: str, meaning: str) -> Code:
    return Code(value, "SCT", meaning)


def loinc(value: str, meaning: str) -> Code:
    return Code(value, "LN", meaning)


SITE, METHOD = sct("363698007", "Finding Site"), sct("370129005", "Measurement Method")
IMAGE_MODE, MODE_2D = sct("399264008", "Image Mode"), sct("399064001", "2D mode")
LEFT_VENTRICLE, SELECTION = sct("87878005", "Left ventricle"), dcm("121404", "Selection Status")
GROUP, LABEL = dcm("125007", "Measurement Group"), dcm("125309", "Short Label")
SOURCE = dcm("121112", "Source of Measurement")


def item(kind: str, relationship: str, concept: Code | None, *children: Dataset) -> Dataset:
    made = Dataset()
    if relationship:
        made.RelationshipType = relationship
    made.ValueType = kind
    if concept is not None:
        made.ConceptNameCodeSequence = [code_item(concept)]
    if children:
        made.ContentSequence = list(children)
    return made


def container(relationship: str, concept: Code, *children: Dataset) -> Dataset:
    made = item("CONTAINER", relationship, concept, *children)
    made.ContinuityOfContent = "SEPARATE"
    return made


def code(relationship: str, concept: Code, value: Code, *children: Dataset) -> Dataset:
    made = item("CODE", relationship, concept, *children)
    made.ConceptCodeSequence = [code_item(value)]
    return made


def text(relationship: str, concept: Code, value: str) -> Dataset:
    made = item("TEXT", relationship, concept)
    made.TextValue = value
    return made


def number(relationship: str, concept: Code, value: str, unit: str, *children: Dataset) -> Dataset:
    made = item("NUM", relationship, concept, *children)
    measured = Dataset()
    measured.NumericValue = value
    measured.MeasurementUnitsCodeSequence = [code_item(Code(unit, "UCUM", unit))]
    made.MeasuredValueSequence = [measured]
    return made


def image(relationship: str, concept: Code | None, uid: str = A4C_UID) -> Dataset:
    made = item("IMAGE", relationship, concept)
    made.ReferencedSOPSequence = [_reference(uid)]
    return made


def outline(relationship: str, concept: Code) -> Dataset:
    made = item("SCOORD", relationship, concept, image(SELECTED, None))
    made.GraphicType, made.GraphicData = "POLYLINE", [1.0, 1.0, 9.0, 9.0]
    return made


def _reference(uid: str) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = _IMAGE_CLASS, uid
    return reference


def observer() -> list[Dataset]:
    uid = item("UIDREF", CONTEXT, dcm("121012", "Device Observer UID"))
    uid.UID = "2.25.1"
    return [code(CONTEXT, dcm("121005", "Observer Type"), dcm("121007", "Device")), uid]


def language() -> Dataset:
    return code(MOD, dcm("121049", "Language of Content Item and Descendants"), Code("en-US", "RFC5646", "English (U.S.)"))


def report(sop_class: str, template: str, *children: Dataset) -> Dataset:
    document = container("", dcm("125200", "Adult Echocardiography Procedure Report"), *children)
    document.SOPClassUID, document.SOPInstanceUID = sop_class, "1.2.3.4"
    document.SpecificCharacterSet = "ISO_IR 192"
    document.StudyInstanceUID, document.SeriesInstanceUID, document.Modality = STUDY_UID, "1.2.3.5", "SR"
    document.SeriesNumber = document.InstanceNumber = 1
    document.PatientName, document.PatientID, document.PatientBirthDate, document.PatientSex = "Test^Heart", "1", "", "O"
    document.StudyDate = document.ContentDate = "20260304"
    document.StudyTime = document.ContentTime = "120000"
    document.AccessionNumber = document.StudyID = document.ReferringPhysicianName = ""
    document.TimezoneOffsetFromUTC = "+0100"
    document.Manufacturer, document.ManufacturerModelName, document.DeviceSerialNumber = "EchoNode", "EchoNode", "1"
    document.SoftwareVersions, document.CompletionFlag, document.VerificationFlag = "1", "PARTIAL", "UNVERIFIED"
    document.PerformedProcedureCodeSequence, document.ReferencedPerformedProcedureStepSequence = [], []
    label, series, study = Dataset(), Dataset(), Dataset()
    label.MappingResource, label.TemplateIdentifier = "DCMR", template
    document.ContentTemplateSequence = [label]
    series.SeriesInstanceUID, series.ReferencedSOPSequence = SERIES_UID, [_reference(A4C_UID)]
    study.StudyInstanceUID, study.ReferencedSeriesSequence = STUDY_UID, [series]
    document.CurrentRequestedProcedureEvidenceSequence = [study]
    document.file_meta = FileMetaDataset()
    document.file_meta.MediaStorageSOPClassUID, document.file_meta.MediaStorageSOPInstanceUID = sop_class, "1.2.3.4"
    document.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return document


def _section(site: Code, mode: Code, *values: Dataset) -> Dataset:
    group = container(CONTAINS, GROUP, code(MOD, IMAGE_MODE, mode), *values)
    return container(CONTAINS, loinc("59776-5", "Findings"), code(MOD, SITE, site), group)


def echo_report() -> Dataset:
    """TID 5200: body surface, left ventricle with EF and diameter, aortic valve, wall motion."""
    mean = (
        code(MOD, dcm("121401", "Derivation"), sct("373098007", "Mean")),
        code(PROPERTIES, SELECTION, dcm("121412", "Mean value chosen")),
    )
    fraction = number(
        CONTAINS, loinc("18043-0", "Left Ventricular Ejection Fraction by US"), "56.4", "%",
        code(MOD, METHOD, dcm("125207", "Method of Disks, Biplane")), *mean, image(INFERRED, SOURCE),
    )  # fmt: skip
    diameter = number(
        CONTAINS, loinc("29436-3", "Left Ventricle Internal End Diastolic Dimension"), "4.9", "cm", outline(INFERRED, SOURCE),
        code(MOD, sct("272518008", "Cardiac Cycle Point"), sct("416190007", "End diastole")),
        code(ACQUISITION, dcm("111031", "Image View"), sct("399139001", "Parasternal long axis")),
    )  # fmt: skip
    velocity = number(
        CONTAINS, loinc("11726-7", "Peak Systolic Velocity"), "1.4", "m/s",
        code(MOD, sct("260674002", "Flow Direction"), sct("263677008", "Antegrade Flow")),
    )  # fmt: skip
    return report(
        ComprehensiveSRStorage, "5200", language(), *observer(),
        container(
            CONTAINS, dcm("121118", "Patient Characteristics"),
            number(
                CONTAINS, loinc("8277-6", "Body Surface Area"), "1.92", "m2",
                code(INFERRED, loinc("8278-4", "Body Surface Area Formula"), dcm("122241", "BSA = 0.007184*WT^0.425*HT^0.725")),
            ),
        ),
        _section(LEFT_VENTRICLE, MODE_2D, fraction, diameter),
        _section(sct("34202007", "Aortic Valve"), sct("261198000", "Doppler Continuous Wave"), velocity),
        _wall_motion(),
    )  # fmt: skip


def _wall_motion() -> Dataset:
    segment = code(
        CONTAINS, loinc("18179-2", "Wall Segment"), sct("264844003", "left ventricle apical anterior segment"),
        code(PROPERTIES, sct("60797005", "Cardiac Wall Motion"), sct("37706002", "Hypokinesis")),
    )  # fmt: skip
    findings = container(CONTAINS, loinc("59776-5", "Findings"), code(MOD, SITE, LEFT_VENTRICLE), segment)
    procedure = sct("35757004", "Echocardiography for Determining Ventricular Contraction")
    return container(
        CONTAINS, loinc("59776-5", "Findings"), code(MOD, dcm("121058", "Procedure reported"), procedure), findings
    )


def simplified_report() -> Dataset:
    """TID 5300: the measurements of the example in PS3.17 CCCC.5."""
    return report(
        SimplifiedAdultEchoSRStorage, "5300", *observer(),
        container(CONTAINS, dcm("125301", "Pre-coordinated Measurements"), *_pre_coordinated()),
        container(CONTAINS, dcm("125302", "Post-coordinated Measurements"), *_post_coordinated()),
        container(
            CONTAINS, dcm("125303", "Adhoc Measurements"),
            number(CONTAINS, sct("385673002", "Interval"), "15", "ms", text(PROPERTIES, LABEL, "MV Jet Duration")),
            number(CONTAINS, sct("1483009", "Angle"), "27", "deg", text(PROPERTIES, LABEL, "Angle"), image(INFERRED, SOURCE)),
        ),
    )  # fmt: skip


def _pre_coordinated() -> list[Dataset]:
    diameter = loinc("80007-8", "Left ventricular internal diastolic dimension - 2D")
    chosen = code(PROPERTIES, SELECTION, dcm("121410", "User chosen value"))
    return [
        number(CONTAINS, loinc("79969-2", "Interventricular septum diastolic dimension 2D"), "1.00", "cm"),
        number(CONTAINS, loinc("79991-6", "Left ventricular ejection fraction biplane (MOD)"), "70.3", "%"),
        number(CONTAINS, diameter, "5.09", "cm", chosen, outline(INFERRED, SOURCE), text(PROPERTIES, LABEL, "LVIDd")),
        number(CONTAINS, diameter, "5.12", "cm"),
    ]


def _post_coordinated() -> list[Dataset]:
    kinds = {
        name: (dcm("125306", "Measurement Type"), value)
        for name, value in (("indexed", dcm("125313", "Indexed")), ("direct", dcm("125316", "Directly measured")))
    }
    observation, measured = dcm("125305", "Finding Observation Type"), dcm("125307", "Measured Property")
    index = number(
        CONTAINS, Code("LVSIMOD", "99EXAMPLE", "LV Stroke Index by Method of Disks"), "39", "mL/m2",
        code(MOD, *kinds["indexed"]), code(MOD, SITE, LEFT_VENTRICLE),
        code(MOD, observation, sct("44324008", "Hemodynamic Measurements")),
        code(MOD, measured, sct("90096001", "Stroke Volume")), code(MOD, METHOD, dcm("125207", "Method of Disks, Biplane")),
        code(MOD, IMAGE_MODE, MODE_2D), code(MOD, dcm("125308", "Measurement Divisor"), loinc("8277-6", "BSA")),
    )  # fmt: skip
    atrium = number(
        CONTAINS, loinc("29469-4", "Left Atrium Antero-posterior Systolic Dimension"), "3.0", "cm",
        code(MOD, *kinds["direct"]), code(MOD, SITE, sct("82471001", "Left atrium")),
        code(MOD, observation, dcm("125311", "Structure of the Finding Site")),
        code(MOD, measured, sct("81827009", "Diameter")),
        code(MOD, METHOD, dcm("122675", "Anterior-Posterior")), code(MOD, IMAGE_MODE, MODE_2D),
        code(MOD, sct("272518008", "Cardiac Cycle Point"), sct("416430001", "End Systole")),
    )  # fmt: skip
    return [index, atrium]
