"""`echonode models zoo`: a page of all models."""

import typer

from models.library.zoo import zoo_page


def zoo() -> None:
    """All bundled manifests as one Markdown page; docs/pages/reference/models.md is this output."""
    typer.echo(zoo_page(), nl=False)
