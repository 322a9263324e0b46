"""Which objects of a study received rejection notes name: they stay in the archive and leave the analysis."""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session, aliased

from node.db.tables import Instance, Rejection, Study
from node.objects.rejection_note import TITLES

NOT_SENT = "not sent: a rejection note names this document"


def is_rejected() -> ColumnElement[bool]:
    """Of an Instance: whether a rejection in force names it under its study. All four titles mean the same here."""
    study, rejection = aliased(Study), aliased(Rejection)
    return (
        exists()
        .where(
            rejection.sop_instance_uid == Instance.sop_instance_uid,
            rejection.study_instance_uid == study.study_instance_uid,
            rejection.lifted_at.is_(None),
            study.id == Instance.study_id,
        )
        .correlate(Instance)
    )


def rejections_of(session: Session, study_instance_uid: str, uids: Iterable[str] = ()) -> dict[str, tuple[str, ...]]:
    """SOP Instance UID -> the titles of the notes that name it; of all objects of the study, or of these."""
    wanted = tuple(uids)
    query = select(Rejection.sop_instance_uid, Rejection.code).where(
        Rejection.study_instance_uid == study_instance_uid, Rejection.lifted_at.is_(None)
    )
    if wanted:
        query = query.where(Rejection.sop_instance_uid.in_(wanted))
    found: dict[str, dict[str, None]] = {}
    for uid, code in session.execute(query.order_by(Rejection.id)):
        found.setdefault(uid, {})[code] = None
    return {uid: tuple(codes) for uid, codes in found.items()}


def rejection_words(codes: Iterable[str]) -> str:
    """The titles as the standard words them."""
    return ", ".join(dict.fromkeys(TITLES[code] for code in codes))


def left_out_words(rejected: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """Of the titles of each object: how many were left out by which."""
    counts = Counter(rejection_words(codes) for codes in rejected)
    return tuple(
        f"{'1 object' if count == 1 else f'{count} objects'} of the study left out: {words}" for words, count in counts.items()
    )


def rejection_of_document(session: Session, sop_instance_uid: str) -> str:
    """Why one of our documents is not sent; empty where no note in force names it."""
    query = select(Rejection.code).where(Rejection.sop_instance_uid == sop_instance_uid, Rejection.lifted_at.is_(None))
    codes = session.scalars(query.order_by(Rejection.id)).all()
    return f"{NOT_SENT}: {rejection_words(codes)}" if codes else ""
