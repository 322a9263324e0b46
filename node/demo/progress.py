"""Live progress: what the node's database says about a study, and how the terminal shows it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from node.db.tables import Delivery, DeliveryState, Document, Instance, Job, JobState, Study, StudyState

_SENT = (
    DeliveryState.ACCEPTED,
    DeliveryState.ACCEPTED_WITH_WARNING,
    DeliveryState.REFUSED,
    DeliveryState.EXPIRED,
    DeliveryState.SUPERSEDED,
)


@dataclass(frozen=True)
class StudyProgress:
    text: str
    settled: bool  # nothing more will happen without a person


def study_progress(session: Session, study_instance_uid: str) -> StudyProgress:
    study = session.scalar(select(Study).where(Study.study_instance_uid == study_instance_uid))
    if study is None:
        return StudyProgress("nothing has arrived yet", settled=False)
    if study.state == StudyState.RECEIVING:
        received = session.scalar(select(func.count()).where(Instance.study_id == study.id))
        return StudyProgress(f"{received} clips received, quiet period of {study.quiet_s:g} s runs", settled=False)
    if study.state == StudyState.COMPLETE:
        return StudyProgress("study complete, being analysed", settled=False)
    if study.state == StudyState.FAILED:
        return StudyProgress(f"analysis failed: {study.failed_reason}", settled=True)
    active = session.scalar(
        select(func.count()).where(Job.study_id == study.id, Job.state.in_((JobState.TODO, JobState.DOING)))
    )
    states = session.scalars(select(Delivery.state).join(Document).where(Document.study_id == study.id)).all()
    sent = sum(state in _SENT for state in states)
    return StudyProgress(f"analysed; {sent} of {len(states)} documents delivered", settled=not active)


class Stages:
    """A line a stage: a spinner while it runs, a tick and its time when done."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            console=console,
        )

    def __enter__(self) -> "Stages":
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._progress.stop()

    @contextmanager
    def stage(self, text: str) -> Iterator[Callable[[str], None]]:
        """Yields a function that changes the stage's text."""
        task = self._progress.add_task(text, total=1)
        yield lambda newer: self._progress.update(task, description=newer)
        self._progress.update(task, completed=1)
