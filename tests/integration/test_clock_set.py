"""A running node whose clock somebody sets: what arrived before is analysed when its quiet period is over."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from node.app import Node
from node.db.tables import AuditEntry, Job, JobState, Study, StudyState
from node.egress.dicom_store import send_files
from node.settings import AERule, NodeSettings, Settings
from tests.arrivals import clip, write_file
from tests.waiting import wait_for


class SetClock:
    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.mark.slow
@pytest.mark.parametrize("hours", [-1, 1])
def test_a_study_is_analysed_after_its_quiet_period(tmp_path: Path, hours: int) -> None:
    clock = SetClock()
    rule = AERule(name="tests", address="127.0.0.0/8", quiet_s=2)
    node = Node(
        Settings(node=NodeSettings(data_dir=tmp_path / "node", port=0, min_free_disk_mb=0), ae_rule=(rule,)), clock=clock
    )
    try:
        port = node.start()
        path = write_file(tmp_path / "clip.dcm", clip())
        (answer,) = send_files([path], "127.0.0.1", port, called_aet="ECHONODE", calling_aet="CART")
        assert answer.ok, answer.message
        clock.ahead = timedelta(hours=hours)

        def settled() -> bool:
            with node.database.reading() as session:
                study, job = session.scalars(select(Study)).one(), session.scalars(select(Job)).first()
                return study.state != StudyState.RECEIVING and job is not None and job.state == JobState.DONE

        wait_for(settled, timeout_s=60)
        with node.database.reading() as session:
            entries = session.scalars(select(AuditEntry).where(AuditEntry.event == "clock_set")).all()
            reason = session.scalars(select(Study.completed_reason)).one()
        assert reason == "quiet"
        assert [round(entry.details["seconds"] / 3600) for entry in entries] == [hours]
    finally:
        node.stop()
