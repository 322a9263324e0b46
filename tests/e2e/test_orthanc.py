"""A PACS that nobody here wrote at both ends: DCMTK sends, Orthanc receives and is asked what arrived."""

from collections import Counter
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from sqlalchemy import func, select

from node.db.session import Database
from node.db.tables import Analysis, AuditEntry, Instance, Receipt
from tests.e2e.conftest import SmallStudy
from tests.peers.dcmtk import storescu
from tests.peers.echonode import document_rows, running_node, wait_until_settled, write_config
from tests.peers.orthanc import Modality, Orthanc
from tests.waiting import free_port, wait_for

pytestmark = [pytest.mark.orthanc, pytest.mark.dcmtk, pytest.mark.slow]


def test_a_study_sent_by_dcmtk_comes_out_as_documents_in_orthanc(tmp_path: Path, small_study: SmallStudy) -> None:
    with Orthanc(tmp_path / "orthanc") as orthanc:
        config = write_config(tmp_path, port=free_port(), destinations={"pacs": (orthanc.ae_title, orthanc.dicom_port)})
        with running_node(config) as node:
            assert storescu(node.settings.node.port, *small_study.paths, options=("-xy",)).returncode == 0
            wait_until_settled(node.settings)
            rows = document_rows(node.settings)
        assert {row["state"] for row in rows} == {"accepted"}
        assert sorted(row["uid"] for row in rows) == orthanc.sop_instance_uids()
        modalities = Counter(orthanc.get(f"/instances/{name}/simplified-tags")["Modality"] for name in orthanc.find("Instance"))
        assert modalities["SR"] == 1
        assert modalities["SEG"] == 2
        assert orthanc.study_instance_uids() == [small_study.study_instance_uid]


def test_an_auto_forwarding_pacs_ends_after_exactly_one_analysis(tmp_path: Path, small_study: SmallStudy) -> None:
    """Orthanc sends everything new back to us, our own documents too."""
    port = free_port()
    with Orthanc(tmp_path / "orthanc", modalities=(Modality("echonode", "ECHONODE", port),), forward="new") as orthanc:
        config = write_config(tmp_path, port=port, destinations={"pacs": (orthanc.ae_title, orthanc.dicom_port)})
        with running_node(config) as node:
            for path in small_study.paths:
                orthanc.upload(path.read_bytes())
            wait_until_settled(node.settings)
            documents = document_rows(node.settings)
            with Database(node.settings.database_url) as database:

                def all_back() -> bool:
                    with database.reading() as session:
                        own = session.scalar(select(func.count()).where(AuditEntry.event == "own_document_returned"))
                    return own == len(documents)

                wait_for(all_back, 30, "every document forwarded back to us")
                wait_for(lambda: orthanc.pending_jobs() == 0, 30)
                wait_until_settled(node.settings)
                with database.reading() as session:
                    assert session.scalar(select(func.count()).select_from(Analysis)) == 1
                    stored = session.scalar(select(func.count()).where(Instance.receipt == Receipt.STORED))
                    assert stored == len(small_study.paths)
        assert len(document_rows(node.settings)) == len(documents)
        assert len(orthanc.sop_instance_uids()) == len(documents) + len(small_study.paths)


def test_a_destination_that_was_down_gets_its_documents_when_it_is_back(tmp_path: Path, small_study: SmallStudy) -> None:
    orthanc_port = free_port()
    config = write_config(tmp_path, port=free_port(), destinations={"pacs": ("ORTHANC", orthanc_port)})
    with running_node(config) as node:
        assert storescu(node.settings.node.port, *small_study.paths, options=("-xy",)).returncode == 0
        with Database(node.settings.database_url) as database:

            def was_postponed() -> bool:
                with database.reading() as session:
                    return bool(session.scalar(select(func.count()).where(AuditEntry.event == "delivery_postponed")))

            wait_for(was_postponed, 60, "a delivery that found nobody")
        with Orthanc(tmp_path / "orthanc", dicom_port=orthanc_port) as orthanc:
            wait_until_settled(node.settings)
            rows = document_rows(node.settings)
            assert {row["state"] for row in rows} == {"accepted"}
            assert sorted(row["uid"] for row in rows) == orthanc.sop_instance_uids()


def test_a_late_image_gives_a_second_report_that_names_the_first(tmp_path: Path, small_study: SmallStudy) -> None:
    with Orthanc(tmp_path / "orthanc") as orthanc:
        config = write_config(tmp_path, port=free_port(), destinations={"pacs": (orthanc.ae_title, orthanc.dicom_port)})
        with running_node(config) as node:
            for path in small_study.paths:
                assert storescu(node.settings.node.port, path, options=("-xy",)).returncode == 0
                wait_until_settled(node.settings)
        reports = [row["uid"] for row in document_rows(node.settings) if row["template"] == "tid1500"]
        first, second = (pydicom.dcmread(BytesIO(orthanc.files(SOPInstanceUID=uid)[0])) for uid in reports)
    assert "PredecessorDocumentsSequence" not in first
    (study,) = second.PredecessorDocumentsSequence
    assert study.ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == first.SOPInstanceUID
    assert (_ejection_fractions(first), _ejection_fractions(second)) == (1, 3), "A4C alone, then both planes and biplane"


def _ejection_fractions(item: Dataset) -> int:
    """Numeric items of LOINC 18043-0, left ventricular ejection fraction."""
    here = item.get("ValueType") == "NUM" and item.ConceptNameCodeSequence[0].CodeValue == "18043-0"
    return here + sum(_ejection_fractions(child) for child in item.get("ContentSequence", []))
