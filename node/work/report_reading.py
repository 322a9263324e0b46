"""READ_REPORTS: a report of others that came after the analysis, without the networks: the next revision, where it matters."""

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.db import audit, queue
from node.db.attention import ask_person
from node.db.audit import AuditEvent
from node.db.queue import ClaimedJob
from node.db.tables import Analysis, Study
from node.objects.findings_json import load_findings
from node.study.job_ends import supersede_jobs
from node.study.reports import report_rows, reports_changed
from node.work.cart_reports import read_cart_reports
from node.work.pipeline import AnalysisTools, record_analysis, reports_of

TOO_LATE = "a report of the study came after the last revision"


def read_late_reports(job: ClaimedJob, tools: AnalysisTools) -> None:
    """Findings with what the reports state now, the next revision and its documents, in the transaction that ends the job.

    Nothing changes where the reports state what they did, where no destination fills in around them, and where a person has
    signed one: then nothing is left to fill in. Raises LeaseLost when the study was reopened or analysed anew meanwhile.
    """
    started_at = tools.clock()
    with tools.database.reading() as session:
        newest = select(Analysis).where(Analysis.study_id == job.subject_id).order_by(Analysis.revision.desc()).limit(1)
        analysis = session.scalars(newest).one()
        rows = report_rows(session, job.subject_id)
        seen, reports = _ids(session, job.subject_id), reports_of(session, rows, tools)
        uids = {row.sop_instance_uid for row in rows}
    findings = load_findings(analysis.findings)
    read = read_cart_reports(reports, tools.fallback_character_set)
    needed = tools.fills_around_reports and not read.signed and read.values != findings.cart
    kept = tuple(flag for flag in findings.flags if flag.sop_instance_uid not in uids)
    amended = replace(findings, cart=read.values, flags=kept + read.flags)

    def record(session: Session) -> None:
        now = tools.clock()
        queue.finish(session, job, now=now)
        study = session.get_one(Study, job.subject_id)
        if _ids(session, study.id) != seen:
            reports_changed(session, study, now=now, max_attempts=tools.max_attempts)
        elif needed and study.revision >= tools.max_revisions:
            ask_person(session, study, TOO_LATE, now=now)
        elif needed:
            supersede_jobs(session, study.id, now=now)
            study.revision += 1
            details = {"revision": study.revision, "reports": len(uids)}
            audit.record(session, AuditEvent.REPORTS_READ, now=now, study=study.pseudonym, **details)
            record_analysis(session, study, amended, tools, started_at, now)

    tools.database.write(record)


def _ids(session: Session, study_id: int) -> list[int]:
    return [row.id for row in report_rows(session, study_id)]
