"""`echonode studies show`: one study as plain data, and as text."""

from typing import Any

from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session

from node.db.tables import Analysis, Delivery, Document, Instance, Study


def study_page(session: Session, study_instance_uid: str) -> dict[str, Any] | None:
    """Everything known of a study, or None when it never came."""
    study = session.scalar(select(Study).where(Study.study_instance_uid == study_instance_uid))
    if study is None:
        return None
    analysis = session.scalar(select(Analysis).where(Analysis.study_id == study.id).order_by(Analysis.revision.desc()).limit(1))
    findings: dict[str, Any] = analysis.findings if analysis else {}
    return {
        "study": study.study_instance_uid,
        "pseudonym": study.pseudonym,
        "state": study.state,
        "revision": study.revision,
        "failed_reason": study.failed_reason,
        "needs_person": study.needs_person,
        "completed_at": study.completed_at,
        "completed_reason": study.completed_reason,
        "instances": [_instance(row) for row in _rows(session, Instance, study)],
        "measurements": findings.get("measurements", []),
        "not_measured": findings.get("not_measured", []),
        "flags": findings.get("flags", []),
        "documents": [_document(session, row) for row in _rows(session, Document, study)],
    }


def _rows(session: Session, table: Any, study: Study) -> list[Any]:
    return list(session.scalars(select(table).where(table.study_id == study.id).order_by(table.id)))


def _instance(row: Instance) -> dict[str, Any]:
    return {"sop_instance_uid": row.sop_instance_uid, "receipt": row.receipt, "received_at": row.received_at, "note": row.note}


def _document(session: Session, row: Document) -> dict[str, Any]:
    deliveries = session.scalars(select(Delivery).where(Delivery.document_id == row.id).order_by(Delivery.id))
    return {
        "template": row.template,
        "sop_instance_uid": row.sop_instance_uid,
        "path": row.path,
        "deliveries": [{"destination": d.destination, "state": d.state, "detail": d.detail} for d in deliveries],
    }


def print_page(page: dict[str, Any], console: Console) -> None:
    console.print(f"{page['study']}  {page['state']}, revision {page['revision']}", style="bold")
    if page["failed_reason"]:
        console.print(f"  failed: {page['failed_reason']}")
    if page["needs_person"]:
        console.print("  a person has to decide", style="yellow")
    for instance in page["instances"]:
        console.print(f"  {instance['receipt']:14} {instance['sop_instance_uid']} {instance['note'] or ''}")
    for measured in page["measurements"]:
        console.print(
            f"  {measured['key']:14} {measured['value']:.1f} {measured['unit']}  ({measured['method']})", highlight=False
        )
    for missing in page["not_measured"]:
        console.print(f"  {missing['key']:14} not measured: {', '.join(missing['reasons'])}", highlight=False)
    for flag in page["flags"]:
        console.print(f"  flag {flag['issue']}: {flag['message']}", highlight=False)
    for document in page["documents"]:
        where = ", ".join(f"{d['destination']} {d['state']}" for d in document["deliveries"]) or "kept in the archive"
        console.print(f"  document {document['template']:8} {document['sop_instance_uid']}: {where}", highlight=False)
