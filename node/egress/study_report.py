"""The page of a study that the node has analysed."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.db.attention import WITHHELD
from node.db.identity import node_identity
from node.db.tables import Analysis, Study
from node.egress.building import read_evidence, with_remarks
from node.egress.documents import document_identity, evidence_paths
from node.errors import EchoNodeError
from node.objects.findings_json import load_findings
from node.settings import Settings
from node.study import assembly
from node.study.archive import Archive
from sr_templates.errors import DocumentError
from sr_templates.profile import DEFAULT_PROFILE
from sr_templates.study_page import StudyPage, study_page

Others = Mapping[str, Mapping[str, float]]


def stored_page(
    session: Session, archive: Archive, settings: Settings, study: Study, *, now: datetime, others: Others | None = None
) -> StudyPage:
    """Of its newest analysis, by the rules of every document. `others` are values to stand beside ours, by whose they are.

    Raises EchoNodeError where there is no analysis, and where nobody has decided yet whose study it is.
    """
    analysis = session.scalar(select(Analysis).where(Analysis.study_id == study.id).order_by(Analysis.revision.desc()).limit(1))
    if analysis is None:
        raise EchoNodeError(f"study {study.study_instance_uid} is not analysed yet: {study.state}")
    if withhold := assembly.patient_verdict(session, study.id).withhold:
        raise EchoNodeError(WITHHELD + withhold)
    identity = document_identity(
        node_identity(session, now=now),
        settings,
        analysis_uuid=analysis.analysis_uuid,
        revision=analysis.revision,
        created_at=analysis.finished_at,
    )
    try:
        evidence = read_evidence(evidence_paths(session, archive, study.id), settings)
        findings = with_remarks(load_findings(analysis.findings), evidence, DEFAULT_PROFILE)
        return study_page(findings, evidence, identity, others)
    except DocumentError as error:
        raise EchoNodeError(f"no page: {error}") from error
    except OSError as error:
        raise EchoNodeError(f"no page: a stored object cannot be read: {error.strerror or type(error).__name__}") from error
