"""Why a person has to look at a study."""

import sqlalchemy as sa
from alembic import op


revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("study", sa.Column("person_reason", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("study", "person_reason")
