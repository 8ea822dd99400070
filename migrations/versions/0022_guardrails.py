"""Rules that look at questions and answers, and what they decided.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

from echo.models.types import BigId, UtcDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "guard_rules",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("place", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=True),
        sa.Column("act", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("is_on", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guard_rules")),
    )
    op.create_table(
        "guard_decisions",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("message_id", sa.String(length=26), nullable=True),
        sa.Column("call_id", sa.String(length=26), nullable=True),
        sa.Column("route", sa.String(length=40), nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("rule_id", sa.String(length=26), nullable=True),
        sa.Column("rule_name", sa.String(length=60), nullable=False),
        sa.Column("place", sa.String(length=10), nullable=False),
        sa.Column("act", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("excerpt", sa.String(length=200), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("objection", sa.String(length=500), nullable=True),
        sa.Column("objected_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("awaits", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("answer", sa.String(length=1000), nullable=True),
        sa.Column("answered_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("answer_read_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("answered_by", BigId, nullable=True),
        *_keys(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guard_decisions")),
    )
    for column in ("message_id", "user_id", "rule_id", "created_at", "answered_by"):
        op.create_index(op.f(f"ix_guard_decisions_{column}"), "guard_decisions", [column])
    op.create_index(
        "ix_guard_decisions_awaits_created_at", "guard_decisions", ["awaits", "created_at"]
    )
    op.add_column(
        "messages", sa.Column("guarded", sa.Boolean(), server_default=sa.false(), nullable=False)
    )


def _keys() -> list[sa.ForeignKeyConstraint]:
    wanted = (
        ("message_id", "messages", "CASCADE"),
        ("user_id", "users", "CASCADE"),
        ("answered_by", "users", "SET NULL"),
    )
    return [
        sa.ForeignKeyConstraint(
            [column],
            [f"{table}.id"],
            name=op.f(f"fk_guard_decisions_{column}_{table}"),
            ondelete=ondelete,
        )
        for column, table, ondelete in wanted
    ]


def downgrade() -> None:
    op.drop_column("messages", "guarded")
    op.drop_table("guard_decisions")
    op.drop_table("guard_rules")
