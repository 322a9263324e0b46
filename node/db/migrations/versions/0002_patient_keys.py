"""Name, birth date and sex of an instance's patient, as keys to compare."""

import sqlalchemy as sa
from alembic import op


revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_COLUMNS = (("patient_name_key", 128), ("patient_birth_date_key", 64), ("patient_sex_key", 64))


def upgrade() -> None:
    for name, length in _COLUMNS:
        op.add_column("instance", sa.Column(name, sa.String(length=length), nullable=True))


def downgrade() -> None:
    for name, _ in _COLUMNS:
        op.drop_column("instance", name)
