"""`echonode studies`: what came, and what became of it."""

from collections.abc import Callable
from pathlib import Path

import typer
from sqlalchemy import select

from node.app import open_database, utc_now
from node.cli.database import reading
from node.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath, StudyUID
from node.cli.output import console, print_json, show_rows
from node.cli.quarantine import quarantine_note, quarantine_rows
from node.cli.study_page import job_errors, print_page, reason_of, study_page
from node.db.tables import Study
from node.errors import EchoNodeError
from node.settings import load_settings
from node.study import assembly

studies = typer.Typer(no_args_is_help=True, help="Studies: what came, what became of it.")


@studies.command("list")
def list_studies(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """All studies, newest first; below them, by sender, the objects in quarantine, which have none."""
    with reading(config) as session:
        errors = job_errors(session)
        rows = [
            {
                "study": study.study_instance_uid,
                "state": study.state,
                "revision": study.revision,
                "from": study.calling_aet,
                "last arrival": study.last_arrival_at,
                "needs a person": study.needs_person,
                "reason": reason_of(study, errors),
            }
            for study in session.scalars(select(Study).order_by(Study.id.desc()))
        ]
        rows += quarantine_rows(session)
    columns = ("study", "state", "revision", "from", "last arrival", "needs a person", "reason")
    show_rows(rows, columns, as_json=as_json, empty="no study has arrived")


@studies.command("show")
def show_study(
    study_instance_uid: StudyUID,
    config: ConfigPath = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """One study: instances, measurements, what was not measured and why, documents and where they are."""
    with reading(config) as session:
        page = study_page(session, study_instance_uid)
        if page is None:
            raise EchoNodeError(f"no study {study_instance_uid}{quarantine_note(session)}")
    if as_json:
        print_json(page)
    else:
        print_page(page, console)


@studies.command("close")
def close_study(study_instance_uid: StudyUID, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Do not wait for the quiet period: the running node analyses the study now."""
    _by_hand(config, study_instance_uid, assembly.close_by_hand)


@studies.command("reanalyse")
def reanalyse_study(study_instance_uid: StudyUID, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Analyse an analysed or failed study again, as its next revision; the running node does it."""
    _by_hand(config, study_instance_uid, assembly.reanalyse)


def _by_hand(config: Path, study_instance_uid: str, change: Callable[..., None]) -> None:
    settings = load_settings(config)
    with open_database(settings) as database, database.session() as session:
        study = session.scalar(select(Study).where(Study.study_instance_uid == study_instance_uid))
        if study is None:
            raise EchoNodeError(f"no study {study_instance_uid}")
        change(session, study, now=utc_now(), max_attempts=settings.work.max_attempts)
        console.print(f"{study.state}, revision {study.revision}")
