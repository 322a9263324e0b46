"""The node's own path from files to documents, without network or database."""

import hashlib
import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from pydicom.dataset import Dataset

from models.derive.study.groups import ClipGroup
from models.derive.study.quantities import derive_study
from models.errors import ModelError, SetupError, WeightsError
from models.library.model_set import ModelSet
from models.library.quantities import quantities_of
from models.results import ClipFindings, QualityFlag, QualityIssue, Reason, StudyFindings, in_order
from node.db.clocks import utc_now
from node.db.tables import NodeIdentity
from node.egress.building import BuiltDocuments, build_templates, read_evidence
from node.egress.built_files import document_bytes, file_name
from node.egress.documents import document_identity
from node.egress.routing import templates_wanted
from node.errors import ConfigError, EchoNodeError
from node.files.folder_contents import PassedOver, find_files
from node.files.output_files import written_to
from node.files.video_analysis import analyse_video
from node.objects.findings_json import dump_findings
from node.objects.patient import decide_patients, patient_flags, stated_patient
from node.settings import Settings
from node.version import MANUFACTURER
from node.work.cart_reports import CartReports, read_cart_reports
from node.work.clip_analysis import analyse_clip, read_group
from node.work.failures import read_or_reason
from node.work.groups import with_groups
from sr_templates.copied_values import text_of
from sr_templates.errors import DocumentError
from sr_templates.evidence import is_uid
from sr_templates.identity import DocumentIdentity
from sr_templates.reading.content_tree import Report

# Of one study or video: it must not take the others along. A disk's error would be every study's.
_FAULTS_OF_MODELS = (SetupError, WeightsError)  # every study's, too
_FAULTS = (EchoNodeError, ModelError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError)


@dataclass(frozen=True)
class AnalysedStudy:
    """A study, or a video. `withheld` says why there are no documents; empty where they were built.

    `problems` are what went wrong: with the whole of it (then nothing was written), a document or a clip. `notes` name files
    that another of the same object replaces, and what a person should look at.
    """

    folder: Path
    measured: int = 0
    not_measured: int = 0
    documents: int = 0
    withheld: str = ""
    problems: tuple[str, ...] = ()
    failed: bool = False
    notes: tuple[str, ...] = ()
    why_nothing: tuple[str, ...] = ()  # the primary reasons, where nothing is measured


def analyse_files(paths: Sequence[Path], out: Path, settings: Settings) -> Iterator[AnalysedStudy | PassedOver]:
    """One result a study, a video, and a file passed over. An undecodable clip is a finding."""
    found = find_files(paths, settings.study.fallback_character_set)
    yield from found.passed_over
    models = settings.model_set
    for study_instance_uid, files in sorted(found.studies.items()):
        folder = out / folder_name(study_instance_uid)
        try:
            reports = {uid: report.path for uid, report in found.reports.get(study_instance_uid, {}).items()}
            study = _analyse_study(study_instance_uid, list(files.values()), reports, folder, settings, models)
            yield replace(study, notes=(*study.notes, *found.replaced[study_instance_uid]))
        except _FAULTS_OF_MODELS as error:
            raise ConfigError(f"[models]: {error}") from error
        except _FAULTS as error:
            yield AnalysedStudy(folder, problems=(_plainly(error),), failed=True)
    for path in found.videos:
        folder = out / f"film-{re.sub(r'[^A-Za-z0-9]+', '_', path.stem)[:60]}-{_short_hash(str(path.resolve()))}"
        try:
            yield _analyse_video(path, folder, models)
        except _FAULTS_OF_MODELS as error:
            raise ConfigError(f"[models]: {error}") from error
        except _FAULTS as error:
            yield AnalysedStudy(folder, problems=(f"{path.name}: {_plainly(error)}",), failed=True)


def folder_name(study_instance_uid: str) -> str:
    """The UID where it is one, else a name of ours: no text of a sender becomes a path.

    >>> folder_name("1.2.840.1"), folder_name("../1.2")
    ('1.2.840.1', 'study-f1920d0147b2')
    """
    return study_instance_uid if is_uid(study_instance_uid) else f"study-{_short_hash(study_instance_uid)}"


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def _plainly(error: Exception) -> str:
    """Only errors of ours are told in their own words: others may quote a header."""
    ours = isinstance(error, EchoNodeError | DocumentError)
    return str(error) if ours else f"{type(error).__name__}, which is a fault of this program"


