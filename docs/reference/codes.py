"""How documents are coded: templates, profiles, and the codes of every quantity, from the tables that write them."""

from importlib import import_module
from typing import Any, get_args, get_type_hints

from pydicom.sr.coding import Code

from models.catalogue import QUANTITIES
from node.egress.building import TEMPLATES
from sr_templates.accepted_codes import ACCEPTED
from sr_templates.codes import UNIT_CODES
from sr_templates.document import DocumentKind
from sr_templates.post_coordination import POST_COORDINATED
from sr_templates.profile import DEFAULT_PROFILE, PROFILE_FIELDS, Profile
from sr_templates.quantity_codes import QUANTITY_CODES

from .tables import code, table

_HEAD = """# Codes

Made from the tables that write documents. A code is (value, scheme designator, meaning). SNOMED CT codes have their SNOMED RT
form for a destination with `scheme = "srt"`, with the same meaning. What the standard has no code for stands under 99ECHONODE,
which every document identifies. A value's image mode and view are those of its clip, so they are in no table.
"""
_QUANTITIES = """Concept, method and finding site as TID 1500 and TID 5200 have them; the last column is the code of CID 12300
(TID 5301), or the one that TID 5302 has with its modifiers, below. What has none there is not written in TID 5300.

"""
_POST = """Beside these a value has its method and mode, and the view where it is part of what is measured.

"""
_ACCEPTED = """Reports of others have them. The first column is read as the second.

"""


def codes_page() -> str:
    parts = (
        ("Templates", "", _templates),
        ("Profiles", "", profiles),
        ("Units", "", units),
        ("Quantities", _QUANTITIES, quantities),
        ("Post-coordinated in TID 5302", _POST, post_coordinated),
        ("Read and never written", _ACCEPTED, _accepted),
    )
    return "\n".join([_HEAD, *(f"## {title}\n\n{words}{made()}" for title, words, made in parts)])


def _triple(coded: Code | None) -> str:
    return f"({coded.value}, {coded.scheme_designator}, {coded.meaning})" if coded is not None else ""


def kinds_of(template: str) -> list[DocumentKind]:
    """The kinds of DICOM objects that a template makes; none of one that makes files."""
    module = import_module(TEMPLATES[template].build.__module__)
    return [each for each in vars(module).values() if isinstance(each, DocumentKind) and each.template == template]


def _templates() -> str:
    rows = []
    for name, template in TEMPLATES.items():
        kinds = kinds_of(name)
        classes = ", ".join(kind.sop_class_uid for kind in kinds) or f"a file, {code(template.suffix)}"
        series = ", ".join(dict.fromkeys(kind.series_description for kind in kinds))
        rows.append((code(name), classes, series, ", ".join(map(code, sorted(template.looks_at)))))
    return table(["template", "SOP class", "series", "fields of the profile that change it"], rows)


def profiles() -> str:
    hints: dict[str, Any] = get_type_hints(Profile)
    rows = [
        (
            code(name),
            code(str(getattr(DEFAULT_PROFILE, name)).lower()),
            ", ".join(code(str(each).lower()) for each in get_args(hints[name]) or (True, False)),
        )
        for name in PROFILE_FIELDS
    ]
    return table(["field of a destination", "default", "values"], rows)


def units() -> str:
    return table(["unit", "code"], [(code(unit), _triple(coded)) for unit, coded in UNIT_CODES.items()])


def quantities() -> str:
    rows = []
    for key in QUANTITIES:
        row = QUANTITY_CODES[key]
        post = POST_COORDINATED.get(key)
        alone = row.simplified or (post.concept if post else None)
        rows.append(
            (code(key), _triple(row.concept), row.unit.value, _triple(row.method), row.finding_site.meaning, _triple(alone))
        )
    return table(["key", "concept", "unit", "method", "finding site", "in TID 5300"], rows)


def post_coordinated() -> str:
    rows = [
        (code(key), row.type.meaning, _triple(row.site), row.observation.meaning, _triple(row.measured), _triple(row.divisor),
         row.cycle_point.meaning if row.cycle_point else "")
        for key, row in POST_COORDINATED.items()
    ]  # fmt: skip
    columns = ["key", "measurement type", "finding site", "observation type", "measured property", "divisor", "cycle point"]
    return table(columns, rows)


def _accepted() -> str:
    return table(["read", "as", "why"], [(_triple(row.read), _triple(row.written), row.why) for row in ACCEPTED])
