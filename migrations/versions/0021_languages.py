"""The language that a person has chosen to read; nobody has yet.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("language", sa.String(10), nullable=True))


def downgrade() -> None:
    op.drop_column("users", "language")
