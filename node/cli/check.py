"""`echonode check`: what is wrong with a node, before it is started."""

import typer

from node.checks import run_checks
from node.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath
from node.cli.output import console, print_json
from node.settings import load_settings


def check(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Test configuration, database, disk, networks and a C-ECHO to every destination; say in plain words what is wrong."""
    results = run_checks(load_settings(config))
    if as_json:
        print_json([{"check": r.name, "ok": r.ok, "message": r.message} for r in results])
    for result in () if as_json else results:
        console.print("ok   " if result.ok else "WRONG", style="green" if result.ok else "red", end=" ")
        console.print(f"{result.name}: {result.message}")
    if not all(result.ok for result in results):
        raise typer.Exit(1)
