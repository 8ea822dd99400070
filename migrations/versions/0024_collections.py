"""Collections of documents, and which chats and folders look in them.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

from echo.models.types import BigId, UtcDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "collections",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("least_role", sa.String(length=20), nullable=True),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_collections_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collections")),
    )
    for column in ("user_id", "least_role", "deleted_at"):
        op.create_index(op.f(f"ix_collections_{column}"), "collections", [column])
    _pairs(
        "collection_documents",
        "collection",
        "document",
        sa.Column("added_at", UtcDateTime(timezone=True), nullable=False),
    )
    _pairs("conversation_collections", "conversation", "collection")
    _pairs("folder_collections", "folder", "collection")


def _pairs(table: str, left: str, right: str, *more: sa.Column) -> None:
    """Make a table whose rows join one of each, and go with either."""
    columns = [
        sa.Column(f"{side}_id", sa.String(length=26), nullable=False) for side in (left, right)
    ]
    keys = [
        sa.ForeignKeyConstraint(
            [f"{side}_id"],
            [f"{side}s.id"],
            name=op.f(f"fk_{table}_{side}_id_{side}s"),
            ondelete="CASCADE",
        )
        for side in (left, right)
    ]
    primary = sa.PrimaryKeyConstraint(f"{left}_id", f"{right}_id", name=op.f(f"pk_{table}"))
    op.create_table(table, *columns, *more, *keys, primary)
    op.create_index(op.f(f"ix_{table}_{right}_id"), table, [f"{right}_id"])


def downgrade() -> None:
    for table in (
        "folder_collections",
        "conversation_collections",
        "collection_documents",
        "collections",
    ):
        op.drop_table(table)
