"""`echonode report`: the page of a study."""

from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select

from node.cli.options import DEFAULT_CONFIG, ConfigPath, StudyUID
from node.cli.output import console
from node.db import audit
from node.db.audit import AuditEvent
from node.db.clocks import utc_now
from node.db.session import open_database
from node.db.tables import Study
from node.egress.study_report import stored_page
from node.errors import ConfigError, EchoNodeError
from node.files.output_files import require_writable, written_to
from node.settings import load_settings
from node.study.archive import Archive
from sr_templates.errors import DocumentError
from sr_templates.study_page import StudyPage, as_html, as_pdf


def report(
    study_instance_uid: StudyUID,
    out: Annotated[Path, typer.Option(help="The page: a file that ends in .html or .pdf. It shows whose study it is.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Write the page of a study as HTML or PDF: each quantity asked for, with its frame, or why there is none."""
    if out.suffix.lower() not in _WRITTEN:
        raise ConfigError(f"--out {out.name}: .html or .pdf")
    require_writable("--out", out)
    settings = load_settings(config)
    with open_database(settings) as database:
        with database.session() as session:
            study = session.scalar(select(Study).where(Study.study_instance_uid == study_instance_uid))
            if study is None:
                raise EchoNodeError(f"no study {study_instance_uid}")
            page = stored_page(session, Archive(settings.archive_dir), settings, study, now=utc_now())
        content = _written(page, out.suffix.lower())
        with written_to("--out", out):
            out.write_bytes(content)
        with database.session() as session:
            details = {"form": out.suffix.lower().removeprefix("."), "revision": study.revision}
            audit.record(session, AuditEvent.PAGE_WRITTEN, now=utc_now(), study=study.pseudonym, **details)
    console.print(f"{out}: {page.measured} of {page.asked} quantities measured", highlight=False)


def _written(page: StudyPage, suffix: str) -> bytes:
    try:
        return as_pdf(page) if suffix == ".pdf" else as_html(page).encode("utf-8")
    except DocumentError as error:
        raise EchoNodeError(str(error)) from error


_WRITTEN = (".html", ".pdf")
