"""Reasons, audit events, states and kinds of jobs, with the words that stand beside them in the code."""

import inspect
import re
from enum import StrEnum

from models.results import QualityIssue, Reason
from node.db.audit import AuditEvent
from node.db.tables import DeliveryState, JobKind, JobState, Receipt, StudyState

from .tables import code, table

_HEAD = """# Reasons, events and states

Made from the code. The [conformance statement](conformance.md) says the same at more length, in the order of a study's life.
Every state change and every refusal is one entry of the audit trail: event, time, the study's pseudonym, details without
patient data.
"""
_MEMBER = re.compile(r"^\s+([A-Z][A-Z0-9_]*) = [^#]*?(?:#\s*(.*))?$")


def events_page() -> str:
    parts = [
        ('Reasons for "not measured"', Reason, "The first that applies is the primary one; a report states all."),
        ("Quality issues", QualityIssue, ""),
        ("Audit events", AuditEvent, "`echonode audit list` shows them, `echonode audit verify` checks their chain."),
        ("Kinds of jobs", JobKind, ""),
        ("What becomes of an object that arrives", Receipt, ""),
        ("States of a study", StudyState, ""),
        ("States of a job", JobState, ""),
        ("States of a delivery", DeliveryState, ""),
    ]
    return "\n".join([_HEAD, *(_section(title, kind, words) for title, kind, words in parts)])


def explained(kind: type[StrEnum]) -> dict[str, str]:
    """Value of each member -> the comment on its line."""
    comments = {found[1]: found[2] or "" for line in inspect.getsource(kind).splitlines() if (found := _MEMBER.match(line))}
    return {member.value: comments.get(member.name, "") for member in kind}


def _section(title: str, kind: type[StrEnum], words: str) -> str:
    rows = [(code(value), comment) for value, comment in explained(kind).items()]
    return "\n".join([f"## {title}\n", f"{words}\n" if words else "", table(["name", "meaning"], rows)])
