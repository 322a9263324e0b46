"""A document per profile: destinations that want another dialect, or only valid values, have documents of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_KEYS = {"document": ["analysis_id", "template", "part"], "failed_document": ["analysis_id", "template"]}


def upgrade() -> None:
    for table, columns in _KEYS.items():
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("profile", sa.String(length=255), nullable=False, server_default=""))
            batch.drop_constraint(_name(table, columns), type_="unique")
            batch.create_unique_constraint(_name(table, [*columns, "profile"]), [*columns, "profile"])


def downgrade() -> None:
    """Only documents of the default profile have a place in the earlier schema."""
    delivered = "document_id IN (SELECT id FROM document WHERE profile <> '')"
    op.execute(sa.text(f"DELETE FROM delivery WHERE {delivered}"))
    for table, columns in _KEYS.items():
        op.execute(sa.text(f"DELETE FROM {table} WHERE profile <> ''"))
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(_name(table, [*columns, "profile"]), type_="unique")
            batch.create_unique_constraint(_name(table, columns), columns)
            batch.drop_column("profile")


def _name(table: str, columns: list[str]) -> str:
    return f"uq_{table}_{'_'.join(columns)}"
