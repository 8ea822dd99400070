"""Pictures of personas.

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

from echo.models.types import UtcDateTime

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "persona_pictures",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("persona_id", sa.String(length=26), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["persona_id"],
            ["personas.id"],
            name=op.f("fk_persona_pictures_persona_id_personas"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persona_pictures")),
        sa.UniqueConstraint("persona_id", name=op.f("uq_persona_pictures_persona_id")),
    )


def downgrade() -> None:
    op.drop_table("persona_pictures")
