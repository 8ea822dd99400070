"""Which process writes a reply that is live.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("node", sa.String(16), nullable=True))


def downgrade() -> None:
    op.drop_column("messages", "node")  # not in a batch, which would make the table anew
