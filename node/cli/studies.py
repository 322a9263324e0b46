"""`echonode studies`: what came, and what became of it."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session

from node.cli.database import reading
from node.cli.operator import person
from node.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath, StudyUID
from node.cli.output import console, print_json, show_rows
from node.db.clocks import utc_now
from node.db.session import open_database
from node.db.tables import DeliveryState, Study
from node.errors import EchoNodeError
from node.settings import load_settings
from node.study import assembly
from node.study.cart_comparison import cart_words, without_key
from node.study.overview import job_errors, reason_of, study_overview
from node.study.quarantine import quarantine_note, quarantine_rows
from node.study.questions import resolve, settled_by
from sr_templates.quantity_codes import QUANTITY_CODES

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
        overview = study_overview(session, study_instance_uid)
        if overview is None:
            raise EchoNodeError(f"no study {study_instance_uid}{quarantine_note(session)}")
    if as_json:
        print_json(overview)
    else:
        print_overview(overview, console)


@studies.command("close")
def close_study(study_instance_uid: StudyUID, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Do not wait for the quiet period: the running node analyses the study now."""
    _by_hand(config, study_instance_uid, assembly.close_by_hand)


@studies.command("reanalyse")
def reanalyse_study(study_instance_uid: StudyUID, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Analyse an analysed or failed study again, as its next revision; the running node does it."""
    _by_hand(config, study_instance_uid, assembly.reanalyse)


@studies.command("resolve")
def resolve_study(
    study_instance_uid: StudyUID,
    note: Annotated[
        str, typer.Option(help="What was found, without patient data. Without it: what is asked, and what settles it.")
    ] = "",
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Say that a person has looked at a study that needs one; the audit trail keeps who said so, and the note."""
    if not note:
        with reading(config) as session:
            study = _study(session, study_instance_uid)
            reason = study.person_reason or "nothing of this study waits for a person"
            asked = [reason, f"settled by {settled_by(reason)}"] if study.needs_person else [reason]
        for line in asked:
            console.print(line, highlight=False, markup=False)
        return
    with open_database(load_settings(config)) as database, database.session() as session:
        resolve(session, _study(session, study_instance_uid), note=note, by=person(), now=utc_now())
    console.print("resolved")


def _by_hand(config: Path, study_instance_uid: str, change: Callable[..., None]) -> None:
    settings = load_settings(config)
    with open_database(settings) as database, database.session() as session:
        study = _study(session, study_instance_uid)
        change(session, study, now=utc_now(), max_attempts=settings.work.max_attempts)
        console.print(f"{study.state}, revision {study.revision}")


def _study(session: Session, study_instance_uid: str) -> Study:
    study = session.scalar(select(Study).where(Study.study_instance_uid == study_instance_uid))
    if study is None:
        raise EchoNodeError(f"no study {study_instance_uid}")
    return study


def print_overview(overview: Mapping[str, Any], console: Console) -> None:
    console.print(f"{overview['study']}  {overview['state']}, revision {overview['revision']}", style="bold")
    if overview["failed_reason"]:
        console.print(f"  failed: {overview['failed_reason']}", highlight=False)
    if overview["needs_person"]:
        console.print("  a person has to decide" + (f": {overview['reason']}" if overview["reason"] else ""), style="yellow")
    for one in overview["resolved"]:
        console.print(f"  {one['by']} on {one['reason']}: {one['note']}", highlight=False, markup=False)
    for job in overview["jobs"]:
        job_line = f"job {job['kind']} of revision {job['revision']} {job['state']} after {job['attempts']} attempt(s)"
        console.print(f"  {job_line}: {job['error']}", highlight=False)
    for instance in overview["instances"]:
        remarks = "; ".join(filter(None, (instance["rejected"], instance["note"])))
        console.print(f"  {instance['receipt']:14} {instance['sop_instance_uid']} {remarks}")
    for line in _value_lines(overview):
        console.print(f"  {line}", highlight=False)
    for one in overview["assessments"]:
        said = f"{one['grade']}, left atrial pressure {one['left_atrial_pressure']}; {one['detail']}"
        console.print(f"  {one['name']} ({one['guideline']}): {said}. {one['caveat']}", highlight=False)
    for flag in overview["flags"]:
        of = f" ({flag['sop_instance_uid']})" if flag["sop_instance_uid"] else ""
        console.print(f"  flag {flag['issue']}: {flag['message']}{of}", highlight=False)
    for document in overview["documents"]:
        where = ", ".join(map(_delivery_line, document["deliveries"])) or "kept in the archive"
        statuses = [*(["superseded"] if document["superseded"] else []), *filter(None, [document["rejected"]])]
        said = f" ({'; '.join(statuses)})" if statuses else ""
        named = f"{document['template']:8} of revision {document['revision']} {document['sop_instance_uid']}"
        console.print(f"  document {named}: {where}{said}", highlight=False)
    for one in overview["left_out"]:
        for reason, keys in one["keys_by_reason"].items():
            console.print(f"  document {one['template']:8} without {', '.join(keys)}: {reason}", highlight=False)
    for failed in overview["failed_documents"]:
        console.print(f"  document {failed['template']:8} could not be built: {failed['reason']}", highlight=False)


def _value_lines(overview: Mapping[str, Any]) -> Iterator[str]:
    """What was measured and what was not, each with the cart's value; then what the cart alone has."""
    cart = {stated["key"]: cart_words(stated) for stated in overview["cart"] if stated["key"]}

    def line(key: str, said: str) -> str:
        return f"{key:14} {said}" + (f"  {cart.pop(key)}" if key in cart else "")

    for measured in overview["measurements"]:
        value = f"{measured['value']:.{_decimals(measured['key'])}f}"
        yield line(measured["key"], f"{value} {measured['unit']}  ({measured['method']})")
    for missing in overview["not_measured"]:
        yield line(missing["key"], f"not measured: {', '.join(missing['reasons'])}")
    yield from (f"{key:14} {said}" for key, said in cart.items())
    if others := without_key(overview["cart"]):
        yield others


def _decimals(key: str) -> int:
    """As documents round it; one for a quantity of another version."""
    code = QUANTITY_CODES.get(key)
    return 1 if code is None else code.decimals


def _delivery_line(delivery: Mapping[str, Any]) -> str:
    detail = f" ({delivery['detail']})" if delivery["detail"] and delivery["state"] != DeliveryState.ACCEPTED else ""
    return f"{delivery['destination']} {delivery['state']}{detail}"
