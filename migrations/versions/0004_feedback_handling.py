"""How feedback is handled, and indexes for the admin side's large tables.

On SQLite `feedback` is made anew, since a foreign key cannot be added there: no table refers to it, so
nothing is deleted by that. The others get indexes only.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

from echo.models.types import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NEW_COLUMNS = ("state", "answer", "answered_at", "answer_read_at", "answered_by")


def upgrade() -> None:
    with op.batch_alter_table("feedback") as batch:  # no table refers to feedback
        batch.add_column(
            sa.Column("state", sa.String(length=10), server_default="new", nullable=False)
        )
        batch.add_column(sa.Column("answer", sa.String(length=2000), nullable=True))
        for name in ("answered_at", "answer_read_at"):
            batch.add_column(sa.Column(name, UtcDateTime(timezone=True), nullable=True))
        number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
        batch.add_column(sa.Column("answered_by", number, nullable=True))
        batch.create_foreign_key(
            op.f("fk_feedback_answered_by_users"),
            "users",
            ["answered_by"],
            ["id"],
            ondelete="SET NULL",
        )
    op.create_index("ix_feedback_state", "feedback", ["state"], unique=False)
    op.create_index("ix_feedback_answered_by", "feedback", ["answered_by"], unique=False)
    for name in ("created_at", "updated_at"):
        op.create_index(f"ix_conversations_{name}", "conversations", [name], unique=False)
    # instead of the status alone: a rare one is found, and a frequent one needs no sorting
    op.create_index(
        "ix_messages_status_created_at", "messages", ["status", "created_at"], unique=False
    )
    op.drop_index("ix_messages_status", table_name="messages")


def downgrade() -> None:
    op.create_index("ix_messages_status", "messages", ["status"], unique=False)
    op.drop_index("ix_messages_status_created_at", table_name="messages")
    for name in ("updated_at", "created_at"):
        op.drop_index(f"ix_conversations_{name}", table_name="conversations")
    op.drop_index("ix_feedback_answered_by", table_name="feedback")
    op.drop_index("ix_feedback_state", table_name="feedback")
    with op.batch_alter_table("feedback") as batch:
        batch.drop_constraint(op.f("fk_feedback_answered_by_users"), type_="foreignkey")
        for name in NEW_COLUMNS:
            batch.drop_column(name)
