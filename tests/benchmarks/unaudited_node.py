"""The node without its audit trail, to measure what that costs: nothing else is left out."""

import sys
from pathlib import Path

import typer

from node import app
from node.db import audit
from node.ingress import receivers
from node.settings import load_settings

if __name__ == "__main__":
    receivers.COMMAND = (sys.executable, "-m", "tests.benchmarks.unaudited_receiver")
    audit.record = lambda *_, **__: None  # type: ignore[assignment, return-value]
    app.serve(load_settings(Path(sys.argv[1])), lambda port: typer.echo(f"ready 127.0.0.1:{port}"))
