"""What a concept leaves open, and the modifiers that must close it before its number is given a key.

A peak velocity says nothing of the valve nor of the direction. Elimination alone would not do: the catalogue does not have
every valve and every direction, so the one that is left need not be the right one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sr_templates.reading.leniency import STANDS_FOR
from sr_templates.reading.modifiers import Facet
from sr_templates.reading.named_code import CodeIdentity


@dataclass(frozen=True)
class ConceptRule:
    """`needed` must be stated, those `compared` must agree where they are."""

    needed: frozenset[Facet] = frozenset()
    compared: frozenset[Facet] = frozenset()


def _rule(*needed: Facet, also: tuple[Facet, ...] = ()) -> ConceptRule:
    return ConceptRule(frozenset(needed), frozenset((*needed, *also)))


_BY_MODE = _rule(Facet.MODE)
_BY_METHOD = _rule(Facet.METHOD, also=(Facet.VIEW, Facet.MODE))
_BY_SITE = _rule(Facet.SITE, also=(Facet.MODE,))
_OF_FLOW = _rule(Facet.SITE, Facet.FLOW, also=(Facet.MODE,))
_OF_OUTPUT = _rule(Facet.SITE, Facet.METHOD)

_INDEX_BY_MODE, _INDEX_BY_METHOD = _rule(also=(Facet.MODE,)), _rule(also=(Facet.METHOD,))

_SPECIFIC = ConceptRule()  # of every other concept: it names structure and phase itself

RULES: Mapping[CodeIdentity, ConceptRule] = {
    # 2D and M-mode are two keys of one concept.
    ("LN", "29436-3"): _BY_MODE,
    ("LN", "29438-9"): _BY_MODE,
    ("LN", "18154-5"): _BY_MODE,
    ("LN", "18152-9"): _BY_MODE,
    ("LN", "18051-3"): _BY_MODE,
    ("LN", "29469-4"): _BY_MODE,
    ("LN", "18087-7"): _rule(Facet.MODE, also=(Facet.METHOD,)),
    # EF, volumes of the left ventricle and atrium: the method, and of a single plane the view.
    ("LN", "18043-0"): _BY_METHOD,
    ("LN", "18026-5"): _BY_METHOD,
    ("LN", "18148-7"): _BY_METHOD,
    ("SCT", "399235004"): _BY_METHOD,
    ("LN", "18077-8"): _rule(Facet.VIEW, also=(Facet.MODE,)),
    # By body surface: of CID 12300, which name mode and method themselves.
    ("LN", "80020-1"): _INDEX_BY_MODE,
    ("LN", "80023-5"): _INDEX_BY_MODE,
    ("LN", "79997-3"): _INDEX_BY_METHOD,
    ("LN", "80002-9"): _INDEX_BY_METHOD,
    ("LN", "79982-5"): _INDEX_BY_METHOD,
    ("LN", "79984-1"): _INDEX_BY_METHOD,
    # CID 12222: what is measured at any valve or tract.
    ("LN", "11726-7"): _OF_FLOW,
    ("LN", "20247-3"): _OF_FLOW,
    ("LN", "20256-4"): _OF_FLOW,
    ("LN", "20354-7"): _OF_FLOW,
    ("LN", "20280-4"): _OF_FLOW,
    ("LN", "20168-1"): _OF_FLOW,
    ("SCT", "399027007"): _BY_SITE,
    ("SCT", "399367004"): _OF_OUTPUT,
    ("SCT", "90096001"): _OF_OUTPUT,
    ("SCT", "277381004"): _OF_OUTPUT,
    ("SCT", "82799009"): _OF_OUTPUT,
    ("SCT", "54993008"): _OF_OUTPUT,
    # Of the mitral annulus on either side.
    ("SCT", "399133000"): _BY_SITE,
    ("SCT", "399167005"): _BY_SITE,
    ("SCT", "399007006"): _BY_SITE,
    ("SCT", "399140004"): _rule(Facet.SITE),
    ("SCT", "81827009"): _rule(Facet.SITE, Facet.MODE, also=(Facet.METHOD, Facet.VIEW)),  # in any direction
    ("DCM", "130671"): _rule(Facet.SITE, also=(Facet.VIEW, Facet.MODE)),
    ("LN", "18015-8"): _rule(also=(Facet.MODE,)),
    ("LN", "18012-5"): _rule(also=(Facet.MODE,)),
    ("LN", "18006-7"): _rule(also=(Facet.MODE,)),
}


_SAID_OF_ANY = frozenset({Facet.SITE, Facet.METHOD, Facet.MODE, Facet.FLOW, Facet.VIEW})


def rule_of(concept: CodeIdentity) -> ConceptRule:
    """A concept that stands for another one needs what that needs, and the site: many of them are meant for every valve. It
    says less than that, so that everything beside it is compared.
    """
    if concept in RULES:
        return RULES[concept]
    rules = [RULES.get(written, _SPECIFIC) for written in STANDS_FOR.get(concept, ())]
    if not rules or concept[0].startswith("99"):
        return _SPECIFIC
    needed = frozenset[Facet]().union(*(rule.needed for rule in rules))
    return ConceptRule(needed | {Facet.SITE}, _SAID_OF_ANY)
