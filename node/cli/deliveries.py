"""`echonode deliveries`: which document reached which destination."""

from typing import Annotated

import typer
from sqlalchemy import select

from node.cli.database import reading
from node.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath
from node.cli.output import console, show_rows
from node.db.clocks import utc_now
from node.db.session import open_database
from node.db.tables import Delivery
from node.egress.delivery import retry_delivery
from node.settings import load_settings

deliveries = typer.Typer(no_args_is_help=True, help="Deliveries: which document reached which destination.")


@deliveries.command("list")
def list_deliveries(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """All deliveries, newest first."""
    with reading(config) as session:
        rows = [
            {
                "id": delivery.id,
                "document": delivery.document.template,
                "destination": delivery.destination,
                "state": delivery.state,
                "attempts": delivery.attempts,
                "detail": delivery.detail,
            }
            for delivery in session.scalars(select(Delivery).order_by(Delivery.id.desc()))
        ]
    columns = ("id", "document", "destination", "state", "attempts", "detail")
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
