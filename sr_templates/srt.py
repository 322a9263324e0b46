"""SNOMED-RT, the scheme that carts wrote before SNOMED CT, for receivers that know no other (PS3.16 8.1.1)."""

from pydicom.sr._snomed_dict import mapping
from pydicom.sr.coding import Code


def srt(code: Code) -> Code:
    """The code in its SNOMED-RT form, with the meaning it has; as it is where no such form exists.

    >>> srt(Code("87878005", "SCT", "Left ventricle"))
    Code(value='T-32600', scheme_designator='SRT', meaning='Left ventricle', scheme_version=None)
    >>> srt(Code("%", "UCUM", "Percent")).value
    '%'
    """
    older = mapping["SCT"].get(code.value) if code.scheme_designator == "SCT" else None
    return Code(older, "SRT", code.meaning) if older else code
