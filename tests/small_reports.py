"""Small reports that are as the standard has them, for tests that break them: TID 5200 and TID 5300, item by item."""

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import ComprehensiveSRStorage, SimplifiedAdultEchoSRStorage

from tests.factories import A4C_UID, SERIES_UID, STUDY_UID
from tests.reports import coded, container, document, image, item_of, number, outline, reference_to, text

CONTEXT, PROPERTIES = "HAS OBS CONTEXT", "HAS PROPERTIES"


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


def source(uid: str = A4C_UID) -> Dataset:
    return image(uid, name=SOURCE)


def drawn() -> Dataset:
    return outline(SOURCE, image(A4C_UID, relationship="SELECTED FROM"))


def observer() -> list[Dataset]:
    uid = item_of("UIDREF", dcm("121012", "Device Observer UID"), CONTEXT)
    uid.UID = "2.25.1"
    return [coded(dcm("121005", "Observer Type"), dcm("121007", "Device"), CONTEXT), uid]


def language() -> Dataset:
    return coded(dcm("121049", "Language of Content Item and Descendants"), Code("en-US", "RFC5646", "English (U.S.)"))


def report(sop_class: str, template: str, *children: Dataset) -> Dataset:
    """With a whole header."""
    series, study = Dataset(), Dataset()
    series.SeriesInstanceUID, series.ReferencedSOPSequence = SERIES_UID, [reference_to(A4C_UID)]
    study.StudyInstanceUID, study.ReferencedSeriesSequence = STUDY_UID, [series]
    return document(
        *children, template=template, SOPClassUID=sop_class, SOPInstanceUID="1.2.3.4", SeriesInstanceUID="1.2.3.5",
        SpecificCharacterSet="ISO_IR 192", PatientName="Test^Heart", PatientID="1", PatientBirthDate="", PatientSex="O",
        StudyDate="20260304", StudyTime="120000", AccessionNumber="", StudyID="", ReferringPhysicianName="",
        TimezoneOffsetFromUTC="+0100", Manufacturer="EchoNode", ManufacturerModelName="EchoNode", DeviceSerialNumber="1",
        SoftwareVersions="1", PerformedProcedureCodeSequence=[], ReferencedPerformedProcedureStepSequence=[],
        CurrentRequestedProcedureEvidenceSequence=[study],
    )  # fmt: skip


def _section(site: Code, mode: Code, *values: Dataset) -> Dataset:
    group = container(GROUP, coded(IMAGE_MODE, mode), *values)
    return container(loinc("59776-5", "Findings"), coded(SITE, site), group)


def echo_report() -> Dataset:
    """TID 5200: body surface, left ventricle with EF and diameter, aortic valve, wall motion."""
    mean = (
        coded(dcm("121401", "Derivation"), sct("373098007", "Mean")),
        coded(SELECTION, dcm("121412", "Mean value chosen"), PROPERTIES),
    )
    fraction = number(
        loinc("18043-0", "Left Ventricular Ejection Fraction by US"), "56.4", "%",
        coded(METHOD, dcm("125207", "Method of Disks, Biplane")), *mean, source(),
    )  # fmt: skip
    diameter = number(
        loinc("29436-3", "Left Ventricle Internal End Diastolic Dimension"), "4.9", "cm", drawn(),
        coded(sct("272518008", "Cardiac Cycle Point"), sct("416190007", "End diastole")),
        coded(dcm("111031", "Image View"), sct("399139001", "Parasternal long axis"), "HAS ACQ CONTEXT"),
    )  # fmt: skip
    velocity = number(
        loinc("11726-7", "Peak Systolic Velocity"), "1.4", "m/s",
        coded(sct("260674002", "Flow Direction"), sct("263677008", "Antegrade Flow")),
    )  # fmt: skip
    return report(
        ComprehensiveSRStorage, "5200", language(), *observer(),
        container(
            dcm("121118", "Patient Characteristics"),
            number(
                loinc("8277-6", "Body Surface Area"), "1.92", "m2",
                coded(
                    loinc("8278-4", "Body Surface Area Formula"), dcm("122241", "BSA = 0.007184*WT^0.425*HT^0.725"),
                    "INFERRED FROM",
                ),
            ),
        ),
        _section(LEFT_VENTRICLE, MODE_2D, fraction, diameter),
        _section(sct("34202007", "Aortic Valve"), sct("261198000", "Doppler Continuous Wave"), velocity),
        _wall_motion(),
    )  # fmt: skip


