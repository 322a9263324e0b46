"""A code against what a cell of a template row allows."""

from collections.abc import Iterator, Mapping
from functools import cache

from pydicom.sr.coding import Code

from sr_templates.conformance.coded_concepts import canonical, context_group, is_closed, is_private, known_meanings
from sr_templates.conformance.deviations import Severity
from sr_templates.conformance.languages import is_country, is_language
from sr_templates.conformance.template_tables import Constraint, templates

Finding = tuple[Severity, str]
_LONGEST = 64  # LO: a longer meaning, as CID 12300 has some, has to be shortened


def written(code: Code) -> str:
    return f'({code.value}, {code.scheme_designator}, "{code.meaning}")'


def names(code: Code, constraint: Constraint) -> bool:
    """Whether the cell has exactly this code."""
    return canonical(code) in constraint.canonical_codes


def is_member(code: Code, constraint: Constraint) -> bool:
    return any(_has(group.cid, code) for group in constraint.groups)


def _has(cid: int, code: Code) -> bool:
    if cid == 5000:
        return is_language(code)
    if cid == 5001:
        return is_country(code)
    return canonical(code) in context_group(cid)


def expected(constraint: Constraint) -> str:
    """The cell in words."""
    parts = [written(code) for code in constraint.codes] + [f"a code of CID {group.cid}" for group in constraint.groups]
    return " or ".join(parts) or "any code"


def _printed(cid: int) -> Mapping[tuple[str, str], frozenset[str]]:
    return {} if cid in (5000, 5001) else context_group(cid)


@cache
def row_names() -> dict[tuple[str, str], frozenset[str]]:
    """What the template rows call their concepts: of some the dictionary has the full names of SNOMED CT alone."""
    printed: dict[tuple[str, str], set[str]] = {}
    for template in templates().values():
        for row in template.rows:
            for code in row.concept.codes:
                printed.setdefault(canonical(code), set()).add(str(code.meaning))
    return {key: frozenset(meanings) for key, meanings in printed.items()}


def check_code(code: Code, constraint: Constraint) -> Iterator[Finding]:
    """Outside an enumerated value or a closed group is an error, outside a group that may be extended a warning.

    Private codes are what extending means. Of the others the meaning counts too: receivers match it by its letters.
    """
    if constraint.free:
        yield from _meaning(code, known_meanings(code) | row_names().get(canonical(code), frozenset()), "the standard")
    elif names(code, constraint):
        printed = {str(allowed.meaning) for allowed in constraint.codes if canonical(allowed) == canonical(code)}
        yield from _meaning(code, frozenset(printed) | known_meanings(code), "the standard")
    elif is_member(code, constraint):
        groups = [group.cid for group in constraint.groups if _has(group.cid, code)]
        printed = {meaning for cid in groups for meaning in _printed(cid).get(canonical(code), ())}
        yield from _meaning(code, frozenset(printed), " and ".join(f"CID {cid}" for cid in groups))
    else:
        yield from _outside(code, constraint)


def _outside(code: Code, constraint: Constraint) -> Iterator[Finding]:
    closed = any(group.only or is_closed(group.cid) for group in constraint.groups)
    fixed = constraint.codes and not constraint.default and not constraint.groups
    if fixed or closed:
        yield Severity.ERROR, f"{written(code)} is not {expected(constraint)}"
    elif not is_private(code):
        yield Severity.WARNING, f"{written(code)} is not {expected(constraint)}"
    yield from _meaning(code, known_meanings(code), "the standard")


def _meaning(code: Code, printed: frozenset[str], source: str) -> Iterator[Finding]:
    printed = frozenset(meaning for meaning in printed if len(meaning) <= _LONGEST)
    if printed and code.meaning not in printed:
        likely = " or ".join(f'"{meaning}"' for meaning in sorted(printed))
        yield Severity.WARNING, f'{code.value} is called "{code.meaning}", in {source} {likely}'
