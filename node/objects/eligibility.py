"""What a header says that forbids measuring (adult, resting, transthoracic, two-dimensional, without contrast).

Only a value *known* to exclude does; what is absent, empty or unfamiliar excludes nothing.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException

from models.calibration import RegionDataType
from models.results import Reason, in_order

_ADULT_YEARS = 18

# Transducer model names as vendors write them into Transducer Data (0018,5010).
_OESOPHAGEAL_PROBE = re.compile(r"TEE|TOE|^[SX]\d+-\d+T$|^\d+VT|^9T\b|^10T\b|^6TC?\b|^Z6M|^V[57]M")
_INTRACARDIAC_PROBE = re.compile(r"ACUNAV|VIEWFLEX|SOUNDSTAR|\bICE\b")
# Phased arrays made to look at the heart through the chest wall, as the first word of the name; the letters after a hyphen of
# GE's and Siemens' names (M5Sc-D, 4V1c-S) are the connector. CONFORMANCE.md repeats the list.
TRANSTHORACIC_PROBES = frozenset(
    {
        "S3", "S3-1", "S4-1", "S4-2", "S5-1", "S5-2", "S8-3", "S12-4", "X3-1", "X5-1", "X5-1C",  # Philips
        "3S", "3SC", "4S", "5S", "5SP", "6S", "6SC", "7S", "10S", "12S", "M3S", "M4S", "M5S", "M5SC", "3V", "4V", "4VC",  # GE
        "3V2C", "4V1", "4V1C", "4P1", "5P1", "8V3", "10V4", "4Z1C", "P4-2", "P5-1", "P8-4", "P9-4",  # Siemens, Mindray, others
        "SP5-1", "SP5-1S", "P4-2S", "P7-3", "P7-3S", "P10-4S", "PA1-5A", "PA3-8B", "PA4-12B",  # Mindray, Samsung
        "PST-25BT", "PST-28BT", "PST-30BT", "PST-50BT", "PST-65AT",  # Canon
        "P17", "P19X", "P21", "P21X", "P21XP", "RP19X",  # SonoSite
    }
)  # fmt: skip
# Curved, linear, endocavity and volume arrays: Philips C5-1, GE C1-5-D and 9L-D, Siemens 4C1 - but not 4V1c, S5-1, M5Sc.
_NON_CARDIAC_PROBE = re.compile(r"^(BP|CL|C|L|V|ML|EL|MC)\d+[A-Z]?-\d|^(EC|EV|IC|RAB|RIC)\d|^\d+[CL](\d|-|$)")

# Transducer Type (0018,6031), PS3.3 C.8.5.6. SPLIT XTAL CWD has no image and is left alone.
_NON_CARDIAC_TYPES = ("LINEAR", "CURVED LINEAR", "CURVED_LINEAR", "IV_", "ENDOCAV")

# Image Type value 3, PS3.3 C.8.5.6.1.1.
_OESOPHAGEAL_IMAGES = {"TEE"}
_ENDO_IMAGES = {"INTRACARDIAC", "INTRAVASCULAR", "ENDOCAVITARY", "ENDORECTAL", "ENDOVAGINAL"}
# The other defined terms but TTE, CHEST and EPICARDIAL, which carts write of ordinary echo: another organ, or surgery. Other
# forms of these words are written, too.
_OTHER_IMAGES = {
    "ABDOMINAL", "BREAST", "GYNECOLOGY", "GYNECOLOGICAL", "GYNAECOLOGY", "GYNAECOLOGICAL", "INTRAOPERATIVE",
    "MUSCULOSKELETAL", "OBSTETRICAL", "OBSTETRIC", "OBSTETRICS", "OPHTHALMIC", "PELVIC", "RETROPERITONEAL", "SCROTAL",
    "SMALL PARTS", "THYROID", "TRANSCRANIAL", "US BIOPSY", "VASCULAR",
}  # fmt: skip
_CHILDRENS_IMAGES = {"PEDIATRIC", "FETAL HEART", "NEONATAL HEAD"}
# Image Type value 4, the modes of the image as bits.
_THREE_D_BIT = 0x0040
_COLOUR_BITS = 0x0010 | 0x0020 | 0x0100  # colour Doppler, colour M-mode, colour power

_STRESS = re.compile(r"STRESS|PEAK|EXERCISE|RECOVERY|DOBUTAMINE|\bDOSE\b|\bPOST\b|\bIMPOST\b")
_REST = re.compile(r"\bREST|\bBASE")

# Whole words of descriptions, where / _ - are spaces.
_DESCRIPTIONS = ("StudyDescription", "SeriesDescription", "ProtocolName")
_STRESS_STUDY = re.compile(r"\b(STRESS|DOBUTAMINE|DSE|EXERCISE|TREADMILL)\b")
_OESOPHAGEAL_STUDY = re.compile(r"\b(TEE|TOE|TRANS ?O?ESOPHAGEAL)\b")
_SURFACE_STUDY = re.compile(r"\b(TTE|TRANS ?THORACIC)\b")
_CHILDRENS_STUDY = re.compile(r"\b(PA?EDIATRICS?|NEONATAL|NEONATE|CONGENITAL|FO?ETAL)\b")
_NO_CONTRAST = {"", "NONE", "NO", "N", "0"}


def known_exclusions(dataset: Dataset) -> tuple[Reason, ...]:
    """Reasons in order of precedence; empty where nothing is known to stand against measuring."""
    return in_order([reason for reason, applies in _RULES if applies(dataset)])


def _is_stress_stage(dataset: Dataset) -> bool:
    """A stage name decides, by its first word that says rest or stress; without one, the stage's number and the study's name.

    So a stage at rest of a stress study is measured, and a first stage of a stress study that has no name is not.
    """
    name = _text(dataset, "StageName")
    rest, stress = _REST.search(name), _STRESS.search(name)
    if rest and (not stress or rest.start() < stress.start()):
        return False
    return bool(stress) or (_number(dataset, "StageNumber") or 0) > 1 or _is_described(dataset, _STRESS_STUDY)


def _is_oesophageal(dataset: Dataset) -> bool:
    probe = any(_OESOPHAGEAL_PROBE.search(name) for name in _texts(dataset, "TransducerData"))
    named = _is_described(dataset, _OESOPHAGEAL_STUDY) and not _is_described(dataset, _SURFACE_STUDY)  # one study may hold both
    return probe or named or _examination(dataset) in _OESOPHAGEAL_IMAGES


def _is_non_cardiac_probe(dataset: Dataset) -> bool:
    names = _texts(dataset, "TransducerData")
    by_name = any(_NON_CARDIAC_PROBE.search(name) or _INTRACARDIAC_PROBE.search(name) for name in names)
    by_type = _text(dataset, "TransducerType").startswith(_NON_CARDIAC_TYPES)
    examination = _examination(dataset)
    # A probe on the chest wall cannot be inside: where the two contradict each other, the probe's name is the surer witness.
    inside = examination in _ENDO_IMAGES and not any(_is_transthoracic(name) for name in names)
    return by_name or by_type or inside or examination in _OTHER_IMAGES


def _is_transthoracic(probe: str) -> bool:
    first = re.split(r"[\s_,;/(]", probe)[0]
    return first in TRANSTHORACIC_PROBES or re.sub(r"-[A-Z]+$", "", first) in TRANSTHORACIC_PROBES


def _has_contrast(dataset: Dataset) -> bool:
    return _text(dataset, "ContrastBolusAgent") not in _NO_CONTRAST or bool(_value(dataset, "ContrastBolusAgentSequence"))


def _is_child(dataset: Dataset) -> bool:
    years = _age_years(dataset)
    if years is not None and years < _ADULT_YEARS:
        return True
    return _examination(dataset) in _CHILDRENS_IMAGES or _is_described(dataset, _CHILDRENS_STUDY)


def _is_three_dimensional(dataset: Dataset) -> bool:
    if _text(dataset, "SOPClassUID") == uid.EnhancedUSVolumeStorage:
        return True
    image_type = _texts(dataset, "ImageType")
    if any(value in ("VOLUME", "3D", "MPR", "BIPLANE", "XPLANE") for value in image_type[2:]):
        return True
    return bool(_modes(dataset) & _THREE_D_BIT)


def _has_colour(dataset: Dataset) -> bool:
    """A mode of the image, or Ultrasound Color Data Present together with a colour-flow region: neither alone is proof."""
    regions = _value(dataset, "SequenceOfUltrasoundRegions") or ()
    flow = any(_number(region, "RegionDataType") == RegionDataType.COLOUR_FLOW for region in regions)
    return bool(_modes(dataset) & _COLOUR_BITS) or (flow and _number(dataset, "UltrasoundColorDataPresent") == 1)


_RULES: tuple[tuple[Reason, Callable[[Dataset], bool]], ...] = (
    (Reason.STRESS_STAGE, _is_stress_stage),
    (Reason.TRANSOESOPHAGEAL, _is_oesophageal),
    (Reason.NON_CARDIAC_PROBE, _is_non_cardiac_probe),
    (Reason.CONTRAST_AGENT, _has_contrast),
    (Reason.PAEDIATRIC, _is_child),
    (Reason.THREE_DIMENSIONAL, _is_three_dimensional),
    (Reason.COLOUR_DOPPLER, _has_colour),
)


def _age_years(dataset: Dataset) -> float | None:
    """Patient's Age as written, else from the birth date to the first date of the study that is one."""
    if match := re.fullmatch(r"(\d{1,3})([DWMY])", _text(dataset, "PatientAge")):
        return int(match[1]) / {"D": 365.25, "W": 52.18, "M": 12, "Y": 1}[match[2]]
    born = _date(dataset, "PatientBirthDate")
    dates = [_date(dataset, keyword) for keyword in ("AcquisitionDate", "ContentDate", "StudyDate")]
    seen = next((day for day in dates if day), None)
    if born is None or seen is None or seen < born:
        return None
    return (seen - born).days / 365.25


