"""What a person is asked of a study, what settles it, and the word by which a person says that it is settled."""

from datetime import datetime

from sqlalchemy.orm import Session

from node.db import audit
from node.db.attention import NOT_BUILT, WHOSE, WITHHELD
from node.db.audit import AuditEvent
from node.db.tables import Study
from node.errors import EchoNodeError
from node.study.rejection_notes import UNDER_ANOTHER_STUDY

LONGEST_NOTE = 500  # characters

_WITHHELD_UNTIL = (
    "the objects say one patient: correct them at their source and send them again, or let the archive reject those that do "
    "not belong to the study; the documents then go out by themselves"
)
# A part of the reason -> what settles it. The first that fits.
_SETTLED_BY = (
    (WHOSE, "a look at the patient and the order in the archive; the documents go out with the identifiers of the images"),
    (NOT_BUILT, "what the reason names, then `studies reanalyse`; the other documents have gone out"),
    ("after the last revision", "`studies reanalyse`, which analyses the study with everything that came"),
    (UNDER_ANOTHER_STUDY, "a look at the archive: where the object is to go, let it reject it under this study"),
)
_ELSE = "what the reason names, then `studies reanalyse`"


def settled_by(reason: str) -> str:
    """What a person does about it, for `studies resolve`."""
    if reason.startswith(WITHHELD):
        return _WITHHELD_UNTIL
    return next((way for part, way in _SETTLED_BY if part in reason), _ELSE)


def resolve(session: Session, study: Study, *, note: str, by: str, now: datetime) -> None:
    """A person looked at it: the study waits for nobody any more, and the trail says who, and in which words.

    Raises EchoNodeError where nothing is asked, where no word can settle it, and for a note that says nothing or too much.
    """
    session.refresh(study, with_for_update=True)
    reason = study.person_reason or ""
    words = " ".join(note.split())
    if not study.needs_person:
        raise EchoNodeError("nothing of this study waits for a person")
    if reason.startswith(WITHHELD):
        raise EchoNodeError(f"{reason}. No word settles this, but {_WITHHELD_UNTIL}")
    if not words or len(words) > LONGEST_NOTE or not words.isprintable():
        raise EchoNodeError(f"a note of 1 to {LONGEST_NOTE} characters says what was found")
    study.needs_person, study.person_reason = False, None
    audit.record(session, AuditEvent.STUDY_RESOLVED, now=now, study=study.pseudonym, reason=reason, note=words, by=by)
