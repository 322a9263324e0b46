"""The story of one study: read clips -> view and quality -> measure -> derive -> check limits -> read reports -> record."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.derive.study.conventions import BY_DEFAULT, Conventions
from models.derive.study.quantities import derive_study
from models.library.model_set import ModelSet
from models.library.quantities import quantities_of
from models.results import QualityFlag, QualityIssue, StudyFindings
from node.db import audit, queue
from node.db.audit import AuditEvent
from node.db.queue import ClaimedJob
from node.db.session import Database
from node.db.tables import Analysis, Instance, JobKind, NodeIdentity, Receipt, Study
from node.objects.character_sets import DEFAULT_FALLBACK
from node.objects.findings_json import dump_findings
from node.objects.patient import patient_flags
from node.study import assembly
from node.study.archive import Archive
from node.study.rejection import is_rejected, left_out_words, rejections_of
from node.study.reports import report_rows, reports_changed
from node.work.cart_reports import CartReports, read_cart_reports
from node.work.executor import Executor
from node.work.groups import with_groups

# Age, stage, calibration may be what was corrected, so the newest header is the one to measure by. A conflict (other pixels)
# is flagged, never analysed instead.
NO_SERIES = "no Series Instance UID: no document could refer to this object, so it is not analysed"
_ANALYSED = (Receipt.STORED, Receipt.HEADER_CHANGED)
_RECEIPT_FLAGS = {
    Receipt.HEADER_CHANGED: (QualityIssue.DEMOGRAPHICS_CHANGED, "arrived again with another header; the newest is used"),
    Receipt.CONFLICT: (QualityIssue.PIXEL_CONFLICT, "arrived again with other pixels; the first was analysed"),
}


@dataclass(frozen=True)
class AnalysisTools:
    database: Database
    archive: Archive
    executor: Executor
    models: ModelSet
    clock: Callable[[], datetime]
    max_attempts: int  # of the job that follows
    fallback_character_set: str = DEFAULT_FALLBACK
    max_revisions: int = 5  # those that a late report makes
    conventions: Conventions = BY_DEFAULT
    fills_around_reports: bool = False  # whether any destination gets what the reports of others do not have


def analyse_study(job: ClaimedJob, tools: AnalysisTools) -> None:
    """Findings, audit entry, study state, next job and the end of this one become true together, or not at all.

    Raises LeaseLost when another worker took the job over meanwhile.
    """
    started_at = tools.clock()
    with tools.database.reading() as session:
        study_instance_uid, clips, flags = _inputs(session, job.subject_id, tools.archive)
        rows = report_rows(session, job.subject_id)
        reports, seen = reports_of(session, rows, tools), [row.id for row in rows]
    clip_findings = tools.executor.analyse(clips, tools.models)
    clip_findings = with_groups([path for _, path in clips], clip_findings, tools.models, tools.executor.read_group)
    findings = derive_study(
        study_instance_uid,
        clip_findings,
        research_override=tools.models.research_override,
        asked=quantities_of(tools.models),
        conventions=tools.conventions,
    )
    read = read_cart_reports(reports, tools.fallback_character_set)
    _record(job, replace(findings, flags=findings.flags + flags + read.flags, cart=read.values), tools, started_at, seen)


def _inputs(session: Session, study_id: int, archive: Archive) -> tuple[str, list[tuple[str, Path]], tuple[QualityFlag, ...]]:
    study = session.get_one(Study, study_id)
    used = Instance.study_id == study_id, ~is_rejected()
    instances = session.scalars(select(Instance).where(*used).order_by(Instance.id)).all()
    clips: dict[str, Path] = {}  # in order of arrival; a corrected header takes the place of the first
    unnamed: dict[str, QualityFlag] = {}
    for instance in instances:
        if not (instance.analysable and instance.path is not None and instance.receipt in _ANALYSED):
            continue
        uid = str(instance.sop_instance_uid)
        if instance.series_instance_uid:
            clips[uid] = archive.path(instance.path)
        else:
            unnamed[uid] = QualityFlag(QualityIssue.TOLERATED, uid, NO_SERIES)
    flags = _receipt_flags(instances) + tuple(flag for uid, flag in unnamed.items() if uid not in clips)
    flags += patient_flags(assembly.patient_verdict(session, study_id)) + _rejection_flags(session, study)
    return study.study_instance_uid, list(clips.items()), flags


def reports_of(session: Session, rows: Sequence[Instance], tools: AnalysisTools) -> CartReports:
    """The files of these; of a corrected header the newest."""
    files = {str(row.sop_instance_uid): tools.archive.path(str(row.path)) for row in rows}
    own = session.scalar(select(NodeIdentity.device_observer_uid))
    return CartReports(files, lambda report: own in report.device_observer_uids)


def _receipt_flags(instances: Sequence[Instance]) -> tuple[QualityFlag, ...]:
    flags = []
    for instance in instances:
        if found := _RECEIPT_FLAGS.get(Receipt(instance.receipt)):
            issue, message = found
            flags.append(QualityFlag(issue, instance.sop_instance_uid, message))
    return tuple(flags)


def _rejection_flags(session: Session, study: Study) -> tuple[QualityFlag, ...]:
    """On the whole study: what is left out is no part of its evidence any more."""
    here = set(session.scalars(select(Instance.sop_instance_uid).where(Instance.study_id == study.id)))
    rejected = rejections_of(session, study.study_instance_uid)
    words = left_out_words(codes for uid, codes in rejected.items() if uid in here)
    return tuple(QualityFlag(QualityIssue.REJECTED, None, text) for text in words)


def _record(job: ClaimedJob, findings: StudyFindings, tools: AnalysisTools, started_at: datetime, seen: Sequence[int]) -> None:
    """`seen` are the rows of the reports that were read: others that came meanwhile are read by themselves."""

    def record(session: Session) -> None:
        now = tools.clock()
        queue.finish(session, job, now=now)
        study = session.get_one(Study, job.subject_id)
        record_analysis(session, study, findings, tools, started_at, now)
        assembly.mark_analysed(session, study, now=now)
        if [row.id for row in report_rows(session, study.id)] != seen:
            reports_changed(session, study, now=now, max_attempts=tools.max_attempts)

    tools.database.write(record)


def record_analysis(
    session: Session, study: Study, findings: StudyFindings, tools: AnalysisTools, started_at: datetime, now: datetime
) -> None:
    """As the study's revision, with the job that makes its documents."""
    analysis = Analysis(
        analysis_uuid=str(uuid.uuid4()),
        study_id=study.id,
        revision=study.revision,
        findings=dump_findings(findings),
        started_at=started_at,
        finished_at=now,
    )
    session.add(analysis)
    session.flush()
    audit.record(
        session,
        AuditEvent.ANALYSIS_RECORDED,
        now=now,
        study=study.pseudonym,
        revision=study.revision,
        clips=len(findings.clips),
        measured=len(findings.measurements),
        not_measured=len(findings.not_measured),
        cart=sum(bool(value.key) for value in findings.cart),
        models=[f"{use.name} {use.version} {use.weights_sha256} {use.engine}".strip() for use in findings.models],
    )
    queue.enqueue(
        session,
        JobKind.BUILD_DOCUMENTS,
        analysis.id,
        study_id=study.id,
        revision=study.revision,
        now=now,
        max_attempts=tools.max_attempts,
    )
