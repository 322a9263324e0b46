"""The worked example of the standard (PS3.17 CCCC.5), item by item."""

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from sr_templates import codes, simplified_echo
from sr_templates.document import observer_context
from sr_templates.simplified_values import Section, SimplifiedValue
from tests.factories import identity

_USER_CHOSEN = Code("121410", "DCM", "User chosen value")
_CM, _ML, _ML_M2 = Code("cm", "UCUM", "cm"), Code("ml", "UCUM", "ml"), Code("ml/m2", "UCUM", "ml/m2")


def _ln(value: str, meaning: str) -> Code:
    return Code(value, "LN", meaning)


def _dcm(value: str, meaning: str) -> Code:
    return Code(value, "DCM", meaning)


def _sct(value: str, meaning: str) -> Code:
    return Code(value, "SCT", meaning)


_LVIDD = _ln("80007-8", "Left ventricular internal diastolic dimension - 2D")
_PRE = [
    SimplifiedValue(_ln("79969-2", "Interventricular septum diastolic dimension"), 1.00, _CM, "IVSd (2D)"),
    SimplifiedValue(_ln("79991-6", "Left ventricular ejection fraction biplane (MOD)"), 70.3, codes.PERCENT, "LV EF (MOD)"),
    SimplifiedValue(_ln("79996-5", "Left ventricular end diastolic volume biplane (MOD)"), 118, _ML, "LV EDV (MOD)"),
    SimplifiedValue(_ln("80001-1", "Left ventricular end systolic volume biplane (MOD)"), 35.0, _ML, "LV ESV (MOD)"),
    SimplifiedValue(_LVIDD, 5.00, _CM, "LVIDd (2D)", selection=_USER_CHOSEN),
    SimplifiedValue(_LVIDD, 5.50, _CM, "LVIDd (2D)"),
    SimplifiedValue(_LVIDD, 6.00, _CM, "LVIDd (2D)"),
    SimplifiedValue(_ln("80011-0", "Left ventricular internal systolic dimension - 2D"), 3.00, _CM, "LVIDs (2D)"),
    SimplifiedValue(_ln("80031-8", "Left ventricular posterior wall diastolic thickness"), 1.00, _CM, "LVPWd (2D)"),
    SimplifiedValue(_ln("80068-0", "Mitral valve area (Planimetry)"), 4.82, codes.SQUARE_CENTIMETRE, "MV Area (Planim)"),
]
_TYPE, _SITE = _dcm("125306", "Measurement Type"), _sct("363698007", "Finding Site")
_OBSERVATION, _PROPERTY = _dcm("125305", "Finding Observation Type"), _dcm("125307", "Measured Property")
_METHOD, _MODE = _sct("370129005", "Measurement Method"), _sct("399264008", "Image Mode")
_POST = [
    SimplifiedValue(
        Code("LVSIMOD", "99CompanyName", "Left Ventricle Stroke Index (MOD)"), 39, _ML_M2, "LV SI (MOD)",
        (
            (_TYPE, _dcm("125313", "Indexed")),
            (_SITE, _sct("87878005", "Left Ventricle")),
            (_OBSERVATION, _sct("44324008", "Hemodynamic Measurements")),
            (_PROPERTY, _sct("90096001", "Stroke Volume")),
            (_METHOD, _dcm("125207", "Method of Disks Biplane")),
            (_MODE, _sct("399064001", "2D Mode")),
            (_dcm("125308", "Measurement Divisor"), _ln("8277-6", "Body Surface Area")),
        ),
    ),
    SimplifiedValue(
        _ln("29469-4", "Left Atrium Antero-posterior Systolic Dimension"), 3.0, _CM, "LA Dimen (2D)",
        (
            (_TYPE, _dcm("125316", "Directly measured")),
            (_SITE, _sct("82471001", "Left Atrium")),
            (_OBSERVATION, _dcm("125311", "Structure of the Finding Site")),
            (_PROPERTY, _sct("81827009", "Diameter")),
            (_METHOD, _dcm("122675", "Anterior-Posterior")),
            (_MODE, _sct("399064001", "2D Mode")),
            (_sct("272518008", "Cardiac Cycle Point"), _sct("416430001", "End Systole")),
        ),
    ),
]  # fmt: skip
_ADHOC = [
    SimplifiedValue(_sct("385673002", "Interval"), 15.0, codes.MILLISECOND, "MV Jet Duration"),
    SimplifiedValue(_sct("1483009", "Angle"), 27.0, Code("deg", "UCUM", "deg"), "MV Leaf Angle"),
]

