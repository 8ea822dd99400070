"""Daily allowances by role: messages asked and tokens read and written. Knows no engine."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from echo.clock import utc_now
from echo.errors import QuotaExceeded
from echo.extensions import db
from echo.models import Message
from echo.services import accounts


def refuse_spent(user_id: int) -> None:
    """Raise QuotaExceeded when the user's role allows no more today (UTC days)."""
    role = accounts.get(user_id).role
    if role.daily_messages is None and role.daily_tokens is None:
        return
    midnight = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    asked, tokens = _used(user_id, midnight)
    if role.daily_messages is not None and asked >= role.daily_messages:
        raise _spent(f"Today's {role.daily_messages:,} messages are used up.", midnight)
    if role.daily_tokens is not None and tokens >= role.daily_tokens:
        raise _spent(f"Today's {role.daily_tokens:,} tokens are used up.", midnight)


def _used(user_id: int, since: datetime) -> tuple[int, int]:
    """Return how many replies were asked for since then, and their tokens."""
    tokens = func.coalesce(Message.prompt_tokens, 0) + func.coalesce(Message.completion_tokens, 0)
    row = db.session.execute(
        select(func.count(), func.coalesce(func.sum(tokens), 0)).where(
            Message.user_id == user_id, Message.role == "assistant", Message.created_at >= since
        )
    ).one()
    return row[0], row[1]


def _spent(text: str, midnight: datetime) -> QuotaExceeded:
    seconds = 24 * 3600 - (utc_now() - midnight).total_seconds()
    return QuotaExceeded(f"{text} The next ones come at midnight UTC.", retry_after=seconds)