def _analyse_study(
    study_instance_uid: str,
    files: Sequence[tuple[Path, Dataset]],
    reports: Mapping[str, Path],
    folder: Path,
    settings: Settings,
    models: ModelSet,
) -> AnalysedStudy:
    clips = [analyse_clip(text_of(header, "SOPInstanceUID"), path, models) for path, header in files]
    clips = with_groups([path for path, _ in files], clips, models, _read_group)
    findings = derive_study(
        study_instance_uid,
        clips,
        research_override=models.research_override,
        asked=quantities_of(models),
        conventions=settings.conventions.chosen,
    )
    verdict = decide_patients(stated_patient(header) for _, header in files)
    read = read_cart_reports(CartReports(reports, _is_ours), settings.study.fallback_character_set)
    findings = replace(findings, flags=(*findings.flags, *patient_flags(verdict), *read.flags), cart=read.values)
    built, withheld, problems = BuiltDocuments([]), verdict.withhold, list(_undecodable(files, clips))
    if withheld:
        problems.append(withheld)
    else:
        try:
            evidence = read_evidence([path for path, _ in files], settings)
            wanted = templates_wanted(settings.destination)
            built = build_templates(findings, evidence, _identity(settings), wanted)
            built.require_some()
            problems += built.problems
        except DocumentError as error:
            problems.append(withheld := str(error))
    flags = (QualityFlag(QualityIssue.TOLERATED, None, remark) for remark in built.remarks)
    findings = replace(findings, flags=(*findings.flags, *flags))
    _write(findings, folder)
    with written_to("--out", folder):
        for document in built.documents:
            (folder / file_name(document)).write_bytes(document_bytes(document))
    return AnalysedStudy(
        folder, len(findings.measurements), len(findings.not_measured), len(built.documents), withheld, tuple(problems),
        notes=built.questions, why_nothing=_why_nothing(findings),
    )  # fmt: skip


def _is_ours(report: Report) -> bool:
    """An earlier output in the folder: of its node nothing but the maker's name is known here."""
    return report.manufacturer == MANUFACTURER


def _why_nothing(findings: StudyFindings) -> tuple[str, ...]:
    reasons = () if findings.measurements else in_order([one.reasons[0] for one in findings.not_measured])
    return tuple(reason.value for reason in reasons)


def _undecodable(files: Sequence[tuple[Path, Dataset]], clips: Sequence[ClipFindings]) -> Iterator[str]:
    for (path, _), clip in zip(files, clips, strict=True):
        if {Reason.UNDECODABLE, Reason.COMPUTATION_FAILED} & set(clip.gates):
            yield f"{path.name} not analysed: " + "; ".join(flag.message for flag in clip.flags)


def _analyse_video(path: Path, folder: Path, models: ModelSet) -> AnalysedStudy:
    findings = analyse_video(path, models)
    _write(findings, folder)
    return AnalysedStudy(
        folder, len(findings.measurements), len(findings.not_measured),
        withheld=f"{path.name} lies outside DICOM, without calibration",
        notes=tuple(f"{one.key} {one.value:.1f} {one.unit} as a ratio, uncalibrated" for one in findings.measurements),
        why_nothing=_why_nothing(findings),
    )  # fmt: skip


def _write(findings: StudyFindings, folder: Path) -> None:
    with written_to("--out", folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "findings.json").write_text(json.dumps(dump_findings(findings), indent=2), encoding="utf-8")


def _read_group(group: ClipGroup, files: Sequence[Path], models: ModelSet) -> ClipFindings:
    """By a thread, whose errors are told as those of the node's processes are."""
    with ThreadPoolExecutor(1) as thread:
        return read_or_reason(thread.submit(read_group, group, files, models), group, models)


def _identity(settings: Settings) -> DocumentIdentity:
    """A fresh identity each time: these documents were never sent, so a second run must not reuse their UIDs."""
    now = utc_now()
    node = NodeIdentity(node_uuid=str(uuid.uuid4()), device_observer_uid=f"2.25.{uuid.uuid4().int}", created_at=now)
    return document_identity(node, settings, analysis_uuid=str(uuid.uuid4()), revision=1, created_at=now)
