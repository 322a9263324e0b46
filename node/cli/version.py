"""`echonode version`."""

import typer

from node.version import __version__


def version() -> None:
    """Print the version."""
    typer.echo(__version__)
