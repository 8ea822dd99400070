"""What people have models told: instructions for all chats, memories, texts that are used again.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

from echo.models.types import BigId, UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "personal_prompts",
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("instructions", sa.String(length=2000), nullable=False),
        sa.Column("instructions_on", sa.Boolean(), nullable=False),
        sa.Column("memory_on", sa.Boolean(), nullable=False),
        sa.Column("updated_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_personal_prompts_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_personal_prompts")),
    )
    op.create_table(
        "memories",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("text", sa.String(length=200), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_memories_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memories")),
    )
    op.create_index(op.f("ix_memories_user_id"), "memories", ["user_id"])
    op.create_table(
        "saved_prompts",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_saved_prompts_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_prompts")),
    )
    op.create_index(op.f("ix_saved_prompts_user_id"), "saved_prompts", ["user_id"])
    op.create_table(
        "shared_prompts",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("least_role", sa.String(length=20), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_prompts")),
    )


def downgrade() -> None:
    op.drop_table("shared_prompts")
    op.drop_table("saved_prompts")
    op.drop_table("memories")
    op.drop_table("personal_prompts")
