"""The key of a stated value: by concept, site, method, view, mode, direction and cycle point; never by size or words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sr_templates import codes
from sr_templates.reading import leniency
from sr_templates.reading.axes import RELATIONS, is_relation, keys_by_axes
from sr_templates.reading.concept_rules import ConceptRule, rule_of
from sr_templates.reading.key_rows import PLANE_OF, ROWS, WHOLE, KeyRow
from sr_templates.reading.modifiers import Facet, Modifiers
from sr_templates.reading.named_code import CodeIdentity, NamedCode, identity_of_code

_VALVES = frozenset(
    identity_of_code(valve) for valve in (codes.AORTIC_VALVE, codes.MITRAL_VALVE, codes.TRICUSPID_VALVE, codes.PULMONIC_VALVE)
)
_ORDER = (  # as they are compared
    Facet.SITE, Facet.PART, Facet.METHOD, Facet.MODE, Facet.FLOW, Facet.VIEW, Facet.PHASE, Facet.TYPE, Facet.DIVISOR,
)  # fmt: skip
_ALWAYS = frozenset({Facet.PART, Facet.FLOW, Facet.PHASE, Facet.TYPE, Facet.DIVISOR})


@dataclass(frozen=True)
class Match:
    """`row` where the value has a key; else `why`, in words, and the keys that it may have."""

    row: KeyRow | None = None
    why: str = ""
    candidates: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def match(concept: NamedCode | None, modifiers: Modifiers, label: str = "") -> Match:
    """`label` is the Short Label (125309), which decides where two concepts bear one text."""
    if concept is None:
        return Match(why="no concept name")
    if excluded := _excluded(modifiers):
        return Match(why=excluded)
    stated, rows, notes = _rows_of(concept, modifiers)
    if not rows:
        origin = f"private code of {concept.scheme}: " if concept.is_private else ""
        return Match(why=f"{origin}no key for this concept")
    if stated in leniency.ONE_TEXT:
        rows, notes = _of_one_text(stated, modifiers, label)
    rule = rule_of(stated)
    contradictions = {row: _contradiction(row, rule, modifiers) for row in rows}
    possible = [row for row, facet in contradictions.items() if facet is None]
    if not possible:
        furthest = max((facet for facet in contradictions.values() if facet), key=_ORDER.index)
        said = ", ".join(map(str, modifiers.holding(furthest)))
        return Match(why=f"no key for this concept with {furthest} {said}")
    missing = _missing(possible, rule, modifiers)
    if missing is Facet.SITE and all(row.further for row in possible):
        return Match(why="no key for this concept without a finding site")
    if missing:
        return Match(why=f"ambiguous: no {missing} stated", candidates=_keys(possible))
    if len({row.key for row in possible}) > 1:
        return Match(why="ambiguous", candidates=_keys(possible))
    if possible[0].further:
        notes = (*notes, f"{concept}: not the concept of this key, but what documents have for it")
    return Match(possible[0], notes=notes)


def _excluded(modifiers: Modifiers) -> str:
    """What makes a number another thing than every key of the catalogue is."""
    if modifiers.identity(Facet.SUBJECT) == leniency.FETUS:
        return "of a fetus"
    stages = modifiers.holding(Facet.STAGE)
    for stage in stages:
        if stage.identity not in leniency.AT_REST:
            return f"stage {stage}: not of a heart at rest"
    for protocol in () if stages else modifiers.holding(Facet.PROTOCOL):
        in_words = not protocol.value and leniency.STRESS_IN_WORDS in protocol.meaning.lower()
        if in_words or protocol.identity in leniency.NOT_AT_REST:
            return f"protocol {protocol}, and no stage of it: not known to be of a heart at rest"
    for derivation in modifiers.holding(Facet.DERIVATION):
        if derivation.identity not in leniency.THE_VALUE:
            return f"{derivation}: not the value itself"
    for respiration in modifiers.holding(Facet.RESPIRATION):
        if respiration.identity != leniency.EXPIRATION:
            return f"measured in {respiration}"
    return ""


def _rows_of(concept: NamedCode, modifiers: Modifiers) -> tuple[CodeIdentity, tuple[KeyRow, ...], tuple[str, ...]]:
    """By the concept itself; else by a code that the document calls equivalent, or by the axes of TID 5302."""
    if rows := ROWS.get(concept.identity):
        return concept.identity, rows, ()
    for code in modifiers.stated.get(Facet.EQUIVALENT, ()):
        if rows := ROWS.get(code.identity):
            return code.identity, rows, (f"by its {Facet.EQUIVALENT}: {code}",)
    if keys := keys_by_axes(modifiers):
        return concept.identity, tuple(WHOLE[key] for key in keys), ("by the modifiers of TID 5302",)
    measured = modifiers.get(Facet.PROPERTY)
    if measured is not None and not is_relation(modifiers) and (rows := ROWS.get(measured.identity)):
        return measured.identity, rows, (f"by its {Facet.PROPERTY}: {measured}",)
    return concept.identity, (), ()


def _of_one_text(concept: CodeIdentity, modifiers: Modifiers, label: str) -> tuple[tuple[KeyRow, ...], tuple[str, ...]]:
    """Of concepts that bear one text: by the mode, stated or in the label; without one, as the code is written here."""
    rows = tuple(row for one in sorted(leniency.ONE_TEXT) for row in ROWS[one])
    modes = {mode for word, mode in leniency.MODE_IN_LABEL.items() if word in label.lower()}
    if modifiers.get(Facet.MODE) is None:
        if len(modes) != 1:
            return ROWS[concept], ()
        rows = tuple(row for row in rows if row.mode in modes)
    return rows, ("mode by its label or image mode",)


def _contradiction(row: KeyRow, rule: ConceptRule, modifiers: Modifiers) -> Facet | None:
    """The first thing stated that is not what this key has.

    Of a concept that alone is the key, too: only its site is not looked at, which is that of the section where it states none.
    """
    compared = _ALWAYS | (rule_of(row.concept).compared - {Facet.SITE} if row.whole else rule.compared)
    for facet in _ORDER:
        stated = [code.identity for code in modifiers.holding(facet)]
        if facet in compared and not all(_agrees(row, facet, each) for each in stated):
            return facet
        if facet is Facet.MODE and any(_is_of_another_kind(row, each) for each in stated):
            return facet
    return None


def _is_of_another_kind(row: KeyRow, mode: CodeIdentity) -> bool:
    """What even a concept that names its structure does not mean: its tissue for its flow, its volume for its section."""
    return (mode == leniency.TISSUE_DOPPLER and row.mode in leniency.BLOOD_DOPPLER) or (
        mode in leniency.IN_THREE_DIMENSIONS and row.mode is not None
    )


def _agrees(row: KeyRow, facet: Facet, stated: CodeIdentity) -> bool:
    if facet is Facet.PART:
        return row.site in leniency.OF_ANY_PART
    if facet in (Facet.TYPE, Facet.DIVISOR):
        return row.is_relation or (facet is Facet.TYPE and stated not in RELATIONS)
    if facet is Facet.PHASE:
        return row.phases is None or stated in row.phases
    if facet is Facet.VIEW:
        return row.is_seen_in(PLANE_OF.get(stated))
    wanted = {Facet.SITE: row.site, Facet.METHOD: row.method, Facet.MODE: row.mode, Facet.FLOW: row.flow}[facet]
    if wanted is None:
        return facet is not Facet.METHOD or stated[0] == codes.PRIVATE_SCHEME or stated in leniency.NO_OTHER_METHOD
    return leniency.may_be(stated, wanted)


def _missing(rows: Sequence[KeyRow], rule: ConceptRule, modifiers: Modifiers) -> Facet | None:
    """The first modifier that this concept needs and that nothing states, nor makes superfluous."""
    if all(row.whole for row in rows):
        return None
    for facet in _ORDER:
        if facet in rule.needed and modifiers.get(facet) is None and not _superfluous(facet, rows, modifiers):
            return facet
    return None


def _superfluous(facet: Facet, rows: Sequence[KeyRow], modifiers: Modifiers) -> bool:
    """A tract is measured in its own direction; our own method or display says the mode and the direction, too."""
    if facet is Facet.MODE:
        method = modifiers.identity(Facet.METHOD)
        mode = leniency.MODE_OF_METHOD.get(method) if method else None
        return mode is not None and {row.mode for row in rows} == {mode}
    if facet is not Facet.FLOW:
        return False
    view = modifiers.identity(Facet.VIEW)
    if view and view[0] == codes.PRIVATE_SCHEME and all(PLANE_OF.get(view) in row.planes for row in rows):
        return True
    return all(row.site not in _VALVES for row in rows)


def _keys(rows: Iterable[KeyRow]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.key for row in rows))
