"""A model of two clips in the node's own path: from the files to findings, audit trail and report."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import highdicom as hd
import pytest
from pydicom.uid import JPEGBaseline8Bit
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.catalogue import View
from models.derive.study.groups import ClipGroup
from models.library.model_set import ModelSet
from models.library.registry import load_model
from models.phantom.anatomy import sample_heart
from models.phantom.truth import render_clip
from models.results import ClipFindings, FrameReference, Reason, StudyFindings
from node.db import queue
from node.db.session import Database
from node.db.tables import Analysis, AuditEntry, Instance, JobKind, Receipt, StudyState
from node.egress.building import build_templates, read_evidence
from node.objects.findings_json import load_findings
from node.objects.phantom_writer import PhantomPatient, PhantomStudy, write_clip
from node.study.archive import Archive
from node.work.clip_analysis import analyse_clip, read_group
from node.work.executor import Executor, LocalExecutor
from node.work.model_check import require_models
from node.work.pipeline import AnalysisTools, analyse_study
from sr_templates import codes
from sr_templates.quantity_codes import QUANTITY_CODES
from tests.factories import identity
from tests.migrated_database import migrated_database
from tests.rows import NOW, add_study
from tests.unit.node.work.test_mixed_model_set import stored
from tests.waiting import patience

pytestmark = pytest.mark.slow

PAIR, KEY = "EchoMotionNet_A4C_A2C", "ef_video_regression_biplane"
SEED = 300_001


class InThisProcess:
    """The node's executor without processes."""

    def analyse(self, clips: Sequence[tuple[str, Path]], models: ModelSet) -> list[ClipFindings]:
        return [analyse_clip(uid, path, models) for uid, path in clips]

    def read_group(self, group: ClipGroup, files: Sequence[Path], models: ModelSet) -> ClipFindings:
        return read_group(group, files, models)

    def close(self) -> None:
        """Nothing to close."""


@dataclass(frozen=True)
class Bench:
    """`files` by SOP Instance UID: an A4C clip, then an A2C clip, of one phantom."""

    archive: Archive
    files: dict[str, Path]
    models: Path
    model_set: ModelSet
    sha256: str


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Small images of few frames, and the pair's network with random weights, which say about 55 %."""
    folder = tmp_path_factory.mktemp("pair")
    archive, files = Archive(folder / "archive"), {}
    for number, view in enumerate((View.A4C, View.A2C), start=1):
        truth = render_clip(sample_heart(SEED), view, seed=SEED, quality=3, rows=300, columns=400)
        path = archive.path(f"clip-{number}")
        path.parent.mkdir(parents=True, exist_ok=True)
        uid = write_clip(
            truth,
            path,
            patient=PhantomPatient("PHANTOM-3"),
            study=PhantomStudy("2.25.1", "2.25.1.1", NOW),
            instance_number=number,
            transfer_syntax_uid=JPEGBaseline8Bit,
        )
        files[uid] = path
    sha256 = stored(folder / "models", PAIR, load_model(PAIR).network)
    model_set = ModelSet(measurements=(PAIR,), engine="torch")
    return Bench(archive, files, folder / "models", model_set, sha256)


