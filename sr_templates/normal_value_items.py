"""How a value lies to the normal ones, as properties of its NUM (TID 300 row 8, TID 310): mean, deviation and z-score in their
population (TID 311), and the normal range (TID 312).
"""

from collections.abc import Iterator

from highdicom import sr
from pydicom.sr.coding import Code

from models.results import Measurement
from sr_templates import codes
from sr_templates.evidence import Evidence
from sr_templates.normal_values import NormalValue, normal_value
from sr_templates.profile import Scheme
from sr_templates.quantity_codes import QUANTITY_CODES
from sr_templates.srt import srt

_PROPERTIES = sr.RelationshipTypeValues.HAS_PROPERTIES
MEAN_OF_POPULATION = Code("373098007", "SCT", "Mean Value of population")  # CID 226
DEVIATION_OF_POPULATION = Code("121414", "DCM", "Standard deviation of population")  # CID 226
POPULATION = Code("121405", "DCM", "Population description")
REFERENCE_AUTHORITY = Code("121406", "DCM", "Reference Authority")
LOWER_LIMIT = Code("385524004", "SCT", "Normal Range Lower Limit")  # CID 223
UPPER_LIMIT = Code("371933006", "SCT", "Normal Range Upper Limit")  # CID 223
RANGE_DESCRIPTION = Code("121407", "DCM", "Normal Range description")
RANGE_AUTHORITY = Code("121408", "DCM", "Normal Range Authority")
Z_SCORE = Code("121416", "DCM", "Z-Score of measurement")  # CID 227


def normal_value_items(measurement: Measurement, evidence: Evidence, scheme: Scheme = "sct") -> list[sr.ContentItem]:
    """Nothing where no normal value is published for the quantity, or age and sex of an adult are not stated."""
    row = normal_value(measurement.key, evidence)
    items = [] if row is None else [*_population(row, measurement.value), *_range(row)]
    if scheme == "srt":
        for item in items:
            name = item.name
            older = srt(Code(name.value, name.scheme_designator, name.meaning))
            item.ConceptNameCodeSequence = [sr.CodedConcept.from_code(older)]
    return items


def _population(row: NormalValue, value: float) -> Iterator[sr.ContentItem]:
    z_score = row.z_score(value)
    if row.mean is None or row.sd is None or z_score is None:
        return
    yield _number(MEAN_OF_POPULATION, row.mean, row)
    yield _number(DEVIATION_OF_POPULATION, row.sd, row)
    yield sr.NumContentItem(Z_SCORE, z_score, codes.NO_UNITS, relationship_type=_PROPERTIES)
    yield _text(POPULATION, row.population)
    yield _text(REFERENCE_AUTHORITY, row.source)


def _range(row: NormalValue) -> Iterator[sr.ContentItem]:
    limits = ((LOWER_LIMIT, row.low), (UPPER_LIMIT, row.high))
    stated = [_number(name, limit, row) for name, limit in limits if limit is not None]
    if stated:
        yield from stated
        yield _text(RANGE_DESCRIPTION, f"{row.population}, inclusive")
        yield _text(RANGE_AUTHORITY, row.source)


def _number(name: Code, value: float, row: NormalValue) -> sr.NumContentItem:
    return sr.NumContentItem(name, value, QUANTITY_CODES[row.key].unit, relationship_type=_PROPERTIES)


def _text(name: Code, text: str) -> sr.TextContentItem:
    return sr.TextContentItem(name, text, _PROPERTIES)
