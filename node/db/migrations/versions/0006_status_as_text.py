"""The last answer of a delivery as its protocol writes it: DIMSE statuses were numbers, other protocols have none."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op


revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _change(sa.String(length=64), lambda status: f"0x{status:04X}")


def downgrade() -> None:
    _change(sa.Integer(), lambda status: int(status, 16) if status.startswith("0x") else None)


def _change(column_type: sa.types.TypeEngine[Any], converted: Callable[[Any], object]) -> None:
    connection = op.get_bind()
    found = connection.execute(sa.text("SELECT id, status FROM delivery WHERE status IS NOT NULL")).all()
    op.drop_column("delivery", "status")
    op.add_column("delivery", sa.Column("status", column_type, nullable=True))
    rows = [{"row": row.id, "status": converted(row.status)} for row in found]
    if rows:
        connection.execute(sa.text("UPDATE delivery SET status = :status WHERE id = :row"), rows)
