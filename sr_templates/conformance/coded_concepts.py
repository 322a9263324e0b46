"""Codes against the dictionaries: which context group has one, how it is written there, and whether one can exist at all."""

import re
from functools import cache

from pydicom.sr._snomed_dict import mapping as snomed_mapping
from pydicom.sr.codedict import Collection
from pydicom.sr.coding import Code

RT_SCHEMES = ("SRT", "SNM3", "99SDM")  # SNOMED RT by its three designators (PS3.16 8.1.1)
_RT_CODE = re.compile(r"[A-Z]{1,2}[0-9A-F]?-[0-9A-F]{3,}")  # an axis, and a number with figures up to F
# PS3.16 B: the few groups of our rows that admit no code of one's own.
_CLOSED_GROUPS = frozenset({224, 244, 270, 5000, 7455, 12301, 12302, 12303, 12306})
_NEWEST_DCM_CODE = 130_896  # of the edition that the dictionary follows; higher values may have come since

# Of Verhoeff's check digit, which is SNOMED CT's (its technical implementation guide, SCTID check digit).
_PERMUTATION = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def canonical(code: Code) -> tuple[str, str]:
    """Value and scheme; SNOMED RT as the SNOMED CT code it became."""
    scheme = str(code.scheme_designator)
    if scheme in RT_SCHEMES:
        current = snomed_mapping["SRT"].get(code.value)
        return (str(current), "SCT") if current else (code.value, "SRT")
    return code.value, scheme


def is_private(code: Code) -> bool:
    """Schemes that begin with 99 are local (PS3.16 8.2); "L" is HL7's word for the same."""
    scheme = str(code.scheme_designator)
    return (scheme.startswith("99") and scheme not in RT_SCHEMES) or scheme == "L"


@cache
def context_group(cid: int) -> dict[tuple[str, str], frozenset[str]]:
    """Canonical code -> meanings as the group prints them. KeyError for a group that the dictionary lacks."""
    members: dict[tuple[str, str], set[str]] = {}
    for found in Collection(f"CID{cid}").concepts.values():
        for code in found if isinstance(found, list) else [found]:
            if code.value:  # CID 12300 has an entry without one
                members.setdefault((code.value, code.scheme_designator), set()).add(code.meaning)
    return {key: frozenset(meanings) for key, meanings in members.items()}


def is_closed(cid: int) -> bool:
    return cid in _CLOSED_GROUPS


@cache
def _scheme(designator: str) -> dict[str, frozenset[str]]:
    meanings: dict[str, set[str]] = {}
    for found in Collection(designator).concepts.values():
        for code in found if isinstance(found, list) else [found]:
            meanings.setdefault(code.value, set()).add(code.meaning)
    return {value: frozenset(known) for value, known in meanings.items()}


def known_meanings(code: Code) -> frozenset[str]:
    """Every meaning that the standard prints for the code; empty for one that it does not use.

    Of SNOMED CT the dictionary has full names too, "Flow (attribute)", which the standard prints nowhere.
    """
    value, scheme = canonical(code)
    known = _scheme(scheme).get(value, frozenset()) if scheme in ("DCM", "SCT", "LN") else frozenset()
    return frozenset(meaning for meaning in known if scheme != "SCT" or not meaning.endswith(")"))


def is_listed_unit(value: str) -> bool:
    """Whether a context group of PS3.16 has it: some are not of the part of UCUM that is read here."""
    return value in _scheme("UCUM")


def impossible(code: Code) -> str:
    """Why no such code can exist, else "". LOINC and SNOMED CT carry check digits, the standard lists all codes of DCM."""
    value, scheme = canonical(code)
    if scheme == "SRT" and _RT_CODE.fullmatch(value) is None:
        return f"{value} is no SNOMED RT code"
    if scheme not in ("DCM", "SCT", "LN") or value in _scheme(scheme):
        return ""
    if scheme == "LN" and not _has_luhn_digit(value):
        return f"{value} is no LOINC code: its check digit is wrong"
    if scheme == "SCT" and not _has_verhoeff_digit(value):
        return f"{value} is no SNOMED CT code: its check digit is wrong"
    if scheme == "DCM" and not (value.isdecimal() and len(value) <= 16 and int(value) > _NEWEST_DCM_CODE):
        return f"{value} is no code of DCM (PS3.16 D)"
    return ""


def _has_luhn_digit(value: str) -> bool:
    number, _, digit = value.partition("-")
    if len(value) > 18 or not (number.isascii() and number.isdigit() and digit.isascii() and digit.isdigit()):
        return False
    doubled = [int(d) * 2 if place % 2 == 0 else int(d) for place, d in enumerate(reversed(number))]
    return (10 - sum(d - 9 if d > 9 else d for d in doubled) % 10) % 10 == int(digit)


def _has_verhoeff_digit(value: str) -> bool:
    if not (value.isascii() and value.isdigit() and 6 <= len(value) <= 18):
        return False
    check = 0
    for place, digit in enumerate(reversed(value)):
        permuted = int(digit)
        for _ in range(place % 8):
            permuted = _PERMUTATION[permuted]
        check = _product(check, permuted)
    return check == 0


def _product(first: int, second: int) -> int:
    """Of two symmetries of the pentagon: 0 to 4 are rotations, 5 to 9 reflections."""
    turn = (first + second if first < 5 else first - second) % 5
    return turn + 5 if (first < 5) != (second < 5) else turn
