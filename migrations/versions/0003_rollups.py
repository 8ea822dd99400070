"""Sums kept ready for charts, and how long each conversation is.

Columns are added and dropped directly: a batch would make `conversations` anew, and dropping the old
table deletes every message by its foreign key on SQLite.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = (
    "activity_slots", "reply_slots", "error_slots", "feedback_slots", "user_days", "user_totals",
    "timing_spans", "active_days", "cohort_weeks", "stale_days",
)  # fmt: skip
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column(
        "conversations",
        sa.Column("message_count", sa.Integer(), server_default="0", nullable=False),
    )
    op.execute(
        "UPDATE conversations SET message_count ="
        " (SELECT count(*) FROM messages WHERE messages.conversation_id = conversations.id)"
    )
    op.create_index(
        "ix_conversations_message_count_created_at",
        "conversations",
        ["message_count", "created_at"],
        unique=False,
    )
    op.create_index(
        "ix_messages_user_id_created_at", "messages", ["user_id", "created_at"], unique=False
    )
    _packed("activity_slots", _keys("slot"), _counts("signups", "questions"))
    _packed(
        "reply_slots",
        [*_keys("slot"), sa.Column("model", sa.String(length=200), nullable=False)],
        [
            *_counts("replies"),
            *_sums("prompt_tokens", "completion_tokens"),
            *_counts("complete", "length", "stopped", "interrupted", "failed", "liked", "disliked"),
        ],
    )
    _packed(
        "error_slots",
        [*_keys("slot"), sa.Column("code", sa.String(length=30), nullable=False)],
        _counts("count"),
    )
    _packed(
        "feedback_slots",
        [*_keys("slot"), sa.Column("category", sa.String(length=20), nullable=False)],
        _counts("count", "rated", "rating_sum"),
    )
    _packed(
        "user_days",
        [*_keys("day"), sa.Column("user_id", BIG, nullable=False)],
        [
            *_counts("questions"),
            *_sums("characters"),
            *_counts("replies"),
            *_sums("prompt_tokens", "completion_tokens"),
            _person("user_days"),
        ],
    )
    op.create_index("ix_user_days_user_id_day", "user_days", ["user_id", "day"], unique=False)
    _packed(
        "user_totals",
        [sa.Column("user_id", BIG, nullable=False)],
        [
            *_counts("questions"),
            *_sums("characters"),
            *_counts("replies"),
            *_sums("tokens"),
            _person("user_totals"),
        ],
    )
    op.create_index(
        "ix_user_totals_characters_questions",
        "user_totals",
        ["characters", "questions"],
        unique=False,
    )
    op.create_index("ix_user_totals_questions", "user_totals", ["questions"], unique=False)
    _packed(
        "timing_spans",
        [
            sa.Column("step", sa.String(length=5), nullable=False),
            *_keys("day"),
            sa.Column("model", sa.String(length=200), nullable=False),
            sa.Column("measure", sa.String(length=20), nullable=False),
            *_keys("bucket"),
        ],
        _counts("count"),
    )
    _packed("cohort_weeks", _keys("week", "cohort"), _counts("active"))
    op.create_table(
        "active_days",
        *_keys("day"),
        *_counts("active_1", "active_7", "active_30"),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_active_days")),
    )
    op.create_table(
        "stale_days",
        *_keys("day"),
        *_counts("mark"),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_stale_days")),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_index("ix_messages_user_id_created_at", table_name="messages")
    op.drop_index("ix_conversations_message_count_created_at", table_name="conversations")
    op.drop_column("conversations", "message_count")


def _packed(table: str, keys: list[sa.Column], others: list[sa.Column | sa.Constraint]) -> None:
    """Make a table that, on SQLite, is its primary key's index."""
    primary = sa.PrimaryKeyConstraint(*[key.name for key in keys], name=op.f(f"pk_{table}"))
    op.create_table(table, *keys, *others, primary, sqlite_with_rowid=False)


def _keys(*names: str) -> list[sa.Column]:
    return [sa.Column(name, sa.Integer(), autoincrement=False, nullable=False) for name in names]


def _counts(*names: str) -> list[sa.Column]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _sums(*names: str) -> list[sa.Column]:
    return [sa.Column(name, BIG, nullable=False) for name in names]


def _person(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_id"], ["users.id"], name=op.f(f"fk_{table}_user_id_users"), ondelete="CASCADE"
    )
