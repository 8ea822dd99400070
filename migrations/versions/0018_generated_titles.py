"""Which titles are still those of the first question, and who wants better ones.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of chats that are there only those are marked in which nothing was asked yet."""
    op.add_column(
        "conversations",
        sa.Column("title_from_question", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "personal_prompts",
        sa.Column("titles_on", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    op.execute(
        "UPDATE conversations SET title_from_question = true "
        "WHERE message_count = 0 AND title = 'New chat'"
    )


def downgrade() -> None:
    # not in a batch, which would make the tables anew
    op.drop_column("personal_prompts", "titles_on")
    op.drop_column("conversations", "title_from_question")
