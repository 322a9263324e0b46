"""The context groups of pydicom's dictionaries, which nobody here wrote."""

from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts
from pydicom.sr.coding import Code


def meanings_in(code: Code, cid: int) -> set[str]:
    """What context group `cid` calls the code; empty where it does not have it. One code has other names in other groups."""
    names = concepts.get(code.scheme_designator, {})
    return {
        meaning
        for name in cid_concepts[cid].get(code.scheme_designator, [])
        for value, (meaning, cids) in names[name].items()
        if value == code.value and cid in cids
    }


_LO = 64  # characters of a Code Meaning


def fitting(meaning: str) -> str:
    """As a Code Meaning can hold it: two of CID 12300 are longer, and lose the words before their bracket."""
    shorter = f"{meaning.split(' at ', maxsplit=1)[0]} ({meaning.rsplit(' (', maxsplit=1)[-1]}"
    return meaning if len(meaning) <= _LO else shorter


def in_context_group(code: Code, cid: int) -> bool:
    return bool(meanings_in(code, cid))
