"""init, check, serve, demo, version: a node from nothing to running."""

from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from node.cli.output import DEFAULT_CONFIG, AsJson, ConfigPath, console, print_json
from node.settings import load_settings
from node.version import __version__


def add_to(app: typer.Typer) -> None:
    app.command()(init)
    app.command()(check)
    app.command()(serve)
    app.command()(demo)
    app.command()(version)


def init(directory: Annotated[Path, typer.Argument(help="Where the node shall live; made if absent.")]) -> None:
    """Write a commented configuration and make the node's identity and database. Never overwrites."""
    from node.app import open_database, utc_now
    from node.db.identity import node_identity

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


def check(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Test configuration, database, disk, networks and a C-ECHO to every destination; say in plain words what is wrong."""
    from node.cli.checks import run_checks

    results = run_checks(load_settings(config))
    if as_json:
        print_json([{"check": r.name, "ok": r.ok, "message": r.message} for r in results])
    for result in () if as_json else results:
        console.print("ok   " if result.ok else "WRONG", style="green" if result.ok else "red", end=" ")
        console.print(f"{result.name}: {result.message}")
    if not all(result.ok for result in results):
        raise typer.Exit(1)


def serve(
    config: ConfigPath = DEFAULT_CONFIG,
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = "INFO",
) -> None:
    """Run the node until SIGTERM or Ctrl-C; everything accepted is kept safe."""
    from node import app
    from node.telemetry import configure_logging

    settings = load_settings(config)
    configure_logging(log_level)
    app.serve(settings, lambda port: typer.echo(f"ready {settings.node.ae_title} {settings.node.host}:{port}"))


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the study, the summary and the delivered documents.")] = Path(
        "demo-out"
    ),
    seed: Annotated[int, typer.Option(help="Which synthetic heart.")] = 7,
) -> None:
    """Make a synthetic study, send it through a real node to a receiving PACS, and compare the results with the truth."""
    from node.demo.run import run_demo

    if not run_demo(out, seed=seed, console=console):
        raise typer.Exit(1)


def version() -> None:
    """Print the version."""
    typer.echo(__version__)
