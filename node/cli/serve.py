"""`echonode serve`: a running node."""

from typing import Annotated

import typer

from node import app
from node.cli.options import DEFAULT_CONFIG, ConfigPath
from node.settings import load_settings
from node.telemetry import configure_logging


def serve(
    config: ConfigPath = DEFAULT_CONFIG,
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = "INFO",
) -> None:
    """Run the node until SIGTERM or Ctrl-C; everything accepted is kept safe."""
    settings = load_settings(config)
    configure_logging(log_level)
    app.serve(settings, lambda port: typer.echo(f"ready {settings.node.ae_title} {settings.node.host}:{port}"))
