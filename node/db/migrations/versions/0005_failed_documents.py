"""Documents that could not be built, each with its reason."""

import sqlalchemy as sa
from alembic import op

from node.db.tables import UTCDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "failed_document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("analysis_id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("template", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["analysis_id"], ["analysis.id"], name=op.f("fk_failed_document_analysis_id_analysis")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_failed_document_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failed_document")),
        sa.UniqueConstraint("analysis_id", "template", name=op.f("uq_failed_document_analysis_id_template")),
    )
    op.create_index(op.f("ix_failed_document_study_id"), "failed_document", ["study_id"])


def downgrade() -> None:
    op.drop_table("failed_document")
