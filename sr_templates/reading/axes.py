"""The key of a post-coordinated measurement (TID 5302) whose concept is its maker's own: by the axes that say what it is."""

from collections.abc import Mapping

from sr_templates.post_coordination import POST_COORDINATED, PostCoordinated
from sr_templates.quantity_codes import QUANTITY_CODES
from sr_templates.reading.leniency import may_be
from sr_templates.reading.modifiers import Facet, Modifiers
from sr_templates.reading.named_code import CodeIdentity, identity_of_code

_AXES = (Facet.PROPERTY, Facet.SITE, Facet.TYPE, Facet.DIVISOR, Facet.PHASE, Facet.METHOD)
# CID 12303: what a number is in relation to others. The remaining types (calculated, measured, entered by hand) are one: they
# say how it came about, and makers differ.
RELATIONS: frozenset[CodeIdentity] = frozenset({("DCM", "125313"), ("SCT", "118586006"), ("DCM", "125314")})
# CID 12307: systole is when the ventricle ejects, and the waves of it bear either name.
_ONE_PHASE: Mapping[CodeIdentity, CodeIdentity] = {("SCT", "444371003"): ("SCT", "111973004")}


def keys_by_axes(modifiers: Modifiers) -> tuple[str, ...]:
    """All keys that the property, its site, relation, divisor, cycle point and method leave; none without a property."""
    measured = modifiers.identity(Facet.PROPERTY)
    if measured is None or any(len({code.identity for code in modifiers.holding(axis)}) > 1 for axis in _AXES):
        return ()  # TID 5302 forbids a modifier twice
    return tuple(key for key, row in POST_COORDINATED.items() if _is_said_of(key, row, measured, modifiers))


def is_relation(modifiers: Modifiers) -> bool:
    """Whether a number is a ratio, an index or a change: of what was measured, and not that itself."""
    return modifiers.identity(Facet.TYPE) in RELATIONS or modifiers.get(Facet.DIVISOR) is not None


def _is_said_of(key: str, row: PostCoordinated, measured: CodeIdentity, modifiers: Modifiers) -> bool:
    site, divisor, method = (modifiers.identity(facet) for facet in (Facet.SITE, Facet.DIVISOR, Facet.METHOD))
    wanted_method = QUANTITY_CODES[key].method
    return (
        may_be(measured, identity_of_code(row.measured))
        and site is not None
        and may_be(site, identity_of_code(row.site))
        and _relation(modifiers.identity(Facet.TYPE)) == _relation(identity_of_code(row.type))
        and divisor == (identity_of_code(row.divisor) if row.divisor else None)
        and _phase(modifiers.identity(Facet.PHASE)) == _phase(identity_of_code(row.cycle_point) if row.cycle_point else None)
        and (method is None or wanted_method is None or may_be(method, identity_of_code(wanted_method)))
    )


def _relation(type_: CodeIdentity | None) -> CodeIdentity | None:
    return type_ if type_ in RELATIONS else None


def _phase(stated: CodeIdentity | None) -> CodeIdentity | None:
    return _ONE_PHASE.get(stated, stated) if stated else None
