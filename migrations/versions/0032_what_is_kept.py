"""How much imported chats and kept answers take, so that there can be a limit.

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, column in (("conversations", "imported_bytes"), ("kept_responses", "bytes")):
        op.add_column(table, sa.Column(column, sa.Integer(), server_default="0", nullable=False))
    op.execute(
        "UPDATE conversations SET imported_bytes = (SELECT coalesce(sum(length(text)), 0) FROM messages "
        "WHERE conversation_id = conversations.id AND imported) WHERE imported_from IS NOT NULL"
    )
    op.execute(
        "UPDATE kept_responses SET bytes = length(CAST(said AS TEXT)) + length(CAST(told AS TEXT))"
    )
    op.drop_index("ix_kept_responses_user_id", "kept_responses")
    op.create_index("ix_kept_responses_user_id_bytes", "kept_responses", ["user_id", "bytes"])


def downgrade() -> None:
    op.drop_index("ix_kept_responses_user_id_bytes", "kept_responses")
    op.create_index("ix_kept_responses_user_id", "kept_responses", ["user_id"])
    op.drop_column("kept_responses", "bytes")
    op.drop_column("conversations", "imported_bytes")
