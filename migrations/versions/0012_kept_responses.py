"""Answers to programs that are kept, so that a next question may go on from them.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

from echo.models.types import BigId, UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_responses",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("previous_id", sa.String(length=26), nullable=True),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("used_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_kept_responses_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_responses")),
    )
    op.create_index(op.f("ix_kept_responses_user_id"), "kept_responses", ["user_id"])
    op.create_index(op.f("ix_kept_responses_used_at"), "kept_responses", ["used_at"])


def downgrade() -> None:
    op.drop_table("kept_responses")
