"""`echonode documents list`: what was built, and what could not be, with its reason."""

import json
from pathlib import Path

from sqlalchemy.orm import Session
from typer.testing import CliRunner

from node.cli import app
from node.db.session import open_database
from node.db.tables import DeliveryState, FailedDocument
from node.settings import load_settings
from tests.rows import NOW, add_deliveries, add_study


def test_built_and_failed_documents_are_listed_together(tmp_path: Path) -> None:
    config = tmp_path / "echonode.toml"
    config.write_text("[node]\n", encoding="utf-8")

    def fill(session: Session) -> None:
        add_deliveries(session, add_study(session).id, DeliveryState.ACCEPTED)
        session.add(FailedDocument(analysis_id=1, study_id=1, template="kos", reason="LookupError", created_at=NOW))

    with open_database(load_settings(config)) as database:
        database.write(fill)
    listed = CliRunner().invoke(app, ["documents", "list", "--json", "--config", str(config)])
    rows = [(row["study"], row["template"], row["state"], row["object or reason"]) for row in json.loads(listed.output)]
    assert rows == [("2.25.1", "seg", "built", "2.1"), ("2.25.1", "kos", "failed", "LookupError")]
