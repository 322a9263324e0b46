"""`echonode analyse`: the node's own path from files to documents, without network or database."""

import json
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from models.derive.study import derive_study
from models.results import ClipFindings
from node.app import utc_now
from node.db.tables import NodeIdentity
from node.egress.documents import build_all, document_bytes, document_identity, read_evidence
from node.settings import Settings
from node.study.findings_json import dump_findings
from node.study.patient import judge_patients, patient_flags, stated_patient
from node.work.clip_analysis import analyse_clip, analyse_pair
from node.work.pairs import settled, with_pair
from node.work.plan import Plan, plan_for
from sr_templates.identity import DocumentIdentity


@dataclass(frozen=True)
class AnalysedStudy:
    """`withheld` says why there are no documents; empty where they were built."""

    folder: Path
    measured: int
    not_measured: int
    documents: int
    withheld: str = ""


def analyse_files(paths: Sequence[Path], out: Path, settings: Settings) -> Iterator[AnalysedStudy]:
    """One result a study. Files that are not DICOM images are passed over; an undecodable clip is a finding.

    Of several files of one object the last in the order of names counts.
    """
    for study_instance_uid, files in sorted(_by_study(paths).items()):
        yield _analyse_study(study_instance_uid, list(files.values()), out / study_instance_uid, settings)


def _by_study(paths: Sequence[Path]) -> dict[str, dict[str, tuple[Path, Dataset]]]:
    """File and header by SOP Instance UID."""
    studies: dict[str, dict[str, tuple[Path, Dataset]]] = defaultdict(dict)
    files = (file for given in paths for file in (given.rglob("*") if given.is_dir() else [given]))
    for path in sorted(file for file in files if file.is_file()):
        try:
            header = pydicom.dcmread(path, stop_before_pixels=True)
        except InvalidDicomError:
            continue
        if "Rows" in header and "StudyInstanceUID" in header and "SOPInstanceUID" in header:
            studies[str(header.StudyInstanceUID)][str(header.SOPInstanceUID)] = (path, header)
    return studies


def _analyse_study(
    study_instance_uid: str, files: Sequence[tuple[Path, Dataset]], folder: Path, settings: Settings
) -> AnalysedStudy:
    plan = plan_for(settings)
    clips = [analyse_clip(str(header.SOPInstanceUID), path, plan) for path, header in files]
    clips = with_pair([path for path, _ in files], clips, plan, _read_pair)
    findings = derive_study(study_instance_uid, clips, research_override=plan.research_override, asked=plan.quantities_read())
    verdict = judge_patients(stated_patient(header) for _, header in files)
    findings = replace(findings, flags=(*findings.flags, *patient_flags(verdict)))
    evidence = () if verdict.withhold else [path for path, _ in files]
    documents = build_all(findings, read_evidence(evidence, settings), _identity(settings)).documents if evidence else []
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "findings.json").write_text(json.dumps(dump_findings(findings), indent=2), encoding="utf-8")
    for document in documents:
        (folder / f"{document.template}-{document.dataset.SOPInstanceUID}.dcm").write_bytes(document_bytes(document))
    return AnalysedStudy(folder, len(findings.measurements), len(findings.not_measured), len(documents), verdict.withhold)


def _read_pair(a4c: ClipFindings, a4c_path: Path, a2c_path: Path, plan: Plan) -> ClipFindings:
    """By a thread, whose errors are told as those of the node's processes are."""
    with ThreadPoolExecutor(1) as thread:
        return settled(thread.submit(analyse_pair, a4c, a4c_path, a2c_path, plan), a4c, plan)


def _identity(settings: Settings) -> DocumentIdentity:
    """A fresh identity each time: these documents were never sent, so a second run must not reuse their UIDs."""
    now = utc_now()
    node = NodeIdentity(node_uuid=str(uuid.uuid4()), device_observer_uid=f"2.25.{uuid.uuid4().int}", created_at=now)
    return document_identity(node, settings, analysis_uuid=str(uuid.uuid4()), revision=1, created_at=now)
