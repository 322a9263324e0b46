"""kill -9 at each commit boundary of a study's way, then a restart: the same documents, exactly once.

Each start serves twice: it brings the study of the last crash to its end, and dies with the next one. The studies before it
stay as they are. They are one study under new UIDs: the networks compute it for the first node, and what they found is the
answer of every later node's analysis processes.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import UID
from sqlalchemy import func, select, update

from node.db import audit
from node.db.session import Database
from node.db.tables import Analysis, Instance, Receipt, Study
from tests.e2e.conftest import SmallStudy
from tests.peers.dcmtk import storescu
from tests.peers.echonode import RunningNode, document_rows, wait_until_settled, write_config
from tests.peers.orthanc import Orthanc
from tests.peers.prepared_findings import prepare
from tests.waiting import free_port, wait_for

pytestmark = [pytest.mark.orthanc, pytest.mark.dcmtk, pytest.mark.slow]

FILE_BOUNDARIES = [
    "written",  # the bytes, whole, under their temporary name
    "linked",  # under their own name, not synced yet
    "synced",  # on the disk, without a row
]
BOUNDARIES = [
    "instance_stored",  # bytes and row, before the peer's 0x0000
    "study_closed",  # the study's state and its analysis job
    "job_claimed",  # a lease in the hands of the dead: the analysis,
    "job_claimed:2",  # the documents,
    "job_claimed:3",  # the first delivery
    "analysis_recorded",  # findings, state, next job
    "document_built",  # documents, deliveries, their jobs
    "delivery_started",  # about to send
    "delivery_accepted",  # sent; before: the PACS has it and we do not know
]


class Lives:
    """One data folder and one PACS, and the node that runs on them at the moment."""

    def __init__(self, folder: Path, small_study: SmallStudy) -> None:
        self._folder, self._small_study = folder, small_study
        self.orthanc = Orthanc(folder / "orthanc").__enter__()
        destinations = {"pacs": (self.orthanc.ae_title, self.orthanc.dicom_port)}
        self._config = write_config(folder, port=free_port(), destinations=destinations, quiet_s=600)
        self.studies, self.unharmed = 0, True
        self.start()

    def start(self) -> None:
        self.node = RunningNode(self._config, orders=self._folder / "orders")
        self.settings = self.node.settings
        self.node.wait_until_ready()

    def keep_findings(self) -> None:
        """For the analysis processes of every later start."""
        with Database(self.settings.database_url) as database, database.reading() as session:
            (findings,) = session.scalars(select(Analysis.findings))
        prepare(findings, f"{_clip_root(1)}.", self._folder / "findings.json")

    def end(self) -> None:
        self.node.stop()
        self.orthanc.__exit__(None, None, None)

    def next_study(self) -> SmallStudy:
        """The small study under new UIDs."""
        self.studies += 1
        paths = []
        for number, path in enumerate(self._small_study.paths):
            dataset = pydicom.dcmread(path)
            dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"2.25.7{self.studies}", f"2.25.8{self.studies}.{number}"
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID(f"{_clip_root(self.studies)}.{number}")
            paths.append(self._folder / f"{dataset.SOPInstanceUID}.dcm")
            dataset.save_as(paths[-1])
        return SmallStudy(f"2.25.7{self.studies}", tuple(paths))

    def send(self, study: SmallStudy) -> bool:
        """Whether the node took it whole; its quiet period ends then, and never while a restarted node waits for the rest."""
        if storescu(self.settings.node.port, *study.paths, options=("-xy",)).returncode != 0:
            return False
        at_once = update(Study).where(Study.study_instance_uid == study.study_instance_uid).values(quiet_s=0.1)
        with Database(self.settings.database_url) as database:
            database.write(lambda session: session.execute(at_once))
        return True


def _clip_root(study: int) -> str:
    return f"2.25.9{study}"


@pytest.fixture(scope="module")
def shared() -> Iterator[list[Lives]]:
    """Holds what the last test left; a test that fails leaves nothing to the next."""
    left: list[Lives] = []
    yield left
    for lives in left:
        lives.end()


@pytest.fixture
def lives(shared: list[Lives], tmp_path_factory: pytest.TempPathFactory, small_study: SmallStudy) -> Iterator[Lives]:
    lives = shared.pop() if shared else Lives(tmp_path_factory.mktemp("lives"), small_study)
    lives.unharmed = False  # until the test has come to its end
    yield lives
    if lives.unharmed:
        shared.append(lives)
    else:
        lives.end()


@pytest.mark.parametrize(
    ("boundary", "when"),
    [*((boundary, "at") for boundary in FILE_BOUNDARIES), *product(BOUNDARIES, ("before", "after"))],
)
def test_the_same_documents_exactly_once(lives: Lives, boundary: str, when: str) -> None:
    earlier = [row["uid"] for row in document_rows(lives.settings)]
    study, children = lives.next_study(), lives.node.children()
    lives.node.crash_at(boundary, when)
    sent = lives.send(study)
    lives.node.wait_until_killed()
    assert len(children) >= 2, "a node has a receiver and at least one analysis process"
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), 20, "no process outlives its node")
    lives.start()
    if not sent:  # the sender was told nothing, so it sends again, as a modality does
        assert lives.send(study)
    wait_until_settled(lives.settings, studies=lives.studies)
    rows = document_rows(lives.settings)
    new = [row for row in rows if row["uid"] not in earlier]
    assert Counter(row["template"] for row in new) == {"tid1500": 1, "seg": 2, **_kos(new)}
    assert {row["state"] for row in rows} == {"accepted"}
    assert sorted(row["uid"] for row in rows) == lives.orthanc.sop_instance_uids()
    with Database(lives.settings.database_url) as database:
        wait_for(lambda: _is_sealed(database), 30, "every audit entry sealed")
        with database.reading() as session:
            assert audit.verify(session).verified
            assert session.scalar(select(func.count()).select_from(Analysis)) == lives.studies
            stored = session.scalar(select(func.count()).where(Instance.receipt == Receipt.STORED))
            assert stored == len(study.paths) * lives.studies
    if lives.studies == 1:
        lives.keep_findings()
    lives.unharmed = True


def _is_sealed(database: Database) -> bool:
    with database.reading() as session:
        return not audit.anything_unsealed(session)


def _kos(rows: list[dict[str, str]]) -> dict[str, int]:
    """However many quality flags the networks raise on these clips, none may appear twice."""
    uids = [row["uid"] for row in rows if row["template"] == "kos"]
    assert len(uids) == len(set(uids))
    return {"kos": len(uids)} if uids else {}