def _date(dataset: Dataset, keyword: str) -> date | None:
    digits = _text(dataset, keyword).replace(".", "")  # ACR-NEMA wrote 1994.06.08
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def _examination(dataset: Dataset) -> str:
    image_type = _texts(dataset, "ImageType")
    return " ".join(image_type[2].replace("_", " ").split()) if len(image_type) > 2 else ""


def _modes(dataset: Dataset) -> int:
    """Image Type value 4, PS3.3 C.8.5.6.1.1: four hexadecimal digits; 0 where it is something else."""
    image_type = _texts(dataset, "ImageType")
    modes = image_type[3] if len(image_type) > 3 else ""
    return int(modes, 16) if re.fullmatch(r"[0-9A-F]{4}", modes) else 0


def _is_described(dataset: Dataset, words: re.Pattern[str]) -> bool:
    return any(words.search(re.sub(r"[\W_]+", " ", _text(dataset, keyword))) for keyword in _DESCRIPTIONS)


def _value(dataset: Dataset, keyword: str) -> Any:
    """The value of an attribute; None where it is absent or not what its value representation allows."""
    try:
        return dataset.get(keyword)
    except (ValueError, TypeError, LookupError, OverflowError, NotImplementedError, BytesLengthException):
        return None


def _texts(dataset: Dataset, keyword: str) -> list[str]:
    value = _value(dataset, keyword)
    values = value if hasattr(value, "append") else [value]
    return ["" if item is None else str(item).strip().upper() for item in values]


def _text(dataset: Dataset, keyword: str) -> str:
    return " ".join(_texts(dataset, keyword))


def _number(dataset: Dataset, keyword: str) -> float | None:
    try:
        return float(_text(dataset, keyword))
    except ValueError:
        return None
