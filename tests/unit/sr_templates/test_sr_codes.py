"""Codes against the dictionaries of pydicom, which nobody here wrote."""

import pytest
from pydicom.sr._concepts_dict import concepts
from pydicom.sr.coding import Code

from models.catalogue import DISPLAYS, Phase, View
from models.results import QualityIssue, Reason
from sr_templates import codes
from sr_templates.accepted_codes import ACCEPTED
from sr_templates.document import coding_scheme_identification
from sr_templates.quantity_codes import QUANTITY_CODES
from tests.code_dictionary import fitting, in_context_group

# Ordinary UCUM, and codes of PS3.16 tables, that pydicom's dictionary does not list.
_UCUM_OF_PS3_16 = {
    "mL", "m/s", "{0:100}", "g", "g/m2", "cm2/m2", "mL/m2", "L/min", "L/min/m2", "{H.B.}/min", "m2", "ml",
}  # fmt: skip
# TID 5201 row 7 and PS3.17 CCCC.5; CID 3455 abbreviates it.
_PRINTED_IN_TEMPLATES = {"8277-6": {"Body Surface Area"}}
# TID 5203 rows 2, 4 and 5 (SRT G-C048, R-4089A, G-0373) and TID 1500 row 12: concept names that are in no context group.
_IN_TEMPLATES_ALONE = {"260674002", "272518008", "399264008", "C0034375"}


def _every_code() -> list[Code]:
    rows = QUANTITY_CODES.values()
    found = [
        code
        for row in rows
        for code in (row.concept, row.simplified, row.unit, row.method, row.finding_site, row.derivation, row.flow)
        if code is not None
    ]
    found += [code for row in ACCEPTED for code in (row.read, row.written)]
    found += [*codes.VIEW_CODES.values(), *codes.PHASE_CODES.values(), *codes.QUALITY_ISSUE_REASONS.values()]
    found += [code for row in codes.REASON_CODES.values() for code in (row.qualifier, row.reason)]
    found += [value for value in vars(codes).values() if isinstance(value, Code)]
    return list({(code.value, code.scheme_designator, code.meaning): code for code in found}.values())


def _standard_codes() -> list[Code]:
    unlisted = _UCUM_OF_PS3_16 | _IN_TEMPLATES_ALONE
    return [c for c in _every_code() if c.scheme_designator != codes.PRIVATE_SCHEME and c.value not in unlisted]


@pytest.mark.parametrize("code", _standard_codes(), ids=lambda code: f"{code.scheme_designator}-{code.value}")
def test_a_standard_code_exists_with_this_meaning(code: Code) -> None:
    meanings = {
        meaning
        for entry in concepts[code.scheme_designator].values()
        for value, (meaning, _) in entry.items()
        if value == code.value
    }
    assert code.meaning in {fitting(meaning) for meaning in meanings} | _PRINTED_IN_TEMPLATES.get(code.value, set())


def test_private_codes_are_unique_and_fit_their_attributes() -> None:
    private = [code for code in _every_code() if code.scheme_designator == codes.PRIVATE_SCHEME]
    assert len(private) > 20
    assert len({code.value for code in private}) == len(private)
    for code in private:
        assert len(code.value) <= 16, f"{code.value}: Code Value is SH"
        assert len(code.meaning) <= 64, f"{code.meaning}: Code Meaning is LO"
        assert code.meaning.isascii()


def test_every_word_of_the_vocabulary_has_a_code() -> None:
    assert codes.VIEW_CODES.keys() == set(View)
    assert codes.PHASE_CODES.keys() == set(Phase)
    assert codes.REASON_CODES.keys() == set(Reason)
    assert codes.QUALITY_ISSUE_REASONS.keys() <= set(QualityIssue)


def test_codes_come_from_the_context_groups_of_their_templates() -> None:
    for view, code in codes.VIEW_CODES.items():
        assert code.scheme_designator == codes.PRIVATE_SCHEME or in_context_group(code, 12226), view
    unsaid = {view for view in DISPLAYS if f"{view}_pw" in set(View)} | {View.DOPPLER_AO_DESCENDING}
    assert codes.MODE_CODES.keys() == set(View) - unsaid - {View.OTHER}
    assert {codes.MODE_CODES[view].meaning for view in set(View) - DISPLAYS - {View.OTHER}} == {"2D mode"}
    assert all(in_context_group(code, 12224) for code in codes.MODE_CODES.values())
    assert all(in_context_group(row.flow, 12221) for row in QUANTITY_CODES.values() if row.flow is not None)
    assert in_context_group(codes.MOST_RECENT_VALUE, 224)
    assert in_context_group(codes.MEAN_VALUE, 224)
    assert in_context_group(codes.MEETS_QUALITY_STANDARD, 6044)
    assert in_context_group(codes.MISSES_QUALITY_STANDARD, 6044)
    assert all(in_context_group(code, 12233) for code in codes.PHASE_CODES.values())
    assert all(in_context_group(row.qualifier, 42) for row in codes.REASON_CODES.values())
    assert all(in_context_group(code, 7011) for code in codes.QUALITY_ISSUE_REASONS.values())
    assert in_context_group(codes.QUALITY_ISSUE, 7010)
    assert in_context_group(codes.IMAGING_MEASUREMENT_REPORT, 7021)


def test_no_method_merely_names_the_algorithm() -> None:
    """TID 4019 does; an importer that compares methods knows none of ours."""
    meanings = [code.meaning for code in codes.METHOD_CODES.values() if code is not None]
    assert meanings
    assert not [meaning for meaning in meanings if "network" in meaning]


def test_a_reason_of_quality_is_one_document_each() -> None:
    """Two issues under one CID 7011 code would make two documents with one UID."""
    reasons = [code.value for code in codes.QUALITY_ISSUE_REASONS.values()]
    assert len(set(reasons)) == len(reasons)


def test_the_private_scheme_is_identified() -> None:
    item = coding_scheme_identification()
    assert item.CodingSchemeDesignator.startswith("99")
    assert item.CodingSchemeUID.is_valid
