"""`echonode documents`: what was built of each study, and what could not be."""

import typer
from sqlalchemy import select

from node.cli.database import reading
from node.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath
from node.cli.output import show_rows
from node.db.tables import Document, FailedDocument, Study

documents = typer.Typer(no_args_is_help=True, help="Documents: what was built of each study, and what could not be.")


@documents.command("list")
def list_documents(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """All documents, newest first; those that could not be built with the reason."""
    with reading(config) as session:
        built = session.execute(select(Document, Study.study_instance_uid).join(Study, Document.study_id == Study.id))
        failed = session.execute(
            select(FailedDocument, Study.study_instance_uid).join(Study, FailedDocument.study_id == Study.id)
        )
        found = [
            *((row.created_at, study, row.template, row.profile, "built", row.sop_instance_uid) for row, study in built),
            *((row.created_at, study, row.template, row.profile, "failed", row.reason) for row, study in failed),
        ]
    columns = ("at", "study", "template", "profile", "state", "object or reason")
    rows = [dict(zip(columns, row, strict=True)) for row in sorted(found, reverse=True)]
    show_rows(rows, columns, as_json=as_json, empty="no document was built")
