"""What a job must not crowd out, and how often a delivery failed in a way that is counted."""

import sqlalchemy as sa
from alembic import op


revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_DESTINATIONS = """UPDATE job SET concurrency_key = (SELECT destination FROM delivery WHERE delivery.id = job.subject_id)
    WHERE kind = 'deliver'"""
_COUNTERS = ("processing_failures", "late_attempts")


def upgrade() -> None:
    op.add_column("job", sa.Column("concurrency_key", sa.String(length=255), nullable=True))
    op.execute(_DESTINATIONS)
    for name in _COUNTERS:
        op.add_column("delivery", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    for name in _COUNTERS:
        op.drop_column("delivery", name)
    op.drop_column("job", "concurrency_key")
