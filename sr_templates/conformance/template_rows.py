"""A template with all that it includes: one tree of rows that content items are held against."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from sr_templates.conformance.template_tables import ANYTHING, Constraint, Row, Template, templates

Parameters = Mapping[str, Constraint]


@dataclass(frozen=True, eq=False)
class ItemRow:
    """A row of one content item, its constraints filled in.

    `counted_as` are the rows that an item of it counts for: its own, and those whose inclusion brought it here. `orders` says
    the place of the row in each of these templates in which order is significant.
    """

    row: Row
    template: Template
    relationship: str
    concept: Constraint
    values: Constraint
    units: Constraint
    requirement: str
    condition: str
    condition_tid: str
    multiple: bool
    rule: str
    counted_as: tuple[tuple[str, str], ...]
    orders: tuple[tuple[str, int], ...]
    children: "tuple[ItemRow | Included, ...]" = ()


@dataclass(frozen=True, eq=False)
class Included:
    """The rows of an included template that has several at its top: they are demanded together, or none is."""

    row: Row
    template: Template
    members: "tuple[ItemRow | Included, ...]"


@dataclass(eq=False)
class _Branch:
    """A row with the rows below it, as the table nests them."""

    row: Row
    place: int
    below: "list[_Branch]" = field(default_factory=list)


@cache
def whole_template(tid: str) -> ItemRow:
    """The root row of a template with everything below it."""
    (root,) = _members(templates()[tid], {}, "", (), (), False)
    assert isinstance(root, ItemRow)
    return root


def _nested(template: Template) -> list[_Branch]:
    top: list[_Branch] = []
    open_branches: list[_Branch] = []
    for place, row in enumerate(template.rows):
        branch = _Branch(row, place)
        del open_branches[row.level :]
        (open_branches[-1].below if open_branches else top).append(branch)
        open_branches.append(branch)
    return top


def _members(
    template: Template, parameters: Parameters, relationship: str, counted: tuple[tuple[str, str], ...],
    orders: tuple[tuple[str, int], ...], multiple: bool,
) -> "tuple[ItemRow | Included, ...]":  # fmt: skip
    """The top rows of a template, as they are when a row with `relationship` includes it."""
    return tuple(_node(branch, template, parameters, relationship, counted, orders, multiple) for branch in _nested(template))


def _node(
    branch: _Branch, template: Template, parameters: Parameters, relationship: str, counted: tuple[tuple[str, str], ...],
    orders: tuple[tuple[str, int], ...], multiple: bool,
) -> "ItemRow | Included":  # fmt: skip
    row = branch.row
    relationship = row.relationship or relationship
    counted = (*counted, (row.tid, row.number))
    # A template that is repeated is in order within each repetition, which cannot be told apart here. Where a row without a
    # number stands is not known.
    orders = (*orders, (row.tid, branch.place)) if template.ordered and not multiple and row.number else orders
    if row.includes:
        return _inclusion(branch, template, parameters, relationship, counted, orders, multiple or row.multiple)
    return ItemRow(
        row=row, template=template, relationship=relationship,
        concept=_filled(row.concept, parameters), values=_filled(row.values, parameters), units=_filled(row.units, parameters),
        requirement=row.requirement, condition=row.condition, condition_tid=row.tid, multiple=multiple or row.multiple,
        rule=row.rule, counted_as=counted, orders=orders, children=_below(branch, template, parameters),
    )  # fmt: skip


def _below(branch: _Branch, template: Template, parameters: Parameters) -> "tuple[ItemRow | Included, ...]":
    return tuple(_node(child, template, parameters, "", (), (), False) for child in branch.below)


def _inclusion(
    branch: _Branch, template: Template, parameters: Parameters, relationship: str, counted: tuple[tuple[str, str], ...],
    orders: tuple[tuple[str, int], ...], multiple: bool,
) -> "ItemRow | Included":  # fmt: skip
    row = branch.row
    included = templates()[row.includes]
    given = {name: _filled(value, parameters) for name, value in row.assignments}
    members = _members(included, given, relationship, counted, orders, multiple)
    only = members[0]
    if len(members) > 1 or not isinstance(only, ItemRow):
        return Included(row, included, members)
    # The including row says how often and when; rows below it stand below the item that it includes.
    below = (
        tuple(_placed(child, (row.tid, branch.place)) for child in only.children)
        if template.ordered and row.number
        else only.children
    )
    return replace(
        only, requirement=row.requirement, condition=row.condition, condition_tid=row.tid, multiple=multiple,
        rule=f"{row.rule}, {only.rule.removeprefix('PS3.16 ')}", children=(*below, *_below(branch, template, parameters)),
    )  # fmt: skip


def _placed(node: "ItemRow | Included", order: tuple[str, int]) -> "ItemRow | Included":
    """A row below an included item, in the order of the including template too: before the rows that this adds itself."""
    if isinstance(node, ItemRow):
        return replace(node, orders=(order, *node.orders))
    return replace(node, members=tuple(_placed(member, order) for member in node.members))


def _filled(constraint: Constraint, parameters: Parameters) -> Constraint:
    return parameters.get(constraint.parameter, ANYTHING) if constraint.parameter else constraint
