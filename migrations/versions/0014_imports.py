"""Where imported chats come from, and which messages were said elsewhere.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversations", sa.Column("imported_from", sa.String(length=100)))
    op.add_column(
        "messages", sa.Column("imported", sa.Boolean(), server_default=sa.false(), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("messages", "imported")
    op.drop_column("conversations", "imported_from")