@pytest.fixture
def bench(made: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("ECHONODE_MODELS", str(made.models))
    require_models(made.model_set)
    return made


def analysed(bench: Bench, uids: Sequence[str], database: Database, executor: Executor) -> StudyFindings:
    """The findings that the node would record of these clips."""

    def add(session: Session) -> None:
        study = add_study(session, state=StudyState.COMPLETE)
        session.add_all(
            Instance(
                study_id=study.id, receipt=Receipt.STORED.value, sop_instance_uid=uid, path=bench.files[uid].name,
                transfer_syntax_uid="1.2", size_bytes=1, sha256="0", analysable=True, calling_aet="CART", received_at=NOW,
                sop_class_uid="1.2.840.10008.5.1.4.1.1.3.1", series_instance_uid="2.25.3",
            )
            for uid in uids
        )  # fmt: skip
        queue.enqueue(session, JobKind.ANALYSE_STUDY, study.id, study_id=study.id, revision=1, now=NOW)

    database.write(add)
    job = database.write(lambda session: queue.claim(session, [JobKind.ANALYSE_STUDY], owner="me", now=NOW, lease_s=60))
    assert job is not None
    analyse_study(job, AnalysisTools(database, bench.archive, executor, bench.model_set, lambda: NOW, 5))
    with database.reading() as session:
        return load_findings(session.scalars(select(Analysis.findings)).one())


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with migrated_database(tmp_path / "p.sqlite") as database:
        yield database


def test_the_value_of_a_pair_reaches_findings_audit_trail_and_report(bench: Bench, database: Database) -> None:
    executor = LocalExecutor(bench.model_set, processes=1, threads_per_process=1, clip_timeout_s=patience(120))
    try:
        findings = analysed(bench, list(bench.files), database, executor)
    finally:
        executor.close()
    found = {measurement.key: measurement for measurement in findings.measurements}
    value = found[KEY]
    assert value.value == pytest.approx(55, abs=5)
    (a4c, a2c) = findings.clips
    assert value.sources == tuple(
        FrameReference(clip.sop_instance_uid, number) for clip in (a4c, a2c) for number in range(1, clip.number_of_frames + 1)
    )
    assert "group" in a4c.timings_s
    with database.reading() as session:
        details = session.scalars(select(AuditEntry.details).where(AuditEntry.event == "analysis_recorded")).one()
    (named,) = [model for model in details["models"] if model.startswith(f"{PAIR} ")]
    assert bench.sha256 in named

    documents = build_templates(findings, read_evidence(list(bench.files.values())), identity())
    (report,) = (document.dataset for document in documents if document.template == "tid1500")
    groups = hd.sr.ComprehensiveSR.from_dataset(report).content.get_image_measurement_groups()
    concept = QUANTITY_CODES[KEY].concept
    (group,) = [group for group in groups if group.get_measurements(concept)]
    (item,) = group.get_measurements(concept)
    assert (item.value, item.unit.value) == (round(value.value, 1), "%")
    assert (item.name.value, item.name.scheme_designator) == ("EF-VIDEO-BIPLANE", "99ECHONODE")
    assert item.method is None, "the concept says it"
    assert [image.referenced_sop_instance_uid for image in item.referenced_images] == list(bench.files)
    discs = [(group, other) for group in groups for other in group.get_measurements() if other.name.value == "18043-0"]
    assert [(of.method.meaning, other.method.meaning) for of, other in discs] == [("Method of Disks, Biplane",) * 2]
    assert group.method is None, "in no group of discs, and under no code of theirs"
    assert bench.sha256 in report.to_json()


def test_without_an_a2c_clip_the_report_says_so(bench: Bench, database: Database) -> None:
    uid = next(iter(bench.files))
    findings = analysed(bench, [uid], database, InThisProcess())
    (missing,) = [missing for missing in findings.not_measured if missing.key == KEY]
    assert missing.reasons == (Reason.VIEW_MISSING,)
    assert PAIR not in [use.name for use in findings.models], "it was not asked"
    documents = build_templates(findings, read_evidence([bench.files[uid]]), identity())
    (report,) = (document.dataset for document in documents if document.template == "tid1500")
    read = hd.sr.ComprehensiveSR.from_dataset(report).content[0]
    (evaluations,) = [item for item in read.ContentSequence if item.name == codes.QUALITATIVE_EVALUATIONS]
    (item,) = [item for item in evaluations.ContentSequence if item.name.value == "EF-VIDEO-BIPLANE"]
    assert item.value.value == "114007", "not attempted"


def test_a_stopped_clip_is_no_half_of_a_pair(bench: Bench, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(self: InThisProcess, clips: Sequence[tuple[str, Path]], models: ModelSet) -> list[ClipFindings]:
        a4c, a2c = (analyse_clip(uid, path, models) for uid, path in clips)
        return [a4c, replace(a2c, gates=(Reason.STRESS_STAGE,), contours=(), beats=())]

    monkeypatch.setattr(InThisProcess, "analyse", stopped)
    findings = analysed(bench, list(bench.files), database, InThisProcess())
    reasons = {missing.key: missing.reasons for missing in findings.not_measured}
    assert reasons[KEY] == (Reason.STRESS_STAGE,)
    assert "ef_a4c" in {measurement.key for measurement in findings.measurements}
