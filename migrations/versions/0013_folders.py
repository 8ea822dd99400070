"""Folders for conversations, and the archive.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

from echo.models.types import BigId, UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "folders",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("system_prompt", sa.String(length=2_000), nullable=False),
        sa.Column("held", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_folders_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_folders")),
    )
    op.create_index(op.f("ix_folders_user_id"), "folders", ["user_id"])
    op.create_index(op.f("ix_folders_deleted_at"), "folders", ["deleted_at"])
    with op.batch_alter_table(
        "conversations"
    ) as batch:  # SQLite adds no key to a table that is there
        batch.add_column(sa.Column("folder_id", sa.String(length=26), nullable=True))
        batch.add_column(sa.Column("archived_at", UtcDateTime(timezone=True), nullable=True))
        batch.create_foreign_key(
            op.f("fk_conversations_folder_id_folders"),
            "folders",
            ["folder_id"],
            ["id"],
            ondelete="SET NULL",
        )
    op.create_index(op.f("ix_conversations_folder_id"), "conversations", ["folder_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_conversations_folder_id"), "conversations")
    with op.batch_alter_table("conversations") as batch:
        batch.drop_constraint(op.f("fk_conversations_folder_id_folders"), type_="foreignkey")
        batch.drop_column("archived_at")
        batch.drop_column("folder_id")
    op.drop_table("folders")
