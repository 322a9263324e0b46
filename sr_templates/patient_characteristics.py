"""TID 5201 Echocardiography Patient Characteristics: what indexed values are made with."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from highdicom import sr
from pydicom.sr.coding import Code

from models.catalogue import Method
from models.results import Measurement
from sr_templates import codes
from sr_templates.copied_values import text_of
from sr_templates.echo_values import number
from sr_templates.evidence import Evidence
from sr_templates.subject_age import age_years

_CONTAINS = sr.RelationshipTypeValues.CONTAINS
_CHARACTERISTICS = Code("121118", "DCM", "Patient Characteristics")
_AGE = Code("121033", "DCM", "Subject Age")
_SEX = Code("121032", "DCM", "Subject Sex")
_HEART_RATE = Code("8867-4", "LN", "Heart rate")
_BODY_SURFACE_AREA = Code("8277-6", "LN", "Body Surface Area")
_FORMULA = Code("8278-4", "LN", "Body Surface Area Formula")
_DU_BOIS = Code("122241", "DCM", "BSA = 0.007184*WT^0.425*HT^0.725")  # CID 3663
_FORMULAS = {str(Method.DU_BOIS): _DU_BOIS, str(Method.MOSTELLER): Code("122244", "DCM", "BSA = (HT*WT/36)^0.5")}
_SEX_CODES = {  # CID 7455
    "M": Code("M", "DCM", "Male"),
    "F": Code("F", "DCM", "Female"),
    "O": Code("121102", "DCM", "Other sex"),
}
_YEAR = Code("a", "UCUM", "year")  # CID 7456

# Quantities of the catalogue that stand here and in no section.
OF_THE_PATIENT = frozenset({"hr", "bsa"})

# Outside these a header has another unit in it (170 for 1.70 m), or nobody's figure.
_HEIGHT_M, _WEIGHT_KG, _RATE = (1.2, 2.3), (25.0, 350.0), (25.0, 220.0)


@dataclass(frozen=True)
class BodySurface:
    """`formula` is None where nobody says how the area was found."""

    area_m2: float
    formula: Code | None = None


def patient_characteristics(evidence: Evidence, values: Sequence[Measurement]) -> sr.ContainerContentItem | None:
    """None without a body surface area: it is the one mandatory row (TID 5201 row 7)."""
    body = body_surface(evidence, values)
    if body is None:
        return None
    items: list[sr.ContentItem] = []
    if (years := age_years(evidence)) is not None:
        items.append(number(_AGE, years, _YEAR))
    if (sex := _SEX_CODES.get(text_of(evidence.newest, "PatientSex"))) is not None:
        items.append(sr.CodeContentItem(_SEX, sex, _CONTAINS))
    if (rate := _heart_rate(evidence, values)) is not None:
        items.append(number(_HEART_RATE, rate, codes.BEATS_PER_MINUTE))
    area = number(_BODY_SURFACE_AREA, round(body.area_m2, 2), codes.SQUARE_METRE)
    if body.formula is not None:
        formula = sr.CodeContentItem(_FORMULA, body.formula, sr.RelationshipTypeValues.INFERRED_FROM)
        area.ContentSequence = sr.ContentSequence([formula])
    container = sr.ContainerContentItem(_CHARACTERISTICS, is_content_continuous=False, relationship_type=_CONTAINS)
    container.ContentSequence = sr.ContentSequence([*items, area])
    return container


def body_surface(evidence: Evidence, values: Sequence[Measurement]) -> BodySurface | None:
    """As the study states it, else from the header's height and weight."""
    stated = [BodySurface(value.value, _FORMULAS.get(value.method)) for value in values if value.key == "bsa"]
    if stated:
        return stated[0]
    area_m2 = body_surface_area_m2(_number(evidence, "PatientSize"), _number(evidence, "PatientWeight"))
    return None if area_m2 is None else BodySurface(area_m2, _DU_BOIS)


def body_surface_area_m2(height_m: float | None, weight_kg: float | None) -> float | None:
    """By Du Bois and Du Bois (Arch Intern Med 1916;17:863-871). None where height or weight is unknown or implausible.

    >>> round(body_surface_area_m2(1.67, 72.6), 2)
    1.81
    >>> body_surface_area_m2(170.0, 72.6) is None
    True
    """
    if height_m is None or weight_kg is None or not _within(height_m, _HEIGHT_M) or not _within(weight_kg, _WEIGHT_KG):
        return None
    return float(0.007184 * weight_kg**0.425 * (100 * height_m) ** 0.725)


def _heart_rate(evidence: Evidence, values: Sequence[Measurement]) -> int | None:
    """As measured, else Heart Rate (0018,1088) as the cart noted it, in the middle of the clips that gave values."""
    measured = [value.value for value in values if value.key == "hr"]
    if measured:
        return round(measured[0])
    uids = {source.sop_instance_uid for value in values for source in value.sources}
    rates = [float(text) for uid in uids if (text := text_of(evidence.header(uid), "HeartRate")).isdecimal()]
    plausible = [rate for rate in rates if _within(rate, _RATE)]
    return round(statistics.median(plausible)) if plausible else None


def _number(evidence: Evidence, keyword: str) -> float | None:
    try:
        return float(text_of(evidence.newest, keyword))
    except ValueError:
        return None


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]
