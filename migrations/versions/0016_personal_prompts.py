"""What people have models told: instructions for all of their chats.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

from echo.models.types import BigId, UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "personal_prompts",
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("instructions", sa.String(length=2000), nullable=False),
        sa.Column("instructions_on", sa.Boolean(), nullable=False),
        sa.Column("updated_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_personal_prompts_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_personal_prompts")),
    )


def downgrade() -> None:
    op.drop_table("personal_prompts")
