"""What the demo found, beside the truth: `summary.json` and the table on the terminal."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pynetdicom.dsutils import split_dataset
from rich.console import Console
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.results import StudyFindings
from node.db import audit
from node.db.audit import AuditReport
from node.db.tables import Analysis, Delivery, DeliveryState, Document, Job, JobKind, Study
from node.demo.truth import TrueValues, true_values
from node.egress.syntax_conversion import inflated
from node.egress.transfer_syntaxes import DEFLATED
from node.objects.findings_json import load_findings
from node.settings import Settings
from node.study.archive import Archive

_DELIVERED = (DeliveryState.ACCEPTED, DeliveryState.ACCEPTED_WITH_WARNING)


@dataclass(frozen=True)
class Summary:
    """`documents`, `measurements`, ... are rows of summary.json; `findings` and `truth` are what they come from."""

    study: str
    documents: list[dict[str, Any]]
    measurements: list[dict[str, Any]]
    not_measured: list[dict[str, Any]]
    quality_flags: list[dict[str, Any]]
    timings_s: dict[str, float]
    audit: AuditReport
    findings: StudyFindings | None
    truth: TrueValues

    @property
    def complete(self) -> bool:
        """Every document arrived as it was stored, and the audit chain is whole."""
        return bool(self.documents) and all(row["delivered"] for row in self.documents) and self.audit.verified

    def as_dict(self) -> dict[str, Any]:
        return {
            "study": self.study,
            "documents": self.documents,
            "measurements": self.measurements,
            "not_measured": self.not_measured,
            "quality_flags": self.quality_flags,
            "timings_s": {name: round(seconds, 3) for name, seconds in self.timings_s.items()},
            "audit": {"entries": self.audit.entries, "sealed": self.audit.sealed, "verified": self.audit.verified},
        }


def summarise(
    session: Session,
    settings: Settings,
    study_instance_uid: str,
    truth: dict[str, Any],
    delivered_dir: Path,
    timings_s: dict[str, float],
) -> Summary:
    """Reads the node's database and the receiving PACS's folder; a document counts as delivered when both have its bytes."""
    study = session.scalar(select(Study).where(Study.study_instance_uid == study_instance_uid))
    analysis = study and session.scalar(
        select(Analysis).where(Analysis.study_id == study.id).order_by(Analysis.revision.desc()).limit(1)
    )
    findings = load_findings(analysis.findings) if analysis else None
    true = true_values(truth, findings)
    return Summary(
        study=study_instance_uid,
        documents=_documents(session, study, Archive(settings.archive_dir), delivered_dir) if study else [],
        measurements=[_measurement(m, true.values.get(m.key)) for m in findings.measurements] if findings else [],
        not_measured=[
            {"key": n.key, "reasons": [reason.value for reason in n.reasons], "detail": n.detail} for n in findings.not_measured
        ]
        if findings
        else [],
        quality_flags=[
            {"issue": f.issue.value, "sop_instance_uid": f.sop_instance_uid, "message": f.message} for f in findings.flags
        ]
        if findings
        else [],
        timings_s={**timings_s, **_stage_times(session, study, analysis)} if study and analysis else timings_s,
        audit=audit.verify(session),
        findings=findings,
        truth=true,
    )


def _measurement(measured: Any, truth: float | None) -> dict[str, Any]:
    return {
        "key": measured.key,
        "value": round(measured.value, 2),
        "unit": measured.unit,
        "method": measured.method,
        "view": measured.view.value if measured.view else None,
        "truth": round(truth, 2) if truth is not None else None,
        "error": round(measured.value - truth, 2) if truth is not None else None,
    }


def _documents(session: Session, study: Study, archive: Archive, delivered_dir: Path) -> list[dict[str, Any]]:
    rows = []
    arrived = {path.stem: path for path in delivered_dir.glob("*.dcm")}
    for document in session.scalars(select(Document).where(Document.study_id == study.id).order_by(Document.id)):
        stored = _data_set_hash(archive.path(document.path))
        path = arrived.get(document.sop_instance_uid)
        same = path is not None and _data_set_hash(path) == stored
        for delivery in session.scalars(select(Delivery).where(Delivery.document_id == document.id)):
            rows.append(
                {
                    "path": str(path) if path else None,
                    "sop_class_uid": document.sop_class_uid,
                    "modality": document.modality,
                    "template": document.template,
                    "destination": delivery.destination,
                    "delivered": same and delivery.state in _DELIVERED,
                    "committed": None,
                }
            )
    return rows


def _data_set_hash(path: Path) -> str:
    """Of the data set alone, inflated: the file meta group is each receiver's own, and what is kept deflated may go plain."""
    file_meta, offset = split_dataset(path)
    data = path.read_bytes()[offset:]
    if file_meta.TransferSyntaxUID == DEFLATED:
        data = inflated(data)
    return hashlib.sha256(data).hexdigest()


def _stage_times(session: Session, study: Study, analysis: Analysis) -> dict[str, float]:
    times: dict[str, float] = {}
    if study.completed_at is not None:
        times["quiet period"] = (study.completed_at - study.last_arrival_at).total_seconds()
    times["analysis"] = (analysis.finished_at - analysis.started_at).total_seconds()
    built = [d.created_at for d in session.scalars(select(Document).where(Document.study_id == study.id))]
    if built:
        times["documents"] = (max(built) - analysis.finished_at).total_seconds()
        ends = [
            job.finished_at
            for job in session.scalars(select(Job).where(Job.study_id == study.id, Job.kind == JobKind.DELIVER))
            if job.finished_at is not None
        ]
        if ends:
            times["delivery"] = (max(ends) - max(built)).total_seconds()
    return times


def print_summary(summary: Summary, console: Console) -> None:
    table = Table(title="Measured against the truth of the synthetic heart", title_justify="left")
    for column in ("quantity", "measured", "truth", "error", "unit", "method"):
        table.add_column(column, justify="right" if column in ("measured", "truth", "error") else "left")
    for row in summary.measurements:
        numbers = (f"{row[name]:.1f}" if row[name] is not None else "" for name in ("value", "truth", "error"))
        table.add_row(row["key"], *numbers, row["unit"], row["method"])
    for row in summary.not_measured:
        truth = summary.truth.values.get(row["key"])
        table.add_row(row["key"], "not measured", "" if truth is None else f"{truth:.1f}", "", "", ", ".join(row["reasons"]))
    console.print(table)
    for flag in summary.quality_flags:
        console.print(f"flag: {flag['issue']}: {flag['message']}", highlight=False)
    delivered = sum(row["delivered"] for row in summary.documents)
    console.print(
        f"documents delivered: {delivered} of {len(summary.documents)}  " + _document_counts(summary), highlight=False
    )
    chain = summary.audit.problem or "verified"
    console.print(f"audit: {summary.audit.entries} entries, {summary.audit.sealed} sealed, {chain}", highlight=False)
    console.print("time: " + ", ".join(f"{name} {s:.1f} s" for name, s in summary.timings_s.items()), highlight=False)


def _document_counts(summary: Summary) -> str:
    names = [row["template"] for row in summary.documents]
    return "(" + ", ".join(f"{names.count(name)} {name}" for name in dict.fromkeys(names)) + ")"