def _wall_motion() -> Dataset:
    segment = coded(
        loinc("18179-2", "Wall Segment"), sct("264844003", "left ventricle apical anterior segment"), "CONTAINS",
        coded(sct("60797005", "Cardiac Wall Motion"), sct("37706002", "Hypokinesis"), PROPERTIES),
    )  # fmt: skip
    findings = container(loinc("59776-5", "Findings"), coded(SITE, LEFT_VENTRICLE), segment)
    procedure = sct("35757004", "Echocardiography for Determining Ventricular Contraction")
    return container(loinc("59776-5", "Findings"), coded(dcm("121058", "Procedure reported"), procedure), findings)


def simplified_report() -> Dataset:
    """TID 5300: the measurements of the example in PS3.17 CCCC.5."""
    return report(
        SimplifiedAdultEchoSRStorage, "5300", *observer(),
        container(dcm("125301", "Pre-coordinated Measurements"), *_pre_coordinated()),
        container(dcm("125302", "Post-coordinated Measurements"), *_post_coordinated()),
        container(
            dcm("125303", "Adhoc Measurements"),
            number(sct("385673002", "Interval"), "15", "ms", text(LABEL, "MV Jet Duration")),
            number(sct("1483009", "Angle"), "27", "deg", text(LABEL, "Angle"), source()),
        ),
    )  # fmt: skip


def _pre_coordinated() -> list[Dataset]:
    diameter = loinc("80007-8", "Left ventricular internal diastolic dimension - 2D")
    chosen = coded(SELECTION, dcm("121410", "User chosen value"), PROPERTIES)
    return [
        number(loinc("79969-2", "Interventricular septum diastolic dimension 2D"), "1.00", "cm"),
        number(loinc("79991-6", "Left ventricular ejection fraction biplane (MOD)"), "70.3", "%"),
        number(diameter, "5.09", "cm", chosen, drawn(), text(LABEL, "LVIDd")),
        number(diameter, "5.12", "cm"),
    ]


def _post_coordinated() -> list[Dataset]:
    kinds = {
        name: (dcm("125306", "Measurement Type"), value)
        for name, value in (("indexed", dcm("125313", "Indexed")), ("direct", dcm("125316", "Directly measured")))
    }
    observation, measured = dcm("125305", "Finding Observation Type"), dcm("125307", "Measured Property")
    index = number(
        Code("LVSIMOD", "99EXAMPLE", "LV Stroke Index by Method of Disks"), "39", "mL/m2",
        coded(*kinds["indexed"]), coded(SITE, LEFT_VENTRICLE),
        coded(observation, sct("44324008", "Hemodynamic Measurements")),
        coded(measured, sct("90096001", "Stroke Volume")), coded(METHOD, dcm("125207", "Method of Disks, Biplane")),
        coded(IMAGE_MODE, MODE_2D), coded(dcm("125308", "Measurement Divisor"), loinc("8277-6", "BSA")),
    )  # fmt: skip
    atrium = number(
        loinc("29469-4", "Left Atrium Antero-posterior Systolic Dimension"), "3.0", "cm",
        coded(*kinds["direct"]), coded(SITE, sct("82471001", "Left atrium")),
        coded(observation, dcm("125311", "Structure of the Finding Site")),
        coded(measured, sct("81827009", "Diameter")),
        coded(METHOD, dcm("122675", "Anterior-Posterior")), coded(IMAGE_MODE, MODE_2D),
        coded(sct("272518008", "Cardiac Cycle Point"), sct("416430001", "End Systole")),
    )  # fmt: skip
    return [index, atrium]