# Level, relationship, value type, code of the concept, value: as the table of the standard has them, line by line.
_TABLE = """
> CONTAINS CONTAINER 125301
>> CONTAINS NUM 79969-2 1 cm
>>> HAS_PROPERTIES TEXT 125309 IVSd (2D)
>> CONTAINS NUM 79991-6 70.3 %
>>> HAS_PROPERTIES TEXT 125309 LV EF (MOD)
>> CONTAINS NUM 79996-5 118 ml
>>> HAS_PROPERTIES TEXT 125309 LV EDV (MOD)
>> CONTAINS NUM 80001-1 35 ml
>>> HAS_PROPERTIES TEXT 125309 LV ESV (MOD)
>> CONTAINS NUM 80007-8 5 cm
>>> HAS_PROPERTIES CODE 121404 121410
>>> HAS_PROPERTIES TEXT 125309 LVIDd (2D)
>> CONTAINS NUM 80007-8 5.5 cm
>>> HAS_PROPERTIES TEXT 125309 LVIDd (2D)
>> CONTAINS NUM 80007-8 6 cm
>>> HAS_PROPERTIES TEXT 125309 LVIDd (2D)
>> CONTAINS NUM 80011-0 3 cm
>>> HAS_PROPERTIES TEXT 125309 LVIDs (2D)
>> CONTAINS NUM 80031-8 1 cm
>>> HAS_PROPERTIES TEXT 125309 LVPWd (2D)
>> CONTAINS NUM 80068-0 4.82 cm2
>>> HAS_PROPERTIES TEXT 125309 MV Area (Planim)
> CONTAINS CONTAINER 125302
>> CONTAINS NUM LVSIMOD 39 ml/m2
>>> HAS_CONCEPT_MOD CODE 125306 125313
>>> HAS_CONCEPT_MOD CODE 363698007 87878005
>>> HAS_CONCEPT_MOD CODE 125305 44324008
>>> HAS_CONCEPT_MOD CODE 125307 90096001
>>> HAS_CONCEPT_MOD CODE 370129005 125207
>>> HAS_CONCEPT_MOD CODE 399264008 399064001
>>> HAS_CONCEPT_MOD CODE 125308 8277-6
>>> HAS_PROPERTIES TEXT 125309 LV SI (MOD)
>> CONTAINS NUM 29469-4 3 cm
>>> HAS_CONCEPT_MOD CODE 125306 125316
>>> HAS_CONCEPT_MOD CODE 363698007 82471001
>>> HAS_CONCEPT_MOD CODE 125305 125311
>>> HAS_CONCEPT_MOD CODE 125307 81827009
>>> HAS_CONCEPT_MOD CODE 370129005 122675
>>> HAS_CONCEPT_MOD CODE 399264008 399064001
>>> HAS_CONCEPT_MOD CODE 272518008 416430001
>>> HAS_PROPERTIES TEXT 125309 LA Dimen (2D)
> CONTAINS CONTAINER 125303
>> CONTAINS NUM 385673002 15 ms
>>> HAS_PROPERTIES TEXT 125309 MV Jet Duration
>> CONTAINS NUM 1483009 27 deg
>>> HAS_PROPERTIES TEXT 125309 MV Leaf Angle
"""


def _lines(item: Dataset, depth: int = 1) -> list[str]:
    found = []
    for child in item.get("ContentSequence") or []:
        value = ""
        if child.ValueType == "NUM":
            measured = child.MeasuredValueSequence[0]
            value = f" {float(measured.NumericValue):g} {measured.MeasurementUnitsCodeSequence[0].CodeValue}"
        elif child.ValueType == "CODE":
            value = f" {child.ConceptCodeSequence[0].CodeValue}"
        elif child.ValueType == "TEXT":
            value = f" {child.TextValue}"
        relationship = child.RelationshipType.replace(" ", "_")
        name = child.ConceptNameCodeSequence[0].CodeValue
        found.append(f"{'>' * depth} {relationship} {child.ValueType} {name}{value}")
        found += _lines(child, depth + 1)
    return found


def test_the_example_of_the_standard_is_reproduced_item_by_item() -> None:
    sections = ((Section.PRE_COORDINATED, _PRE), (Section.POST_COORDINATED, _POST), (Section.ADHOC, _ADHOC))
    root = simplified_echo.content(sections, observer_context(identity()))
    assert root.ConceptNameCodeSequence[0].CodeValue == "125200"
    frame = {"121049", "121005", "121012", "121013", "121014", "121015"}  # TID 1204 and TID 1001, which the example leaves out
    lines = [line for line in _lines(root) if line.split()[3] not in frame]
    assert lines == _TABLE.strip().splitlines()
