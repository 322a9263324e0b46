"""SNOMED-RT forms of the SNOMED CT codes that documents use."""

import pytest
from pydicom.sr._snomed_dict import mapping
from pydicom.sr.coding import Code

from sr_templates import codes
from sr_templates.quantity_codes import QUANTITY_CODES
from sr_templates.srt import srt

_USED = {
    code
    for row in QUANTITY_CODES.values()
    for code in (row.concept, row.simplified, row.unit, row.method, row.finding_site, row.derivation, row.flow)
    if code is not None
} | {*codes.VIEW_CODES.values(), *codes.MODE_CODES.values(), *codes.PHASE_CODES.values(), codes.MODE_2D}
_USED |= {value for value in vars(codes).values() if isinstance(value, Code)}


@pytest.mark.parametrize("code", sorted(code for code in _USED if code.scheme_designator == "SCT"), ids=lambda code: code.value)
def test_a_snomed_ct_code_has_the_form_that_carts_wrote(code: Code) -> None:
    older = srt(code)
    assert older.scheme_designator == "SRT"
    assert older.meaning == code.meaning
    assert mapping["SRT"][older.value] == code.value


@pytest.mark.parametrize("code", [codes.PERCENT, codes.IMAGE_VIEW, codes.BEATS_AVERAGED, Code("18043-0", "LN", "EF")])
def test_a_code_of_another_scheme_stays(code: Code) -> None:
    assert srt(code) is code


def test_a_snomed_ct_code_without_an_older_form_stays() -> None:
    younger = Code("1", "SCT", "of no older form")
    assert srt(younger) is younger
