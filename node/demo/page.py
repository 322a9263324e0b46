"""summary.html: the page of the demo's study, with the truth beside each value, and what became of its documents."""

from pathlib import Path

from sqlalchemy import select

from node.db.clocks import utc_now
from node.db.session import Database
from node.db.tables import Study
from node.demo.summary import Summary
from node.egress.study_report import stored_page
from node.settings import Settings
from node.study.archive import Archive
from sr_templates.study_page import StudyPage, as_html


def write_page(summary: Summary, database: Database, settings: Settings, out: Path) -> None:
    """Writes `out/summary.html`; nothing on it is fetched from elsewhere. Raises EchoNodeError where nothing was analysed."""
    others = {"Truth": summary.truth.values}
    with database.session() as session:
        study = session.scalars(select(Study).where(Study.study_instance_uid == summary.study)).one()
        page = stored_page(session, Archive(settings.archive_dir), settings, study, now=utc_now(), others=others)
    (out / "summary.html").write_text(rendered(summary, page), encoding="utf-8")


def rendered(summary: Summary, page: StudyPage) -> str:
    """Every text on the page is escaped."""
    return as_html(page, "summary.html", "node.demo", summary=summary)
