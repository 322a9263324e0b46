"""CONFORMANCE.md and README.md name everything a user may meet."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from models.catalogue import QUANTITIES
from models.results import Reason
from node import version
from node.cli import app
from node.db.audit import AuditEvent
from node.db.tables import JobKind
from node.study.eligibility import TRANSTHORACIC_PROBES
from node.study.patient import PLACEHOLDERS

ROOT = Path(__file__).resolve().parents[2]
CONFORMANCE = (ROOT / "CONFORMANCE.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _commands() -> list[str]:
    found = []
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        found += [f"{name} {sub}" for sub in getattr(command, "commands", {})] or [name]
    return found


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_explained(reason: Reason) -> None:
    """Bug prevented: a reason in an SR that no document explains."""
    assert f"`{reason.value}`" in CONFORMANCE


@pytest.mark.parametrize("key", QUANTITIES)
def test_every_quantity_is_listed(key: str) -> None:
    """Bug prevented: a number that a reporting system receives and nobody announced."""
    assert f"`{key}`" in CONFORMANCE


@pytest.mark.parametrize("name", [*AuditEvent, *JobKind])
def test_every_audit_event_and_job_kind_is_listed(name: str) -> None:
    """Bug prevented: an entry in the trail that nobody can look up."""
    assert f"`{name}`" in CONFORMANCE


def test_the_identity_is_the_one_in_the_code() -> None:
    """Bug prevented: a conformance statement that names another implementation."""
    assert version.IMPLEMENTATION_CLASS_UID in CONFORMANCE
    assert version.IMPLEMENTATION_VERSION_NAME in CONFORMANCE


@pytest.mark.parametrize("command", _commands())
def test_every_command_stands_in_the_readme(command: str) -> None:
    """Bug prevented: a command that its user cannot find."""
    assert re.search(rf"echonode {command}\b", README)


@pytest.mark.parametrize("placeholder", sorted(PLACEHOLDERS))
def test_every_placeholder_identifier_is_listed(placeholder: str) -> None:
    """Bug prevented: an identifier that silently counts as none."""
    assert re.search(rf"\b{placeholder}\b", CONFORMANCE)


@pytest.mark.parametrize("probe", sorted(TRANSTHORACIC_PROBES))
def test_every_transthoracic_probe_is_listed(probe: str) -> None:
    """Bug prevented: a probe that silently outweighs what the header says."""
    assert re.search(rf"(^|[ ]){re.escape(probe)}[,.]", CONFORMANCE, re.MULTILINE)
