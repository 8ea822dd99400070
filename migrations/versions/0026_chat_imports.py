"""Imports of chats that go on after the answer: how far each has come.

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

from echo.models.types import BigId, UtcDateTime

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chat_imports",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("stop_asked", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("error", sa.String(length=300), nullable=True),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("node", sa.String(length=16), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_chat_imports_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_imports")),
        sa.UniqueConstraint("user_id", name=op.f("uq_chat_imports_user_id")),
    )
    op.create_index(op.f("ix_chat_imports_created_at"), "chat_imports", ["created_at"])


def downgrade() -> None:
    op.drop_table("chat_imports")
