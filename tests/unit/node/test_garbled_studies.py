"""A study of one good clip and one with an attribute removed or garbled: documents, or a reason where a person looks."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.uid import UltrasoundMultiFrameImageStorage
from sqlalchemy import func, select

from models.clip import Clip
from models.derive.study.groups import ClipGroup
from models.library.model_set import ModelSet
from models.results import ClipFindings, Reason
from node.app import job_definitions
from node.db.session import Database
from node.db.tables import Document, JobKind, Study, StudyState
from node.egress import building
from node.egress.tools import EgressTools
from node.errors import IntakeError
from node.ingress.intake import take_instance
from node.settings import Settings
from node.study import assembly
from node.study.archive import Archive
from node.study.overview import job_errors, reason_of
from node.work import clip_analysis
from node.work.clip_analysis import analyse_clip
from node.work.pipeline import AnalysisTools
from node.work.worker import Worker
from tests.arrivals import arrival_of, settings
from tests.factories import A2C_UID, A4C_UID, clip_findings, source_file
from tests.garbled import KEYWORDS, as_file, header, some, variants
from tests.rows import NOW

pytestmark = pytest.mark.slow  # each variant is a study from its file to its documents
QUICK = frozenset(KEYWORDS[::6])
KINDS = (JobKind.ANALYSE_STUDY, JobKind.BUILD_DOCUMENTS)


class Looking:
    def analyse(self, clip: Clip) -> ClipFindings:
        frames = clip.frames
        found = clip_findings(clip.sop_instance_uid, contours=(), beats=(), frame_times_ms=(0.0, 40.0))
        reasons = tuple(Reason(reason) for reason in clip.known_exclusions)
        return replace(found, rows=frames.shape[1], columns=frames.shape[2], number_of_frames=len(frames), gates=reasons)


class Here:
    """The executor, without processes."""

    def analyse(self, clips: Sequence[tuple[str, Path]], plan: ModelSet) -> list[ClipFindings]:
        return [analyse_clip(uid, path, plan) for uid, path in clips]

    def read_group(self, group: ClipGroup, files: Sequence[Path], models: ModelSet) -> ClipFindings:
        raise AssertionError("no model of the set reads clips together")

    def close(self) -> None:
        """Nothing to close."""


class Bench:
    def __init__(self, database: Database, archive: Archive, configured: Settings) -> None:
        self.database, self.archive, self.settings = database, archive, configured
        analysis = AnalysisTools(database, archive, Here(), ModelSet(), lambda: NOW, 1)
        egress = EgressTools(database, archive, configured, lambda: NOW)
        jobs = job_definitions(analysis, egress)
        self.worker = Worker(database, jobs, owner="me", lease_s=60, poll_s=1, clock=lambda: NOW)

    def take(self, content: bytes, sop_instance_uid: str) -> None:
        arrived = arrival_of(self.archive, content, sop_instance_uid)
        assert arrived.sop_class_uid == UltrasoundMultiFrameImageStorage
        try:
            take_instance(self.database, self.archive, arrived, self.settings, now=NOW)
        except IntakeError:
            """Its sender is told."""

    def run(self) -> None:
        with self.database.session() as session:
            for study in session.scalars(select(Study).where(Study.state == StudyState.RECEIVING.value)).all():
                assembly.close_by_hand(session, study, now=NOW, max_attempts=1)
        while self.worker.run_one(KINDS):
            """Until nothing is left."""

    def check(self, study_instance_uid: str, what: str) -> None:
        with self.database.reading() as session:
            study = session.scalars(select(Study).where(Study.study_instance_uid == study_instance_uid)).one()
            documents = session.scalar(select(func.count()).where(Document.study_id == study.id))
            reason = reason_of(study, job_errors(session))
        assert documents or reason, f"{what}: neither documents nor a reason"
        assert documents or "Error:" not in str(reason) or "DocumentError:" in str(reason), f"{what}: {reason}"
        for unforeseen in ("AttributeError", "KeyError", "TypeError", "ValueError", "OverflowError", "IndexError"):
            assert unforeseen not in str(reason), f"{what}: {reason}"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("keyword", [one if one in QUICK else pytest.param(one, marks=pytest.mark.further) for one in KEYWORDS])
def test_one_object_takes_no_study_along(
    tmp_path: Path, database: Database, archive: Archive, monkeypatch: pytest.MonkeyPatch, keyword: str
) -> None:
    monkeypatch.setattr(clip_analysis, "predictor_for", lambda plan: Looking())
    monkeypatch.setattr(building, "BY_DEFAULT", ("tid1500",))
    bench = Bench(database, archive, settings(tmp_path))
    studies = {}
    for number, _ in enumerate(variants(keyword)):
        if not some(keyword, number):
            continue
        study = f"1.2.3.{number}"
        good, bad = f"{A4C_UID}.{number}", f"{A2C_UID}.{number}"
        studies[study] = f"{keyword}, variant {number}"
        garbled = list(variants(keyword, bad, StudyInstanceUID=study))[number]
        bench.take(as_file(source_file(header(good, StudyInstanceUID=study))), good)
        bench.take(garbled, bad)
    bench.run()
    for study, what in studies.items():
        bench.check(study, what)
