"""Personas, ready-made partners for chats.

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

from echo.models.types import BigId, UtcDateTime

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "personas",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("user_id", BigId, nullable=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("description", sa.String(length=200), nullable=False),
        sa.Column("system_prompt", sa.String(length=2000), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=True),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("emoji", sa.String(length=16), nullable=False),
        sa.Column("colour", sa.SmallInteger(), nullable=False),
        sa.Column("least_role", sa.String(length=20), nullable=True),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(user_id IS NULL) <> (least_role IS NULL)", name=op.f("ck_personas_owner_or_role")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_personas_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personas")),
    )
    op.create_index(op.f("ix_personas_user_id"), "personas", ["user_id"])
    op.create_index(op.f("ix_personas_deleted_at"), "personas", ["deleted_at"])
    with op.batch_alter_table(
        "conversations"
    ) as batch:  # SQLite adds no key to a table that is there
        batch.add_column(sa.Column("persona_id", sa.String(length=26), nullable=True))
        batch.create_foreign_key(
            op.f("fk_conversations_persona_id_personas"),
            "personas",
            ["persona_id"],
            ["id"],
            ondelete="SET NULL",
        )
    op.create_index(op.f("ix_conversations_persona_id"), "conversations", ["persona_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_conversations_persona_id"), "conversations")
    with op.batch_alter_table("conversations") as batch:
        batch.drop_constraint(op.f("fk_conversations_persona_id_personas"), type_="foreignkey")
        batch.drop_column("persona_id")
    op.drop_table("personas")
