"""Alembic's entry point: always run by `Database.upgrade`, which brings the connection."""

from alembic import context

from node.db.tables import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True, compare_type=True
)
context.run_migrations()
