"""Pictures among documents: what is kept of each, its size, and its owner's description.

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

ADDED = ("width", "height", "description")


def upgrade() -> None:
    op.add_column("documents", sa.Column("width", sa.Integer(), nullable=True))
    op.add_column("documents", sa.Column("height", sa.Integer(), nullable=True))
    op.add_column(
        "documents", sa.Column("description", sa.Text(), server_default="", nullable=False)
    )
    op.create_table(
        "document_pictures",
        sa.Column("document_id", sa.String(length=26), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("preview", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_document_pictures_document_id_documents"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_document_pictures")),
    )


def downgrade() -> None:
    op.drop_table("document_pictures")
    for name in ADDED:
        op.drop_column("documents", name)
