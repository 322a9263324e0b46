"""HL7 v2.5.1 ORU^R01: the measurements as observations, for reporting systems that fill their fields from a message.

Each value is one OBX of its own code: that of CID 12300, which alone says everything. The best value of a concept of TID 5203
has that beside it as the alternate, no other. What is not measured is not sent: an empty field is what a receiver shows of it.
A machine's values are preliminary (table 0085); final they become when a person signs another message. What the message before
stated and is not measured any more is deleted (D): else it would stay in the receiver's fields.
"""

from collections.abc import Sequence
from datetime import datetime

from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.core import Group, Message, Segment
from hl7apy.exceptions import HL7apyException
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from models.results import Measurement, StudyFindings
from sr_templates import codes, prefill
from sr_templates.copied_values import text_of
from sr_templates.document import BuiltFile
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence, is_quality_control_subject
from sr_templates.identity import DocumentIdentity
from sr_templates.quantity_codes import QUANTITY_CODES

TEMPLATE = "oru"
PRELIMINARY, DELETED = "P", "D"  # table 0085

_STUDY = Code("113014", "DCM", "DICOM Study")
_CONTROL_ID_LENGTH = 20  # of MSH-10 in version 2.5.1
# Version 2.5.1, 2.7.1 and 2.7.5: delimiters, and every control character as its bytes, for a carriage return ends a segment.
# hl7apy would escape the backslashes of \X0D\ once more: code points that nobody uses stand for these until it is done.
_CONTROLS, _STAND_IN = (*range(0x20), *range(0x7F, 0xA0)), 0x10F000
_ESCAPES = str.maketrans(
    {chr(code): chr(_STAND_IN + code) for code in _CONTROLS}
    | {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}
)
_HEXADECIMAL = {_STAND_IN + code: f"\\X{chr(code).encode().hex().upper()}\\" for code in _CONTROLS}


