"""`echonode deliveries`: which document reached which destination."""

from typing import Annotated

import typer
from sqlalchemy import and_, select

from node.cli.database import reading
from node.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath
from node.cli.output import console, show_rows
from node.db.clocks import utc_now
from node.db.session import open_database
from node.db.tables import Delivery, Document, Job, JobKind, JobState, Study
from node.egress.delivery import retry_delivery
from node.settings import load_settings

deliveries = typer.Typer(no_args_is_help=True, help="Deliveries: which document reached which destination.")


@deliveries.command("list")
def list_deliveries(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """All deliveries, newest first: of which study, since when, and when the next attempt is due."""
    waits = and_(Job.kind == JobKind.DELIVER.value, Job.subject_id == Delivery.id, Job.state == JobState.TODO.value)
    query = select(Delivery, Document.template, Study.study_instance_uid, Job.run_at)
    query = query.join(Document, Delivery.document_id == Document.id).join(Study, Document.study_id == Study.id)
    with reading(config) as session:
        rows = [
            {
                "id": delivery.id,
                "at": delivery.created_at,
                "study": study,
                "document": template,
                "destination": delivery.destination,
                "state": delivery.state,
                "attempts": delivery.attempts,
                "again": run_at,
                "detail": delivery.detail,
            }
            for delivery, template, study, run_at in session.execute(query.outerjoin(Job, waits).order_by(Delivery.id.desc()))
        ]
    columns = ("id", "at", "study", "document", "destination", "state", "attempts", "again", "detail")
    show_rows(rows, columns, as_json=as_json, empty="nothing to deliver")


@deliveries.command("retry")
def retry_deliveries(
    delivery_ids: Annotated[list[int], typer.Argument(help="As `deliveries list` shows them.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Reopen refused or expired deliveries; the running node sends them again."""
    with open_database(load_settings(config)) as database, database.session() as session:
        for delivery_id in delivery_ids:
            retry_delivery(session, delivery_id, now=utc_now())
    console.print(f"{len(delivery_ids)} reopened")
