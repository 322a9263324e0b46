"""The migrations lead to exactly the schema that the tables describe."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from node.db.session import Database
from node.db.tables import Base


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
