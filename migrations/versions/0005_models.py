"""What administrators settle about a model.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

from echo.models.types import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "model_settings",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("least_role", sa.String(length=20), nullable=False),
        sa.Column("help", sa.Boolean(), nullable=False),
        sa.Column("system_prompt", sa.String(length=2000), nullable=True),
        sa.Column("sampling", sa.JSON(), nullable=False),
        sa.Column("context_length", sa.Integer(), nullable=True),
        sa.Column("template", sa.Text(), nullable=True),
        sa.Column("updated_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_model_settings")),
    )


def downgrade() -> None:
    op.drop_table("model_settings")
