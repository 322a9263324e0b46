"""studies, deliveries, audit: what the database remembers."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from node.cli.output import DEFAULT_CONFIG, AsJson, ConfigPath, console, print_json, show_rows
from node.errors import EchoNodeError
from node.settings import load_settings

StudyUID = Annotated[str, typer.Argument(help="As `studies list` shows it.")]

studies = typer.Typer(no_args_is_help=True, help="Studies: what came, what became of it.")
deliveries = typer.Typer(no_args_is_help=True, help="Deliveries: which document reached which destination.")
audit = typer.Typer(no_args_is_help=True, help="The audit trail: every step, chained by hashes.")


def add_to(app: typer.Typer) -> None:
    app.add_typer(studies, name="studies")
    app.add_typer(deliveries, name="deliveries")
    app.add_typer(audit, name="audit")


@contextmanager
def _reading(config: Path) -> Iterator[Session]:
    from node.app import open_database

    with open_database(load_settings(config)) as database, database.reading() as session:
        yield session


@studies.command("list")
def list_studies(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """All studies, newest first; below them, by sender, the objects in quarantine, which have none."""
    from node.cli.quarantine import quarantine_rows
    from node.cli.study_page import job_errors, reason_of
    from node.db.tables import Study

    with _reading(config) as session:
        errors = job_errors(session)
        rows = [
            {
                "study": study.study_instance_uid,
                "state": study.state,
                "revision": study.revision,
                "from": study.calling_aet,
                "last arrival": study.last_arrival_at,
                "needs a person": study.needs_person,
                "reason": reason_of(study, errors),
            }
            for study in session.scalars(select(Study).order_by(Study.id.desc()))
        ]
        rows += quarantine_rows(session)
    columns = ("study", "state", "revision", "from", "last arrival", "needs a person", "reason")
    show_rows(rows, columns, as_json=as_json, empty="no study has arrived")


@studies.command("show")
def show_study(
    study_instance_uid: StudyUID,
    config: ConfigPath = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """One study: instances, measurements, what was not measured and why, documents and where they are."""
    from node.cli.quarantine import quarantine_note
    from node.cli.study_page import print_page, study_page

    with _reading(config) as session:
        page = study_page(session, study_instance_uid)
        if page is None:
            raise EchoNodeError(f"no study {study_instance_uid}{quarantine_note(session)}")
    if as_json:
        print_json(page)
    else:
        print_page(page, console)


@studies.command("close")
def close_study(study_instance_uid: StudyUID, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Do not wait for the quiet period: the running node analyses the study now."""
    from node.study.assembly import close_by_hand

    _by_hand(config, study_instance_uid, close_by_hand)


@studies.command("reanalyse")
def reanalyse_study(study_instance_uid: StudyUID, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Analyse an analysed or failed study again, as its next revision; the running node does it."""
    from node.study.assembly import reanalyse

    _by_hand(config, study_instance_uid, reanalyse)


def _by_hand(config: Path, study_instance_uid: str, change: Callable[..., None]) -> None:
    from node.app import open_database, utc_now
    from node.db.tables import Study

    settings = load_settings(config)
    with open_database(settings) as database, database.session() as session:
        study = session.scalar(select(Study).where(Study.study_instance_uid == study_instance_uid))
        if study is None:
            raise EchoNodeError(f"no study {study_instance_uid}")
        change(session, study, now=utc_now(), max_attempts=settings.work.max_attempts)
        console.print(f"{study.state}, revision {study.revision}")


@deliveries.command("list")
def list_deliveries(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """All deliveries, newest first."""
    from node.db.tables import Delivery

    with _reading(config) as session:
        rows = [
            {
                "id": delivery.id,
                "document": delivery.document.template,
                "destination": delivery.destination,
                "state": delivery.state,
                "attempts": delivery.attempts,
                "detail": delivery.detail,
            }
            for delivery in session.scalars(select(Delivery).order_by(Delivery.id.desc()))
        ]
    columns = ("id", "document", "destination", "state", "attempts", "detail")
    show_rows(rows, columns, as_json=as_json, empty="nothing to deliver")


@deliveries.command("retry")
def retry_deliveries(
    delivery_ids: Annotated[list[int], typer.Argument(help="As `deliveries list` shows them.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Reopen refused or expired deliveries; the running node sends them again."""
    from node.app import open_database, utc_now
    from node.egress.delivery import retry_delivery

    with open_database(load_settings(config)) as database, database.session() as session:
        for delivery_id in delivery_ids:
            retry_delivery(session, delivery_id, now=utc_now())
    console.print(f"{len(delivery_ids)} reopened")


@audit.command("verify")
def verify_audit(
    config: ConfigPath = DEFAULT_CONFIG,
    anchor: Annotated[
        Path | None, typer.Option(help="An anchor exported earlier: proves that the tail is still there.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Recompute the hash chain: was an entry changed, removed, inserted or moved?"""
    from node.db import audit as chain

    with _reading(config) as session:
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
    from node.db.tables import AuditEntry

    query = select(AuditEntry).order_by(AuditEntry.id)
    with _reading(config) as session:
        entries = session.scalars(query.where(AuditEntry.study == study) if study else query)
        rows = [{"at": e.at, "event": e.event, "study": e.study, "details": json.dumps(e.details)} for e in entries]
    show_rows(rows, ("at", "event", "study", "details"), as_json=as_json, empty="no entry")


@audit.command("export")
def export_audit(
    out: Annotated[Path, typer.Argument(help="The file to write: one JSON object a line.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Write all sealed entries as JSON lines, and beside them the anchor (`.anchor.json`) that proves the tail later."""
    from node.db import audit as chain

    with _reading(config) as session, out.open("w", encoding="utf-8") as stream:
        count = 0
        for entry in chain.export(session):
            stream.write(json.dumps(entry, sort_keys=True) + "\n")
            count += 1
        anchor_path = out.with_suffix(".anchor.json")
        anchor_path.write_text(json.dumps(chain.anchor(session), indent=2), encoding="utf-8")
    console.print(f"{count} entries in {out}, anchor in {anchor_path}")
