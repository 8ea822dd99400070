"""Who used how much of the daily allowances today (UTC), up to the last minute or two.

Knows no pages. What is refused is counted anew by `quotas`, from the messages themselves.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy import func, select

from echo.clock import utc_now
from echo.extensions import db
from echo.models import Role, RoleName, User, UserDay
from echo.services.numbers import slots

SHOWN: Final = 200


class Use(NamedTuple):
    """One person's day: answers that have ended, tokens read and written, and what their role allows."""

    user_id: int
    username: str
    role: str
    messages: int
    tokens: int
    daily_messages: int | None
    daily_tokens: int | None


class RoleUse(NamedTuple):
    """All people of one role together."""

    role: str
    people: int
    messages: int
    tokens: int


def people(
    *, role: RoleName | None = None, user_id: int | None = None, by_tokens: bool = False
) -> list[Use]:
    """Return who asked today, the most first, no more than SHOWN."""
    today = _today(user_id)
    query = _with_people(
        select(
            User.id, User.username, Role.name, today.c.messages, today.c.tokens,
            Role.daily_messages, Role.daily_tokens,
        ), today,
    )  # fmt: skip
    if role is not None:
        query = query.where(Role.name == role)
    most = today.c.tokens if by_tokens else today.c.messages
    rows = db.session.execute(query.order_by(most.desc(), User.id).limit(SHOWN))
    return [Use(*row) for row in rows]


def roles() -> list[RoleUse]:
    """Return the same for each role whose people asked today."""
    today = _today(None)
    sums = select(Role.name, func.count(), func.sum(today.c.messages), func.sum(today.c.tokens))
    rows = db.session.execute(
        _with_people(sums, today).group_by(Role.id, Role.name).order_by(Role.id)
    )
    return [RoleUse(name, count, int(asked), int(tokens)) for name, count, asked, tokens in rows]


def _today(user_id: int | None) -> Any:
    """Return each person's sums of today, as the job of every minute has written them."""
    query = select(
        UserDay.user_id,
        UserDay.replies.label("messages"),
        (UserDay.prompt_tokens + UserDay.completion_tokens).label("tokens"),
    ).where(UserDay.day == slots.day_number(utc_now()), UserDay.replies > 0)
    if user_id is not None:
        query = query.where(UserDay.user_id == user_id)
    return query.subquery()


def _with_people(query: Any, today: Any) -> Any:
    return (
        query.select_from(today)
        .join(User, User.id == today.c.user_id)
        .join(Role, Role.id == User.role_id)
    )
