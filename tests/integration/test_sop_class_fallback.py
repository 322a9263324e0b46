"""A receiver that accepts no presentation context for Comprehensive 3D SR, on a real association."""

from pathlib import Path

from pydicom.uid import Comprehensive3DSRStorage, ComprehensiveSRStorage

from node.egress.documents import build_documents
from node.settings import Destination
from tests.factories import A2C_UID, A4C_UID, POOR_UID, source_header, study_findings
from tests.peers.fake_pacs import FakePACS
from tests.unit.node.egress.test_documents import document_bench
from tests.unit.node.egress.test_other_sop_class import deliver_all, states


def _received(folder: Path, *sop_classes: str) -> tuple[list[str], dict[str, str]]:
    with FakePACS(sop_classes) as pacs:
        air = Destination(name="air", ae_title="FAKEPACS", host="127.0.0.1", port=pacs.port, documents=("tid1500_3d",))
        bench = document_bench(folder, destination=(air,))
        for uid in (A4C_UID, A2C_UID, POOR_UID):
            bench.receive(source_header(uid))
        build_documents(bench.analyse(study_findings()), bench.tools)
        deliver_all(bench)
        outcome = states(bench)
        bench.database.close()
    return [one.sop_class_uid for one in pacs.received], outcome


def test_an_older_receiver_gets_the_older_class(tmp_path: Path) -> None:
    received, outcome = _received(tmp_path, ComprehensiveSRStorage)
    assert received == [ComprehensiveSRStorage]
    assert outcome == {"tid1500_3d": "superseded", "tid1500": "accepted"}


def test_a_newer_receiver_gets_the_newer_class_alone(tmp_path: Path) -> None:
    received, outcome = _received(tmp_path, ComprehensiveSRStorage, Comprehensive3DSRStorage)
    assert received == [Comprehensive3DSRStorage]
    assert outcome == {"tid1500_3d": "accepted"}
