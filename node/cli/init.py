"""`echonode init`: a folder for a node, with its configuration, identity and database."""

from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from node.cli.output import console
from node.db.clocks import utc_now
from node.db.identity import node_identity
from node.db.session import open_database
from node.settings import load_settings


def init(directory: Annotated[Path, typer.Argument(help="Where the node shall live; made if absent.")]) -> None:
    """Write a commented configuration and make the node's identity and database. Never overwrites."""
    path = directory / "echonode.toml"
    if path.exists():
        console.print(f"{path} exists already; nothing was changed")
        raise typer.Exit(1)
    directory.mkdir(parents=True, exist_ok=True)
    path.write_text(resources.files("node").joinpath("echonode.toml").read_text(encoding="utf-8"), encoding="utf-8")
    database = open_database(load_settings(path))
    with database.session() as session:
        observer_uid = node_identity(session, now=utc_now()).device_observer_uid
    database.close()
    console.print(f"wrote {path}\nDevice Observer UID {observer_uid}")
    console.print(f"next: add a destination, then `echonode check --config {path}` and `echonode serve --config {path}`")
