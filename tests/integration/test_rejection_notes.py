"""Rejection notes as other implementations send them: DCMTK's storescu and Orthanc."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from node.db.tables import Instance, Study, StudyState
from node.study.rejection import is_rejected
from tests.arrivals import CLIP_UID, clip, write_file
from tests.peers.dcmtk import storescu
from tests.peers.orthanc import Modality, Orthanc
from tests.receiving_node import ReceivingNode, receiving_node
from tests.rejections import PATIENT_SAFETY, QUALITY, rejection_of

FIRST, SECOND = f"{CLIP_UID}.0", f"{CLIP_UID}.1"


@pytest.fixture
def node(tmp_path: Path) -> Iterator[ReceivingNode]:
    """With a study of two clips that has been analysed."""
    with receiving_node(tmp_path / "node") as node:
        clips = [write_file(tmp_path / f"{number}.dcm", clip(number)) for number in range(2)]
        assert storescu(node.port, *clips, options=("-R",)).returncode == 0
        node.wait_until_nobody_sends()
        with node.database.session() as session:
            session.scalars(select(Study)).one().state = StudyState.ANALYSED.value
        yield node


def _in_use(node: ReceivingNode) -> list[str]:
    with node.database.reading() as session:
        return [
            str(uid) for uid in session.scalars(select(Instance.sop_instance_uid).where(Instance.analysable, ~is_rejected()))
        ]


def _state(node: ReceivingNode) -> tuple[str, int]:
    with node.database.reading() as session:
        study = session.scalars(select(Study)).one()
        return study.state, study.revision


@pytest.mark.dcmtk
def test_dcmtk_sends_a_note_twice_and_then_what_it_rejected(node: ReceivingNode, tmp_path: Path) -> None:
    note = write_file(tmp_path / "note.dcm", rejection_of(FIRST, title=PATIENT_SAFETY))
    for _ in range(2):
        assert storescu(node.port, note, options=("-R",)).returncode == 0
    assert storescu(node.port, tmp_path / "0.dcm", options=("-R",)).returncode == 0
    assert node.receipts == ["stored", "stored", "stored", "duplicate", "duplicate"]
    assert _in_use(node) == [SECOND]
    assert _state(node) == (StudyState.RECEIVING, 2)
    (entry,) = node.audited("rejection_received")
    assert entry == {"title": "113037 Rejected for Patient Safety Reasons", "named": 1, "new": 1, "known": 1}


@pytest.mark.orthanc
@pytest.mark.dcmtk
def test_orthanc_forwards_the_note_of_a_reading_room(node: ReceivingNode, tmp_path: Path) -> None:
    note = write_file(tmp_path / "note.dcm", rejection_of(FIRST, SECOND, title=QUALITY))
    with Orthanc(tmp_path / "orthanc", modalities=(Modality("node", "ECHONODE", node.port),)) as orthanc:
        orthanc.store_to("node", orthanc.upload(note.read_bytes()))
    assert _in_use(node) == []
    assert _state(node) == (StudyState.RECEIVING, 2)
