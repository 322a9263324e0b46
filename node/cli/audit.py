"""`echonode audit`: the trail of every step."""

import json
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select

from node.cli.database import reading
from node.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath
from node.cli.output import console, print_json, show_rows
from node.db import audit as chain
from node.db.tables import AuditEntry

audit = typer.Typer(no_args_is_help=True, help="The audit trail: every step, chained by hashes.")


@audit.command("verify")
def verify_audit(
    config: ConfigPath = DEFAULT_CONFIG,
    anchor: Annotated[
        Path | None, typer.Option(help="An anchor exported earlier: proves that the tail is still there.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Recompute the hash chain: was an entry changed, removed, inserted or moved?"""
    with reading(config) as session:
        report = chain.verify(session, anchor=json.loads(anchor.read_text()) if anchor else None)
    if as_json:
        print_json({"entries": report.entries, "sealed": report.sealed, "verified": report.verified, "problem": report.problem})
    else:
        console.print(f"{report.entries} entries, {report.sealed} sealed: {report.problem or 'the chain is whole'}")
    if not report.verified:
        raise typer.Exit(1)


@audit.command("list")
def list_audit(
    config: ConfigPath = DEFAULT_CONFIG,
    study: Annotated[str | None, typer.Option(help="Only this study's entries, by pseudonym.")] = None,
    as_json: AsJson = False,
) -> None:
    """The entries, oldest first."""
    query = select(AuditEntry).order_by(AuditEntry.id)
    with reading(config) as session:
        entries = session.scalars(query.where(AuditEntry.study == study) if study else query)
        rows = [{"at": e.at, "event": e.event, "study": e.study, "details": json.dumps(e.details)} for e in entries]
    show_rows(rows, ("at", "event", "study", "details"), as_json=as_json, empty="no entry")


@audit.command("export")
def export_audit(
    out: Annotated[Path, typer.Argument(help="The file to write: one JSON object a line.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Write all sealed entries as JSON lines, and beside them the anchor (`.anchor.json`) that proves the tail later."""
    with reading(config) as session, out.open("w", encoding="utf-8") as stream:
        count = 0
        for entry in chain.export(session):
            stream.write(json.dumps(entry, sort_keys=True) + "\n")
            count += 1
        anchor_path = out.with_suffix(".anchor.json")
        anchor_path.write_text(json.dumps(chain.anchor(session), indent=2), encoding="utf-8")
    console.print(f"{count} entries in {out}, anchor in {anchor_path}")
