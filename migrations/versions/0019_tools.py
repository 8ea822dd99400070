"""What was computed for an answer, and whether a person wants that.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("steps", sa.JSON(), nullable=True))
    op.add_column(
        "personal_prompts",
        sa.Column("tools_on", sa.Boolean(), server_default=sa.true(), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("personal_prompts", "tools_on")
    op.drop_column("messages", "steps")  # not in a batch, which would make the table anew
