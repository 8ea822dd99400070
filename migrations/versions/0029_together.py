"""Several people in one conversation: who was invited, and messages whose writer has no account any more.

Revision ID: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op

from echo.models.types import BigId, UtcDateTime

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "conversation_members",
        sa.Column("conversation_id", sa.String(length=26), nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("invited_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_conversation_members_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_conversation_members_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", "user_id", name=op.f("pk_conversation_members")),
    )
    op.create_index(op.f("ix_conversation_members_user_id"), "conversation_members", ["user_id"])
    op.add_column(
        "messages",
        sa.Column("author_gone", sa.Boolean(), server_default=sa.false(), nullable=False),
    )


def downgrade() -> None:
    """Go back; what members have said becomes the owner's: earlier versions know nobody else in a chat."""
    owner = "(SELECT user_id FROM conversations WHERE conversations.id = messages.conversation_id)"
    op.execute(
        f"UPDATE messages SET client_id = NULL, imported = {_true()}, user_id = {owner}"
        f" WHERE user_id <> {owner}"
    )
    op.drop_column("messages", "author_gone")
    op.drop_table("conversation_members")


def _true() -> str:
    return "true" if op.get_bind().dialect.name == "postgresql" else "1"
