"""Daily allowances by role: messages asked and tokens read and written. Knows no engine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import case, func, select

from echo.clock import midnight, utc_now
from echo.errors import QuotaExceeded
from echo.extensions import db
from echo.languages import gettext, mark, number
from echo.models import ApiCall, Conversation, ConversationMember, Message
from echo.services.accounts import accounts

EMBEDDINGS: Final = "embeddings"
TRANSCRIPTIONS: Final = "transcriptions"
SPEECH: Final = "speech"
UNCOUNTED: Final = (EMBEDDINGS, TRANSCRIPTIONS, SPEECH)  # no messages, though their tokens count
TITLES: Final = "title"  # nobody has asked for them: neither messages nor tokens of theirs
MESSAGES_SPENT: Final = mark(
    "Today's %(limit)s messages are used up. The next ones come at midnight UTC."
)
TOKENS_SPENT: Final = mark(
    "Today's %(limit)s tokens are used up. The next ones come at midnight UTC."
)
TOKENS = func.coalesce(Message.prompt_tokens, 0) + func.coalesce(Message.completion_tokens, 0)


@dataclass(frozen=True)
class Allowance:
    """How much of one thing was used today, and how much is allowed; None: as much as one likes."""

    used: int
    limit: int | None

    @property
    def is_spent(self) -> bool:
        return self.limit is not None and self.used >= self.limit


@dataclass(frozen=True)
class QuotaStatus:
    """A person's allowances of this day (UTC), and when the next day begins."""

    messages: Allowance
    tokens: Allowance
    resets_at: datetime

    def as_payload(self) -> dict[str, object]:
        """Return the status as the protocol's `quota` object."""
        return {
            "messages": {"used": self.messages.used, "limit": self.messages.limit},
            "tokens": {"used": self.tokens.used, "limit": self.tokens.limit},
            "resets_at": self.resets_at.isoformat(),
        }


def status(user_id: int, in_the_making: int = 0) -> QuotaStatus:
    """Return what the user has used today and may use; raises NotFound for an absent account."""
    role = accounts.get(user_id).role
    today = midnight(utc_now().date())
    asked, tokens = _used(user_id, today)
    called, call_tokens = _used_by_programs(user_id, today)
    return QuotaStatus(
        messages=Allowance(asked + called + in_the_making, role.daily_messages),
        tokens=Allowance(tokens + call_tokens, role.daily_tokens),
        resets_at=today + timedelta(days=1),
    )


def refuse_spent(user_id: int, in_the_making: int = 0) -> None:
    """Raise QuotaExceeded when the user's role allows no more today (UTC days).

    `in_the_making`: answers to programs that count already, though they have no row yet.
    """
    role = accounts.get(user_id).role
    if role.daily_messages is None and role.daily_tokens is None:
        return
    today = status(user_id, in_the_making)
    for allowance, text in ((today.messages, MESSAGES_SPENT), (today.tokens, TOKENS_SPENT)):
        if allowance.limit is not None and allowance.is_spent:
            raise QuotaExceeded(
                gettext(text, limit=number(allowance.limit)),
                retry_after=(today.resets_at - utc_now()).total_seconds(),
            )


def _used(user_id: int, since: datetime) -> tuple[int, int]:
    """Return how many replies were asked for since then, and the tokens of what was answered."""
    row = db.session.execute(
        select(func.count(), func.coalesce(func.sum(TOKENS), 0)).where(
            Message.user_id == user_id,
            Message.role == "assistant",
            Message.created_at >= since,
            Message.imported.is_(False),
        )
    ).one()
    return row[0], row[1] + _tokens_of_continued(user_id, since)


def _used_by_programs(user_id: int, since: datetime) -> tuple[int, int]:
    row = db.session.execute(
        select(
            func.coalesce(func.sum(case((ApiCall.route.in_(UNCOUNTED), 0), else_=1)), 0),
            func.coalesce(func.sum(ApiCall.prompt_tokens + ApiCall.completion_tokens), 0),
        ).where(ApiCall.user_id == user_id, ApiCall.created_at >= since, ApiCall.route != TITLES)
    ).one()
    return row[0], row[1]


def _tokens_of_continued(user_id: int, since: datetime) -> int:
    """Return the tokens of older replies that went on since then; else Continue would cost nothing.

    A conversation in which a reply went on was used since then, which keeps the search small.
    """
    went_on = (
        select(func.coalesce(func.sum(TOKENS), 0))
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(
            Conversation.updated_at >= since,
            Message.user_id == user_id,
            Message.role == "assistant",
            Message.imported.is_(False),
            Message.created_at < since,
            Message.finished_at >= since,
        )
    )
    theirs = went_on.where(Conversation.user_id == user_id)
    of_others = went_on.join(
        ConversationMember, ConversationMember.conversation_id == Conversation.id
    ).where(ConversationMember.user_id == user_id)
    return sum(db.session.scalar(query) or 0 for query in (theirs, of_others))
