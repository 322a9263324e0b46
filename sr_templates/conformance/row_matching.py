"""Content items against template rows: which row an item is of, what of it is not as the row says, what is missing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sr_templates.conformance.code_constraints import check_code, expected, is_member, names
from sr_templates.conformance.coded_concepts import canonical, is_private
from sr_templates.conformance.conditions import Siblings, standing
from sr_templates.conformance.content_tree import ContentItem
from sr_templates.conformance.deviations import Deviation, Severity
from sr_templates.conformance.template_rows import Included, ItemRow
from sr_templates.conformance.template_tables import ANYTHING, Row

_EXACT, _MEMBER, _OPEN = 3, 2, 1


@dataclass(frozen=True)
class RowMatching:
    """`header_names_observer`: an observer stands in the header, so that the content need not say who observed."""

    header_names_observer: bool

    def check(self, item: ContentItem, row: ItemRow) -> list[Deviation]:
        """The item against its row, and everything below it."""
        found = [Deviation(severity, item.number, item.place, message, row.rule) for severity, message in _own(item, row)]
        return found if item.by_reference else found + self._below(item, row)

    def _below(self, item: ContentItem, row: ItemRow) -> list[Deviation]:
        found: list[Deviation] = []
        siblings = Siblings(self.header_names_observer)
        rows = list(_item_rows(row.children))
        placed: list[tuple[ContentItem, ItemRow]] = []
        taken: dict[int, int] = {}
        for child in item.children:
            best = self._row_of(child, rows)
            if best is None:
                found += _unknown(child, row, rows)
                continue
            of_row, deviations = best
            found += deviations
            placed.append((child, of_row))
            taken[id(of_row)] = taken.get(id(of_row), 0) + 1
            for key in of_row.counted_as:
                siblings.counts[key] += 1
                if child.code is not None:
                    siblings.values.setdefault(key, set()).add(canonical(child.code))
        found += _demands(row.children, item, siblings, taken)
        return found + list(_disorder(placed))

    def _row_of(self, child: ContentItem, rows: Iterable[ItemRow]) -> tuple[ItemRow, list[Deviation]] | None:
        """The row that fits best; of several that fit alike, the one that the item deviates from least."""
        fits = [(fit, row) for row in rows if (fit := _fit(child, row))]
        if not fits:
            return None
        best = max(fit for fit, _ in fits)
        rows = [row for fit, row in fits if fit == best]
        if len(rows) > 1:
            agreeing = {id(row): _agreement(child, row) for row in rows}
            rows = [row for row in rows if agreeing[id(row)] == max(agreeing.values())]
        return min(((row, self.check(child, row)) for row in rows), key=lambda pair: _weight(pair[1]))


def _agreement(child: ContentItem, row: ItemRow) -> int:
    """How many codes that the row demands below itself are there: sections of one name are told apart by their site."""
    demanded = [node for node in row.children if isinstance(node, ItemRow) and node.requirement == "M" and node.values.codes]
    return sum(_says(below, node) for node in demanded for below in child.children)


def _says(item: ContentItem, row: ItemRow) -> bool:
    concept, code = item.concept, item.code
    return concept is not None and code is not None and names(concept, row.concept) and names(code, row.values)


def _weight(deviations: list[Deviation]) -> tuple[int, int]:
    errors = sum(deviation.severity is Severity.ERROR for deviation in deviations)
    return errors, len(deviations)


def _item_rows(nodes: Iterable[ItemRow | Included]) -> Iterator[ItemRow]:
    for node in nodes:
        if isinstance(node, ItemRow):
            yield node
        else:
            yield from _item_rows(node.members)


def _fit(child: ContentItem, row: ItemRow) -> int:
    """0 where the item cannot be of the row. The name counts most: with another value type it is that item, written wrong.

    A row open for any name takes what agrees in everything else.
    """
    right_type = child.value_type == row.row.value_type
    right_relationship = not row.relationship or child.relationship == row.relationship
    concept = child.concept
    if row.concept.absent:
        name = _EXACT if concept is None else _OPEN
        return name * 4 + 2 + right_relationship if right_type else 0
    if concept is not None and names(concept, row.concept):
        return _EXACT * 4 + 2 * right_type + right_relationship
    if concept is not None and is_member(concept, row.concept):
        return _MEMBER * 4 + 2 + right_relationship if right_type else 0
    if row.concept.codes and not row.concept.groups:
        return 0
    return _OPEN * 4 + 3 if right_type and right_relationship else 0


def _own(item: ContentItem, row: ItemRow) -> Iterator[tuple[Severity, str]]:
    if item.value_type != row.row.value_type:
        yield Severity.ERROR, f"value type {item.value_type or 'absent'}, not {row.row.value_type}"
    if row.relationship and item.parent is not None and item.relationship != row.relationship:
        yield Severity.ERROR, f"relationship {item.relationship or 'absent'}, not {row.relationship}"
    if row.concept.absent:
        if item.concept is not None:
            yield Severity.ERROR, "a purpose of reference, where none shall be present"
    elif item.concept is not None:
        yield from check_code(item.concept, row.concept)
    elif not row.concept.free:
        yield Severity.ERROR, f"no concept name, not {expected(row.concept)}"
    if item.value_type == "CODE" and item.code is not None:
        yield from ((severity, f"value {message}") for severity, message in check_code(item.code, row.values))
    if item.value_type == "NUM" and item.unit is not None and not row.units.free:
        yield from ((severity, f"unit {message}") for severity, message in check_code(item.unit, row.units))


def _unknown(child: ContentItem, row: ItemRow, rows: Iterable[ItemRow]) -> list[Deviation]:
    """An item of no row. An extensible template may be added to, but a section that it does not know is lost on its readers.

    So is what only its relationship keeps out of a row for any name.
    """
    rule = f"PS3.16 TID {row.template.tid}"
    if not row.template.extensible:
        return [Deviation(Severity.ERROR, child.number, child.place, "is in no row of a template that is not extensible", rule)]
    found = [
        Deviation(severity, item.number, item.place, message, rule)
        for item in child.walk()
        for code in (item.concept, item.code)
        if code is not None
        for severity, message in check_code(code, ANYTHING)
    ]
    if child.value_type == "CONTAINER":
        found.append(Deviation(Severity.WARNING, child.number, child.place, "is a container of no row of the template", rule))
    elif child.concept is None or not is_private(child.concept):
        likely = {
            of.relationship for of in rows if of.concept.free and of.row.value_type == child.value_type and of.relationship
        }
        if likely:
            message = f"{child.relationship} {child.value_type} is in no row, {' or '.join(sorted(likely))} would be"
            found.append(Deviation(Severity.WARNING, child.number, child.place, message, rule))
    return found


def _demands(
    nodes: Iterable[ItemRow | Included], parent: ContentItem, siblings: Siblings, taken: dict[int, int]
) -> list[Deviation]:
    found = []
    for node in nodes:
        if isinstance(node, Included):
            row = node.row
            asked = standing(row.requirement, row.condition, row.tid, row.number, siblings)
            if any(taken.get(id(member)) for member in _item_rows(node.members)):
                found += _demands(node.members, parent, siblings, taken)
                if not asked.may:
                    found.append(_deviation(parent, f'has a "{node.template.title}", but {row.condition}', row.rule))
            elif asked.must:
                found += _demands(node.members, parent, siblings, taken)
            continue
        of_condition = next((key for key in node.counted_as if key[0] == node.condition_tid), node.counted_as[-1])
        asked = standing(node.requirement, node.condition, *of_condition, siblings)
        count = taken.get(id(node), 0)
        because = f" ({node.condition})" if node.condition else ""
        if asked.must and not count:
            found.append(_deviation(parent, f"{_described(node)} is missing{because}", node.rule))
        if count and not asked.may:
            found.append(_deviation(parent, f"{_described(node)} is one too many{because}", node.rule))
        if count > 1 and not node.multiple:
            found.append(_deviation(parent, f"{_described(node)} stands {count} times, may stand once", node.rule))
    return found


def _described(node: ItemRow) -> str:
    row: Row = node.row
    if node.concept.codes:
        return f'{row.value_type} "{node.concept.codes[0].meaning}"'
    if node.concept.groups:
        return f"{row.value_type} named by {expected(node.concept)}"
    return row.value_type


def _deviation(parent: ContentItem, message: str, rule: str) -> Deviation:
    return Deviation(Severity.ERROR, parent.number, parent.place, message, rule)


def _disorder(placed: list[tuple[ContentItem, ItemRow]]) -> Iterator[Deviation]:
    """Items after one whose row comes later, where a template says that order is significant (PS3.16 6)."""
    furthest: dict[str, tuple[int, ItemRow]] = {}
    for child, row in placed:
        for tid, place in row.orders:
            last, before = furthest.get(tid, (-1, row))
            if place < last:
                message = f"stands after {_described(before)}, order is significant"
                yield Deviation(Severity.WARNING, child.number, child.place, message, row.rule)
                break
            furthest[tid] = (place, row) if place > last else (last, before)
