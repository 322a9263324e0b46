"""A person says that they looked: what that settles, what it does not, and what stays of it."""

import pytest

from node.db.attention import NOT_BUILT, WHOSE, WITHHELD, ask_person
from node.db.session import Database
from node.db.tables import AuditEntry, Study
from node.errors import EchoNodeError
from node.study.overview import study_overview
from node.study.questions import LONGEST_NOTE, resolve, settled_by
from node.study.rejection_notes import UNDER_ANOTHER_STUDY
from tests.rows import NOW, add_study

REASON = f"{WHOSE}AccessionNumber of the source object has several values"


def asked(database: Database, reason: str = REASON) -> None:
    with database.session() as session:
        ask_person(session, add_study(session), reason, now=NOW)


def say(database: Database, note: str = "checked in the archive:  the right patient") -> None:
    with database.session() as session:
        resolve(session, session.query(Study).one(), note=note, by="anna@lab", now=NOW)


def test_who_looked_and_what_was_found_stays_and_nothing_is_asked_any_more(database: Database) -> None:
    asked(database)
    say(database)
    with database.reading() as session:
        study = session.query(Study).one()
        entry = session.query(AuditEntry).filter_by(event="study_resolved").one()
        overview = study_overview(session, study.study_instance_uid)
    assert (study.needs_person, study.person_reason) == (False, None)
    assert entry.study == study.pseudonym
    said = {"reason": REASON, "note": "checked in the archive: the right patient", "by": "anna@lab"}
    assert entry.details == said
    assert overview is not None
    assert overview["resolved"] == [{"at": NOW, **said}]


def test_withheld_documents_are_let_out_by_no_word(database: Database) -> None:
    asked(database, f"{WITHHELD}several patient identifiers")
    with pytest.raises(EchoNodeError, match="No word settles this"):
        say(database)
    with database.reading() as session:
        assert session.query(Study).one().needs_person


def test_where_nothing_is_asked_nothing_is_resolved(database: Database) -> None:
    with database.session() as session:
        add_study(session)
    with pytest.raises(EchoNodeError, match="nothing of this study waits"):
        say(database)


@pytest.mark.parametrize("note", [" ", "x" * (LONGEST_NOTE + 1), "a\x1bb"], ids=["empty", "long", "control characters"])
def test_a_note_is_a_line_that_says_something(database: Database, note: str) -> None:
    asked(database)
    with pytest.raises(EchoNodeError, match="a note of 1 to"):
        say(database, note)


@pytest.mark.parametrize(
    ("reason", "way"),
    [
        (REASON, "a look at the patient"),
        (f"seg{NOT_BUILT}RuntimeError", "studies reanalyse"),
        (f"{WITHHELD}several patient identifiers", "send them again"),
        ("a late image after the last revision", "studies reanalyse"),
        ("a report of the study came after the last revision", "studies reanalyse"),
        (UNDER_ANOTHER_STUDY, "reject it under this study"),
        ("DocumentError: no frames", "what the reason names"),
    ],
)
def test_each_question_says_what_settles_it(reason: str, way: str) -> None:
    assert way in settled_by(reason)