def build(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> tuple[BuiltFile, ...]:
    """One message per analysis, UTF-8; none where no value may fill a field, and none is to be taken out of one.

    Raises DocumentError for what cannot be stated.
    """
    chosen = prefill.choose(findings, evidence, identity.profile)
    withdrawn = _withdrawn(findings, identity)
    if not chosen.values and not withdrawn:
        return ()
    uid = identity.derived_uid(evidence.study_instance_uid, TEMPLATE, "")
    try:
        text = _message(chosen.values, withdrawn, uid, evidence, identity).to_er7().translate(_HEXADECIMAL)
    except HL7apyException as error:  # its words quote the value
        raise DocumentError(f"what the study says cannot be stated in HL7: {type(error).__name__}") from None
    return (BuiltFile(TEMPLATE, "", uid, text.encode("utf-8"), ".hl7"),)


def _withdrawn(findings: StudyFindings, identity: DocumentIdentity) -> list[tuple[str, str, str]]:
    """OBX-3, OBX-4 and OBX-6 of what the message before states and nobody measured now. What the cart states has the same
    code and stays: receivers that know a field by its code alone would lose the cart's value.
    """
    measured = {(_own_code(measurement.key), _sub_id(measurement)) for measurement in findings.measurements}
    of_cart = {_own_code(value.key) for value in findings.cart if value.key in QUANTITY_CODES}
    before = identity.predecessor.content.decode("utf-8", "replace") if identity.predecessor is not None else ""
    found = [[*line.split("|"), *[""] * 12] for line in before.split("\r") if line.startswith("OBX|")]
    numbers = [(obx[3], obx[4], obx[6]) for obx in found if obx[2] == "NM" and obx[11] == PRELIMINARY]
    coded = [(one, one[0].split("^")[0]) for one in numbers]
    return [one for one, code in coded if (code, one[1]) not in measured and code not in of_cart]


def _message(
    values: Sequence[Measurement],
    withdrawn: Sequence[tuple[str, str, str]],
    uid: str,
    evidence: Evidence,
    identity: DocumentIdentity,
) -> Message:
    # Not strict: that refuses identifiers for their length, and one that is shortened may be another order.
    message = Message("ORU_R01", version="2.5.1", validation_level=VALIDATION_LEVEL.TOLERANT)
    _header(message.msh, uid, identity)
    message.msh.msh_11 = "T" if is_quality_control_subject(evidence.newest) else "P"  # table 0103: training, production
    source = evidence.patient_and_study(strict=identity.profile.strict)
    result = message.add_group("ORU_R01_PATIENT_RESULT")
    _patient(result.add_group("ORU_R01_PATIENT").add_segment("PID"), source)
    order = result.add_group("ORU_R01_ORDER_OBSERVATION")
    _request(order.add_segment("OBR"), source, identity)
    _study(_observation(order, 1), evidence)
    for number, gone in enumerate(withdrawn, start=2):
        _deletion(_observation(order, number), gone)
    first = prefill.first_of_concept(values)
    for number, measurement in enumerate(values, start=2 + len(withdrawn)):
        _value(_observation(order, number), measurement, identity, first_of_concept=measurement.key in first)
    return message


def _header(msh: Segment, uid: str, identity: DocumentIdentity) -> None:
    """MSH-5 and MSH-6, the receiver, are the destination's: it writes them when it sends."""
    msh.msh_3 = "ECHONODE"
    msh.msh_7 = _time(identity.created_at)
    msh.msh_9 = "ORU^R01^ORU_R01"
    msh.msh_10 = uid[-_CONTROL_ID_LENGTH:]
    msh.msh_15, msh.msh_16 = "AL", "NE"  # one answer, and at once
    msh.msh_18 = "UNICODE UTF-8"


def _patient(pid: Segment, source: Dataset) -> None:
    pid.pid_1 = "1"
    pid.pid_3 = _field(text_of(source, "PatientID"), "", "", text_of(source, "IssuerOfPatientID"))
    pid.pid_5 = _name(text_of(source, "PatientName"))
    pid.pid_7 = text_of(source, "PatientBirthDate")
    pid.pid_8 = text_of(source, "PatientSex")


def _name(text: str) -> str:
    """XPN of the first group that says something (PS3.5 6.2.1): HL7 has the suffix before the prefix."""
    group = next((group for group in text.split("=") if group.strip("^ ")), "")
    family, given, middle, prefix, suffix = [*group.split("^"), "", "", "", "", ""][:5]
    return _field(family, given, middle, suffix, prefix)


def _request(obr: Segment, source: Dataset, identity: DocumentIdentity) -> None:
    """The accession number is the filler's order number, and OBR-18 where receivers of images look for it."""
    accession = _field(text_of(source, "AccessionNumber"))
    obr.obr_1 = "1"
    obr.obr_3 = obr.obr_18 = accession
    obr.obr_4 = _coded(codes.ECHOCARDIOGRAPHY)
    if date := text_of(source, "StudyDate"):
        obr.obr_7 = date + text_of(source, "StudyTime").split(".")[0]
    obr.obr_22 = _time(identity.created_at)
    obr.obr_24 = "CUS"  # table 0074: cardiac ultrasound
    obr.obr_25 = PRELIMINARY


def _study(obx: Segment, evidence: Evidence) -> None:
    obx.obx_2 = "ST"
    obx.obx_3 = _coded(_STUDY)
    obx.obx_5 = _field(evidence.study_instance_uid)
    obx.obx_11 = PRELIMINARY


def _value(obx: Segment, measurement: Measurement, identity: DocumentIdentity, *, first_of_concept: bool) -> None:
    code, method = QUANTITY_CODES[measurement.key], prefill.method(measurement)
    value, unit = prefill.stated(measurement, identity.profile)
    obx.obx_2 = "NM"
    both = (code.simplified, code.concept if first_of_concept or code.simplified is None else None)
    obx.obx_3 = _coded(*(one for one in both if one is not None))
    obx.obx_4 = _sub_id(measurement)
    obx.obx_5 = str(value)
    obx.obx_6 = _coded(unit)
    obx.obx_11 = PRELIMINARY
    obx.obx_14 = _time(identity.created_at)
    if method is not None:
        obx.obx_17 = _coded(method)
    obx.obx_18 = _field(identity.model_name, "", identity.device_observer_uid, "ISO")


def _own_code(key: str) -> str:
    code = QUANTITY_CODES[key]
    return (code.simplified or code.concept).value


def _sub_id(measurement: Measurement) -> str:
    """It tells two values of one concept apart, by site and method."""
    parts = (QUANTITY_CODES[measurement.key].finding_site, prefill.method(measurement))
    return "-".join(one.value for one in parts if one is not None)


def _deletion(obx: Segment, gone: tuple[str, str, str]) -> None:
    """Without a value, which version 2.5.1 allows of a deletion alone (7.4.2.5)."""
    obx.obx_2 = "NM"
    obx.obx_3, obx.obx_4, obx.obx_6 = gone
    obx.obx_11 = DELETED


def _observation(order: Group, number: int) -> Segment:
    obx = order.add_group("ORU_R01_OBSERVATION").add_segment("OBX")
    obx.obx_1 = str(number)
    return obx


def _coded(*alternatives: Code) -> str:
    """CE: identifier, text, coding system (table 0396 names SCT, LN, DCM, UCUM as DICOM does), once more for the alternate."""
    return _field(*(part for code in alternatives for part in (code.value, code.meaning, code.scheme_designator)))


def _field(*components: str) -> str:
    """Components with every delimiter in them escaped: hl7apy reads a text as the delimiters in it divide it."""
    return "^".join(component.translate(_ESCAPES) for component in components).rstrip("^")


def _time(at: datetime) -> str:
    return at.strftime("%Y%m%d%H%M%S%z")[:19]
