"""CONFORMANCE.md and the pages for users name everything a user may meet."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from typer.main import get_command

from models.catalogue import QUANTITIES
from models.results import Reason
from node import version
from node.cli import app
from node.db.audit import AuditEvent
from node.db.tables import JobKind
from node.objects.eligibility import TRANSTHORACIC_PROBES
from node.objects.patient import PLACEHOLDERS

ROOT = Path(__file__).resolve().parents[2]
CONFORMANCE = (ROOT / "CONFORMANCE.md").read_text(encoding="utf-8")
# Those that people have written: the reference is made from the commands themselves and proves nothing.
PAGES = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs/pages").rglob("*.md")) if path.parent.name != "reference"
)


def _commands() -> list[str]:
    found = []
    top: Any = get_command(app)
    for name in top.list_commands(None):
        command = top.get_command(None, name)
        below = command.list_commands(None) if hasattr(command, "list_commands") else []
        found += [f"{name} {sub}" for sub in below] or [name]
    return found


def _unlisted(names: Iterable[str], pattern: str = "`{}`", text: str = CONFORMANCE) -> list[str]:
    """Those of `names` that `text` does not hold in the form of `pattern`."""
    names = list(names)
    assert names, "the check would pass on an empty list"
    return [name for name in names if not re.search(pattern.format(re.escape(name)), text, re.MULTILINE)]


def test_every_reason_is_explained() -> None:
    """Bug prevented: a reason in an SR that no document explains."""
    assert _unlisted(reason.value for reason in Reason) == []


def test_every_quantity_is_listed() -> None:
    """Bug prevented: a number that a reporting system receives and nobody announced."""
    assert _unlisted(QUANTITIES) == []


def test_every_audit_event_and_job_kind_is_listed() -> None:
    """Bug prevented: an entry in the trail that nobody can look up."""
    assert _unlisted(str(name) for name in (*AuditEvent, *JobKind)) == []


def test_the_identity_is_the_one_in_the_code() -> None:
    """Bug prevented: a conformance statement that names another implementation."""
    assert version.IMPLEMENTATION_CLASS_UID in CONFORMANCE
    assert version.IMPLEMENTATION_VERSION_NAME in CONFORMANCE


def test_every_command_stands_in_a_page() -> None:
    """Bug prevented: a command that its user cannot find."""
    assert _unlisted(_commands(), r"echonode {}\b", PAGES) == []


def test_every_placeholder_identifier_is_listed() -> None:
    """Bug prevented: an identifier that silently counts as none."""
    assert _unlisted(PLACEHOLDERS, r"\b{}\b") == []


def test_every_transthoracic_probe_is_listed() -> None:
    """Bug prevented: a probe that silently outweighs what the header says."""
    assert _unlisted(TRANSTHORACIC_PROBES, r"(^|[ ]){}[,.]") == []
