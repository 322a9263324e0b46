"""The migrations lead to exactly the schema that the tables describe."""

from importlib import resources

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, make_transient

from node.db import queue
from node.db.session import Database
from node.db.tables import Base, Delivery, DeliveryState, Document, FailedDocument, Job, JobKind, JobState
from tests.rows import NOW, add_deliveries, add_study


def test_the_migrated_schema_is_that_of_the_tables(database: Database) -> None:
    with database.reading() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_index_of_active_jobs_is_partial(database: Database) -> None:
    """Autogeneration does not compare conditions, and without this one a job could never be queued a second time."""
    with database.reading() as session:
        indexes = {index["name"]: index for index in inspect(session.connection()).get_indexes("job")}
    condition = indexes["uq_job_active_per_subject"]["dialect_options"]
    assert any("todo" in str(value) and "doing" in str(value) for value in condition.values())


def test_upgrading_again_changes_nothing(database: Database) -> None:
    database.upgrade()
    with database.reading() as session:
        assert set(inspect(session.connection()).get_table_names()) == set(Base.metadata.tables) | {"alembic_version"}


def _downgrade(database: Database, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(resources.files("node.db").joinpath("migrations")))
    with database._migrating() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def test_deliveries_under_way_before_the_upgrade_go_on_after_it(database: Database) -> None:
    """With the columns that the version before did not have: what keeps a destination busy, and how often it failed."""

    def fill(session: Session) -> None:
        (delivery,) = add_deliveries(session, add_study(session).id, DeliveryState.PENDING)
        delivery.status = "0xA700"
        for kind in JobKind:
            queue.enqueue(session, kind, 1, study_id=1, revision=1, now=NOW)

    database.write(fill)
    _downgrade(database, "0003")
    database.upgrade()
    with database.reading() as session:
        jobs = {job.kind: (job.state, job.concurrency_key) for job in session.scalars(select(Job))}
        delivery = session.scalars(select(Delivery)).one()
    todo = JobState.TODO
    others = dict.fromkeys(("analyse_study", "read_reports", "build_documents"), (todo, None))
    assert jobs == {**others, "deliver": (todo, "pacs-0")}
    assert (delivery.processing_failures, delivery.late_attempts, delivery.status) == (0, 0, "0xA700")


def test_documents_before_profiles_are_of_the_default_one(database: Database) -> None:
    """Their tables are made anew, while deliveries refer to them; another profile then has a place beside the default."""

    def fill(session: Session) -> None:
        add_deliveries(session, add_study(session).id, DeliveryState.ACCEPTED)
        session.add(FailedDocument(analysis_id=1, study_id=1, template="kos", reason="LookupError", created_at=NOW))

    database.write(fill)
    _downgrade(database, "0006")
    database.upgrade()
    with database.reading() as session:
        (document,), (failed,) = session.scalars(select(Document)), session.scalars(select(FailedDocument))
        delivery = session.scalars(select(Delivery)).one()
    assert (document.profile, failed.profile, delivery.document_id) == ("", "", document.id)

    def add_another(session: Session) -> None:
        for row in (document, failed):
            make_transient(row)
            row.id, row.profile = None, "strict"
        document.sop_instance_uid = "2.2"
        session.add_all((document, failed))

    database.write(add_another)
    with pytest.raises(IntegrityError):
        database.write(
            lambda session: session.add(
                FailedDocument(analysis_id=1, study_id=1, template="kos", profile="strict", reason="", created_at=NOW)
            )
        )
    with pytest.raises(IntegrityError):  # foreign keys are checked again
        database.write(lambda session: session.add(Delivery(document_id=99, destination="pacs", created_at=NOW)))
    _downgrade(database, "0006")
    database.upgrade()
    with database.reading() as session:
        assert [row.profile for row in session.scalars(select(Document))] == [""]
