"""The tables of template rows, read from their Markdown pages."""

import re
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

from pydicom.sr.coding import Code

from sr_templates.conformance.coded_concepts import canonical

_HEADING = re.compile(r"^## TID (?P<tid>\d+) (?P<title>.+)$")
_CODE = re.compile(r'\((?P<value>[^,()]+), (?P<scheme>[^,()]+), "(?P<meaning>[^"]+)"\)')
_GROUP = re.compile(r"(?P<kind>[BD])CID (?P<cid>\d+)(?P<only> only)?")
_ASSIGNMENT = re.compile(r"(\$\w+) = ((?:[^,(]|\([^)]*\))+)")


@dataclass(frozen=True)
class Group:
    """A context group: `baseline` is a suggestion, `only` leaves no room for other codes."""

    cid: int
    baseline: bool
    only: bool


@dataclass(frozen=True)
class Constraint:
    """What a cell allows for a concept name, a value or a unit. Empty: everything."""

    codes: tuple[Code, ...] = ()
    groups: tuple[Group, ...] = ()
    default: bool = False  # DT: another code may stand in its place
    absent: bool = False  # no concept name at all
    parameter: str = ""

    @property
    def free(self) -> bool:
        return not (self.codes or self.groups or self.absent)

    @cached_property
    def canonical_codes(self) -> frozenset[tuple[str, str]]:
        return frozenset(canonical(code) for code in self.codes)


ANYTHING = Constraint()


@dataclass(frozen=True)
class Row:
    """A row as it is printed; `level` counts the > signs. `number` is empty where the standard's is not known here."""

    tid: str
    number: str
    level: int
    relationship: str
    value_type: str
    concept: Constraint
    multiple: bool
    requirement: str
    condition: str
    values: Constraint
    units: Constraint
    includes: str
    assignments: tuple[tuple[str, Constraint], ...]

    @property
    def rule(self) -> str:
        return (
            f"PS3.16 TID {self.tid} row {self.number}"
            if self.number.isdigit() or self.number[:1].isdigit()
            else f"PS3.16 TID {self.tid}"
        )


@dataclass(frozen=True)
class Template:
    tid: str
    title: str
    extensible: bool
    ordered: bool
    rows: tuple[Row, ...]


def codes_in(cell: str) -> tuple[Code, ...]:
    return tuple(Code(m["value"], m["scheme"], m["meaning"]) for m in _CODE.finditer(cell))


def constraint(cell: str) -> Constraint:
    """Of `(value, scheme, "meaning") or (...)`, `DT (...)`, `DCID n or BCID n`, `$Parameter`, `none`, or nothing."""
    cell = cell.strip()
    if cell.startswith("$"):
        return Constraint(parameter=cell)
    groups = tuple(Group(int(m["cid"]), m["kind"] == "B", bool(m["only"])) for m in _GROUP.finditer(cell))
    return Constraint(codes_in(cell), groups, cell.startswith("DT "), cell == "none")


@cache
def templates() -> dict[str, Template]:
    """TID -> template, of all pages."""
    found: dict[str, Template] = {}
    for page in sorted(files(__package__).joinpath("tables").iterdir(), key=lambda page: page.name):
        if page.name.endswith(".md"):
            found |= _page(page.read_text(encoding="utf-8"))
    return found


def _page(page: str) -> dict[str, Template]:
    found: dict[str, Template] = {}
    for section in re.split(r"^(?=## )", page, flags=re.MULTILINE)[1:]:
        heading, *lines = section.splitlines()
        named = _HEADING.match(heading)
        if named is None:
            raise ValueError(f"no heading of a template: {heading!r}")
        prose = " ".join(line for line in lines if line and not line.startswith("|"))
        cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines if line.startswith("|")]
        rows = tuple(_row(named["tid"], row) for row in cells[2:])
        extensible, ordered = prose.startswith("Extensible"), "order significant" in prose.split(".")[0]
        found[named["tid"]] = Template(named["tid"], named["title"], extensible, ordered, rows)
    return found


def _row(tid: str, cells: list[str]) -> Row:
    if len(cells) != 9:
        raise ValueError(f"TID {tid}: not nine cells: {cells}")
    number, level, relationship, value_type, concept, multiplicity, requirement, condition, values = cells
    included = value_type == "INCLUDE"
    return Row(
        tid=tid,
        number=number,
        level=len(level),
        relationship=relationship,
        value_type=value_type,
        concept=ANYTHING if included else constraint(concept),
        multiple=multiplicity == "1-n",
        requirement=requirement,
        condition=condition,
        values=ANYTHING if included or values.startswith("UNITS") else constraint(values),
        units=constraint(values.removeprefix("UNITS = ")) if values.startswith("UNITS") else ANYTHING,
        includes=concept.removeprefix("TID ") if included else "",
        assignments=tuple((name, constraint(cell)) for name, cell in _ASSIGNMENT.findall(values)) if included else (),
    )
