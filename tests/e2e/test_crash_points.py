"""kill -9 at each commit boundary of a study's way, then a restart: the same documents, exactly once."""

from collections import Counter
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import func, select

from node.db import audit
from node.db.session import Database
from node.db.tables import Analysis, Instance, Receipt
from tests.e2e.conftest import SmallStudy
from tests.peers.dcmtk import storescu
from tests.peers.echonode import RunningNode, document_rows, running_node, wait_until_settled, write_config
from tests.peers.orthanc import Orthanc
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


@pytest.mark.parametrize(
    ("boundary", "when"),
    [*((boundary, "at") for boundary in FILE_BOUNDARIES), *product(BOUNDARIES, ("before", "after"))],
)
def test_the_same_documents_exactly_once(tmp_path: Path, small_study: SmallStudy, boundary: str, when: str) -> None:
    with Orthanc(tmp_path / "orthanc") as orthanc:
        destinations = {"pacs": (orthanc.ae_title, orthanc.dicom_port)}
        config = write_config(tmp_path, port=free_port(), destinations=destinations, quiet_s=1.5)
        fatal = RunningNode(config, crash_at=(boundary, when))
        fatal.wait_until_ready()
        children = fatal.children()
        sent = storescu(fatal.settings.node.port, *small_study.paths, options=("-xy",)).returncode
        fatal.wait_until_killed()
        assert children, "a node has at least one analysis process"
        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), 20, "no process outlives its node")
        with running_node(config) as node:
            if sent != 0:  # the sender was told nothing, so it sends again, as a modality does
                assert storescu(node.settings.node.port, *small_study.paths, options=("-xy",)).returncode == 0
            wait_until_settled(node.settings)
            rows = document_rows(node.settings)
        assert Counter(row["template"] for row in rows) == {"tid1500": 1, "seg": 2, **_kos(rows)}
        assert {row["state"] for row in rows} == {"accepted"}
        assert sorted(row["uid"] for row in rows) == orthanc.sop_instance_uids()
        with Database(node.settings.database_url) as database, database.reading() as session:
            assert session.scalar(select(func.count()).select_from(Analysis)) == 1
            assert session.scalar(select(func.count()).where(Instance.receipt == Receipt.STORED)) == len(small_study.paths)
            report = audit.verify(session)
            assert (report.verified, report.entries) == (True, report.sealed)


def _kos(rows: list[dict[str, str]]) -> dict[str, int]:
    """However many quality flags the networks raise on these clips, none may appear twice."""
    uids = [row["uid"] for row in rows if row["template"] == "kos"]
    assert len(uids) == len(set(uids))
    return {"kos": len(uids)} if uids else {}
