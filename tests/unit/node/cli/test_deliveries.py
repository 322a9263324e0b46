"""`echonode deliveries list`: of which study, since when, and when the next attempt is due."""

import json
from datetime import timedelta
from pathlib import Path

from sqlalchemy.orm import Session
from typer.testing import CliRunner

from node.cli import app
from node.db.session import open_database
from node.db.tables import DeliveryState, Job
from node.egress.delivery import enqueue_delivery
from node.settings import load_settings
from tests.rows import NOW, add_deliveries, add_study

AGAIN = NOW + timedelta(minutes=10)


def test_a_delivery_says_of_which_study_it_is_and_when_it_is_tried_again(tmp_path: Path) -> None:
    config = tmp_path / "echonode.toml"
    config.write_text("[node]\n", encoding="utf-8")

    def fill(session: Session) -> None:
        waiting, _ = add_deliveries(session, add_study(session).id, DeliveryState.PENDING, DeliveryState.REFUSED)
        enqueue_delivery(session, waiting, now=NOW)
        session.query(Job).one().run_at = AGAIN

    with open_database(load_settings(config)) as database:
        database.write(fill)
    listed = CliRunner().invoke(app, ["deliveries", "list", "--json", "--config", str(config)])
    rows = [(row["study"], row["destination"], row["state"], row["at"], row["again"]) for row in json.loads(listed.output)]
    assert rows == [
        ("2.25.1", "pacs-1", "refused", NOW.isoformat(), None),
        ("2.25.1", "pacs-0", "pending", NOW.isoformat(), AGAIN.isoformat()),
    ]
