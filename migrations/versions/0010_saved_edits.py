"""Messages that a person has edited in their place, and what the model had said.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

from echo.models.types import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("edited_at", UtcDateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("original_text", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("messages", "original_text")  # not in a batch, which would make the table anew
    op.drop_column("messages", "edited_at")
