"""What goes into the dialects that reporting systems fill their fields from (TID 5200, TID 5300), and how it is stated there.

Receivers file a number by its code, often by nothing else. So here stands less than in a TID 1500 report: no value that may not
reach a patient, none that the cart has measured, no two values that a receiver could take for one another.
"""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

from pydicom.sr.coding import Code

from models.catalogue import QUANTITIES, Method
from models.results import Measurement, StudyFindings
from sr_templates import codes, selection
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence
from sr_templates.patient_safety import may_prefill
from sr_templates.profile import Profile
from sr_templates.quantity_codes import QUANTITY_CODES, image_mode_of

LOOKS_AT = frozenset({"fill", "velocity"})  # fields of a profile: what `choose` and `stated` of every dialect follow

_BLOOD_VELOCITY, _TISSUE_VELOCITY = "m/s", "cm/s"  # as the catalogue has them
_LONGEST_DS = 16  # PS3.5 6.2

# No receiver knows them, and one that matches words would file them as the ejection fraction of the method of discs.
_NEVER = frozenset({Method.VIDEO_REGRESSION, Method.VIDEO_REGRESSION_BIPLANE})


@dataclass(frozen=True)
class LeftOut:
    """A measured value that a prefill dialect does not write. `reason` is in words, without patient data."""

    key: str
    reason: str


@dataclass(frozen=True)
class Prefill:
    """`values` with the best of each concept first, in the order of the catalogue otherwise."""

    values: tuple[Measurement, ...]
    left_out: tuple[LeftOut, ...] = ()

    def without(self, reasons: Mapping[str, str]) -> "Prefill":
        """`reasons` says of keys why they do not stay."""
        values = tuple(value for value in self.values if value.key not in reasons)
        return Prefill(values, self.left_out + tuple(LeftOut(*one) for one in reasons.items()))


def choose(findings: StudyFindings, evidence: Evidence, profile: Profile) -> Prefill:
    """The measurements that a receiver with this profile may have. What is not measured is not in them.

    Raises DocumentError for a value that cannot be stated: of an unknown quantity, not finite, or in another unit than its own.
    """
    for measurement in findings.measurements:
        _require_statable(measurement)
    values: list[Measurement] = []
    left_out: list[LeftOut] = []
    forbidden = "" if may_prefill(findings, evidence) else "research results stay out of prefilled fields"
    for measurement in selection.best_first(findings.measurements):
        reason = forbidden or _why_not(measurement, findings, profile)
        if reason:
            left_out.append(LeftOut(measurement.key, reason))
        else:
            values.append(measurement)
    chosen = Prefill(tuple(values), tuple(left_out))
    keys = {value.key for value in values}
    # A ventricular pressure holds an atrial one, which is assumed and not measured: nobody can judge it without.
    unexplained = "rvsp" in keys and "rap" not in keys
    return chosen.without({"rvsp": "the right atrial pressure in it is not stated"}) if unexplained else chosen


def tell_apart(prefill: Prefill, meaning: Callable[[Measurement], Hashable]) -> Prefill:
    """Without those that a dialect states in the same words as another: of such the best stays, and the others are listed.

    `meaning` is all that a receiver of the dialect can tell values by. In the catalogue's own views no two quantities share
    one; views as they were found may make them equal.
    """
    first: dict[Hashable, str] = {}
    same = {m.key: other for m in prefill.values if (other := first.setdefault(meaning(m), m.key)) != m.key}
    return prefill.without({key: f"receivers could not tell it from {other}" for key, other in same.items()})


def first_of_concept(values: Sequence[Measurement]) -> frozenset[str]:
    """The keys of the best value of each concept and site.

    Messages give each value the code of CID 12300, and these the concept beside it: a receiver that looks for nothing else then
    finds one ejection fraction, and the right one.
    """
    first: dict[tuple[str, str], str] = {}
    for value in values:
        code = QUANTITY_CODES[value.key]
        first.setdefault((code.concept.value, code.finding_site.value), value.key)
    return frozenset(first.values())


def stated(measurement: Measurement, profile: Profile) -> tuple[float, Code]:
    """Value and unit, rounded to what was measured; whole numbers are int, so that no ".0" claims a decimal.

    Blood velocities are in the profile's unit; those of tissue are in cm/s everywhere, as echo labs state them.
    """
    decimals, unit, value = QUANTITY_CODES[measurement.key].decimals, measurement.unit, measurement.value
    if unit == _BLOOD_VELOCITY and profile.velocity != _BLOOD_VELOCITY:
        value, unit, decimals = value * 100, _TISSUE_VELOCITY, max(decimals - 2, 0)
    rounded = round(value, decimals)
    rounded = int(rounded) if rounded == int(rounded) else rounded
    if len(str(rounded)) > _LONGEST_DS:
        raise DocumentError(f"{measurement.key}: more than the {_LONGEST_DS} characters of a decimal string")
    return rounded, codes.UNIT_CODES[unit]


def image_mode(measurement: Measurement) -> Code | None:
    """CID 12224, of the views that it was found in or, of several, that it needs; None where they differ or do not say."""
    return image_mode_of(measurement.key, measurement.view)


def image_view(measurement: Measurement) -> Code | None:
    """CID 12226; None where it has no such view, and for a trace, whose plane is not known."""
    code = codes.VIEW_CODES[measurement.view] if measurement.view else None
    return code if code is not None and code.scheme_designator != codes.PRIVATE_SCHEME else None


def method(measurement: Measurement) -> Code | None:
    return method_of(measurement.key)


def method_of(key: str) -> Code | None:
    """CID 12227; None for a private one, which no receiver knows and which breaks an exact match."""
    code = QUANTITY_CODES[key].method
    return code if code is not None and code.scheme_designator != codes.PRIVATE_SCHEME else None


def _require_statable(measurement: Measurement) -> None:
    code = QUANTITY_CODES.get(measurement.key)
    if code is None:
        raise DocumentError(f"unknown quantity {measurement.key!r}")
    if measurement.unit != code.unit.value or not math.isfinite(measurement.value):
        raise DocumentError(f"{measurement.key}: not a finite value in {code.unit.value}")


def _why_not(measurement: Measurement, findings: StudyFindings, profile: Profile) -> str:
    if QUANTITIES[measurement.key].method in _NEVER:
        return "no receiver has a field for its method"
    if profile.fill == "all" or not findings.cart:
        return ""
    if profile.fill == "none_if_cart_sr":
        return "the cart has sent a report of its own"
    of_cart = [value.key for value in findings.cart if value.key]
    if measurement.key in of_cart:
        return "the cart has measured it"
    if any(measurement.key in value.candidates for value in findings.cart):
        return "the cart may have measured it: its value does not say of which quantity it is"
    rank = selection.rank(measurement.key)
    better = next((key for key in of_cart if _same_field(key, measurement.key) and selection.rank(key) <= rank), "")
    return f"the cart has measured {better}, which the same field takes" if better else ""


def _same_field(one: str, other: str) -> bool:
    """Whether a receiver that looks at concept and site alone takes one for the other."""
    first, second = QUANTITY_CODES.get(one), QUANTITY_CODES.get(other)
    if first is None or second is None:
        return False
    same_flow = first.flow is second.flow or (first.flow is not None and second.flow is not None and first.flow == second.flow)
    return first.concept == second.concept and first.finding_site == second.finding_site and same_flow
