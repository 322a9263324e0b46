"""The same node on the production database."""

from pathlib import Path

import pytest

from node.db import audit
from node.db.session import Database
from tests.e2e.conftest import SmallStudy
from tests.peers.dcmtk import storescu
from tests.peers.echonode import document_rows, running_node, wait_until_settled, write_config
from tests.peers.orthanc import Orthanc
from tests.peers.postgres import postgres_server
from tests.waiting import free_port

pytestmark = [pytest.mark.postgres, pytest.mark.orthanc, pytest.mark.dcmtk, pytest.mark.slow]


def test_a_study_goes_through_on_postgresql(tmp_path: Path, small_study: SmallStudy) -> None:
    with postgres_server() as server, Orthanc(tmp_path / "orthanc") as orthanc:
        destinations = {"pacs": (orthanc.ae_title, orthanc.dicom_port)}
        config = write_config(tmp_path, port=free_port(), destinations=destinations)
        url = server.url(server.new_database())
        config.write_text(config.read_text().replace("[node]", f'[node]\ndatabase_url = "{url}"', 1))
        with running_node(config) as node:
            assert storescu(node.settings.node.port, *small_study.paths, options=("-xy",)).returncode == 0
            wait_until_settled(node.settings)
            rows = document_rows(node.settings)
        assert {row["state"] for row in rows} == {"accepted"}
        assert sorted(row["uid"] for row in rows) == orthanc.sop_instance_uids()
        with Database(node.settings.database_url) as database, database.reading() as session:
            report = audit.verify(session)
            assert (report.verified, report.sealed) == (True, report.entries)
