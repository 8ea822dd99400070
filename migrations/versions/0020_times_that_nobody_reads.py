"""Two times of prompts that nobody reads are not kept.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

from echo.models.types import UtcDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

COLUMNS = (("personal_prompts", "updated_at"), ("saved_prompts", "created_at"))
LONG_AGO = sa.text("'2026-01-01 00:00:00'")


def upgrade() -> None:
    for table, column in COLUMNS:
        op.drop_column(table, column)


def downgrade() -> None:
    for table, column in COLUMNS:
        time = UtcDateTime(timezone=True)
        op.add_column(table, sa.Column(column, time, nullable=False, server_default=LONG_AGO))
