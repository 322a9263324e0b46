"""What the conformance statement takes from the code: blocks between marks. `make conformance` writes them anew."""

import re
from collections.abc import Callable
from pathlib import Path

from pydicom.uid import UID

from node.egress.building import TEMPLATES
from node.egress.destinations import KINDS
from node.ingress.contexts import COMPRESSED
from node.settings import Destination

from .codes import kinds_of, post_coordinated, profiles, quantities, units
from .tables import code, table

PATH = Path(__file__).resolve().parents[2] / "CONFORMANCE.md"
_BLOCK = re.compile(r"(?<=^<!-- made of the code: )(\w+)( -->\n).*?(?=^<!-- end -->$)", re.MULTILINE | re.DOTALL)


def filled(text: str) -> str:
    """The statement with every block as the code has it now. KeyError for a block that nothing makes."""
    return _BLOCK.sub(lambda found: f"{found[1]}{found[2]}\n{BLOCKS[found[1]]()}\n", text)


def blocks_of(text: str) -> list[str]:
    return [found[1] for found in _BLOCK.finditer(text)]


def _documents() -> str:
    rows = []
    for name, template in TEMPLATES.items():
        kinds = kinds_of(name)
        classes = [f"{UID(kind.sop_class_uid).name} {kind.sop_class_uid}" for kind in kinds]
        series = [f"{kind.modality}, number from {kind.series_number}: {kind.series_description}" for kind in kinds]
        other = f"; {code(template.else_template)} where its class is not taken" if template.else_template else ""
        takers = ", ".join(code(each) for each, destination in KINDS.items() if template.suffix in destination.takes)
        is_what = ("; ".join(classes) or f"none: a file, {code(template.suffix)}", "; ".join(dict.fromkeys(series)))
        rows.append((code(name), *is_what, ", ".join(map(code, sorted(template.looks_at))), takers + other))
    return table(["document", "SOP class", "series", "follows of a profile", "goes to kinds"], rows)


def _destinations() -> str:
    rows = []
    for name, kind in KINDS.items():
        own = {key: field for key, field in kind.model_fields.items() if key not in Destination.model_fields}
        needed = [code(key) for key, field in own.items() if field.is_required()]
        further = [code(key) for key, field in own.items() if not field.is_required()]
        taken = [code(template) for template, made in TEMPLATES.items() if made.suffix in kind.takes]
        rows.append((code(name), ", ".join(taken), ", ".join(needed), ", ".join(further)))
    return table(["kind", "documents", "needs", "may have"], rows)


def _transfer_syntaxes() -> str:
    by_number = sorted(COMPRESSED, key=lambda uid: [int(part) for part in uid.split(".")])
    return table(["transfer syntax", "UID"], [(UID(uid).name, uid) for uid in by_number])


BLOCKS: dict[str, Callable[[], str]] = {
    "transfer_syntaxes": _transfer_syntaxes,
    "documents": _documents,
    "destinations": _destinations,
    "profiles": profiles,
    "units": units,
    "codes": quantities,
    "post_coordinated": post_coordinated,
}


if __name__ == "__main__":
    PATH.write_text(filled(PATH.read_text(encoding="utf-8")), encoding="utf-8")
