"""SIGTERM at a bad moment: the node ends by itself, and nothing it accepted is lost."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from node.db.session import Database
from node.db.tables import Analysis, Instance
from tests.e2e.conftest import SmallStudy
from tests.peers.dcmtk import storescu
from tests.peers.echonode import RunningNode, running_node, wait_until_settled, write_config
from tests.waiting import free_port

pytestmark = [pytest.mark.dcmtk, pytest.mark.slow]


def test_what_was_accepted_before_sigterm_is_analysed_after_the_next_start(tmp_path: Path, small_study: SmallStudy) -> None:
    config = write_config(tmp_path, port=free_port(), destinations={}, quiet_s=0.2)
    node = RunningNode(config)
    node.wait_until_ready()
    sent = storescu(node.settings.node.port, *small_study.paths, options=("-xy",))
    accepted = len(re.findall(r"Received Store Response \(Success\)", sent.stdout))
    assert accepted == len(small_study.paths), sent.stdout
    assert node.stop() == 0, "SIGTERM right after the last answer, in the quiet period or the analysis"
    with running_node(config) as again:
        wait_until_settled(again.settings)
    with Database(node.settings.database_url) as database, database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Instance)) == accepted
        assert session.scalar(select(func.count()).select_from(Analysis)) == 1


def test_the_trail_of_a_stopped_node_is_sealed_to_its_end(tmp_path: Path) -> None:
    config = write_config(tmp_path, port=free_port(), destinations={})
    with running_node(config):
        pass
    verify = [sys.executable, "-m", "node.cli", "audit", "verify", "--json", "--config", str(config)]
    report = json.loads(subprocess.run(verify, capture_output=True, text=True, check=True).stdout)
    assert report["verified"]
    assert report["entries"] == report["sealed"] == 2, "started, stopped"
