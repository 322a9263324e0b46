"""A running node whose clock somebody sets: what arrived before is analysed when its quiet period is over."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from models.derive.study.groups import ClipGroup
from models.library.model_set import ModelSet
from models.results import ClipFindings
from node.app import Node
from node.db.tables import AuditEntry, Job, JobState, Study, StudyState
from node.egress.dicom_store import send_files
from node.settings import AERule, NodeSettings, Settings
from tests.arrivals import clip, write_file
from tests.factories import clip_findings
from tests.waiting import wait_for


class SetClock:
    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class FoundAtOnce:
    """An executor without processes and networks, which take longer to start than the quiet period lasts."""

    def __init__(self, plan: ModelSet, **_: object) -> None:
        pass

    def warm(self) -> None:
        pass

    def analyse(self, clips: Sequence[tuple[str, Path]], plan: ModelSet) -> list[ClipFindings]:
        return [clip_findings(uid) for uid, _ in clips]

    def read_group(self, group: ClipGroup, files: Sequence[Path], models: ModelSet) -> ClipFindings:
        return group.clips[0]

    def close(self) -> None:
        pass


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_study_is_analysed_after_its_quiet_period(tmp_path: Path, hours: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.app.LocalExecutor", FoundAtOnce)
    clock = SetClock()
    rule = AERule(name="tests", address="127.0.0.0/8", quiet_s=1)
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
