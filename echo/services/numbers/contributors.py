"""Who wrote most: in all for the home page, in a range of days for charts. Knows no templates."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Subquery, exists, func, select

from echo.extensions import cache, db
from echo.models import User, UserDay, UserTotal

SHORT_RANGE_DAYS: Final = 31
TRIED_FIRST: Final = (500, 4000)
TOP_KEY: Final = "top_contributors"


@cache.cached(timeout=30, key_prefix=TOP_KEY)
def top(count: int = 3) -> list[dict[str, object]]:
    """Return the active users who wrote the most characters, then prompts; opted-out ones are left out.

    The numbers are those of the last refresh of the rollups.
    """
    # a condition, not a join: SQLite would begin with all users, and sort them
    takes_part = exists().where(User.id == UserTotal.user_id, User.active, User.in_ranking)
    rank = (UserTotal.characters.desc(), UserTotal.questions.desc(), UserTotal.user_id)
    most = (
        select(UserTotal.user_id, UserTotal.characters, UserTotal.questions)
        .where(takes_part, UserTotal.questions > 0)
        .order_by(*rank)
        .limit(count)
        .subquery()
    )
    rows = db.session.execute(
        select(User.username, most.c.characters, most.c.questions)
        .join(most, most.c.user_id == User.id)
        .order_by(most.c.characters.desc(), most.c.questions.desc(), User.id)
    )
    return [{"username": name, "characters": c, "prompts": p} for name, c, p in rows]


def forget() -> None:
    """Let the list be read anew: somebody has left it or come back."""
    cache.delete(TOP_KEY)


def top_in_range(first: int, last: int, count: int) -> list[tuple[str, int, int, int]]:
    """Return (username, questions, characters, tokens) of those who asked most on these UTC days.

    In a long range those who asked most in all are looked at first: nobody can have asked more in the
    range than in all, so that nearly always they are enough.
    """
    for tried in TRIED_FIRST if last - first >= SHORT_RANGE_DAYS else ():
        most = _most_in_all(tried)
        left_out = _least_of(most, tried)
        rows = _names(_sums(first, last).where(UserDay.user_id.in_(select(most.c.user_id))), count)
        if left_out is None or (len(rows) == count and rows[-1][1] > left_out):
            return rows
    return _names(_sums(first, last), count)


def _most_in_all(count: int) -> Subquery:
    return (
        select(UserTotal.user_id, UserTotal.questions)
        .order_by(UserTotal.questions.desc())
        .limit(count)
        .subquery()
    )


def _least_of(most: Subquery, tried: int) -> int | None:
    """Return how many questions those who were left out can have asked; None when nobody was."""
    row = db.session.execute(select(func.count(), func.min(most.c.questions))).one()
    return int(row[1]) if row[0] == tried else None


def _sums(first: int, last: int) -> Any:
    return (
        select(
            UserDay.user_id,
            func.sum(UserDay.questions).label("questions"),
            func.sum(UserDay.characters).label("characters"),
            func.sum(UserDay.prompt_tokens + UserDay.completion_tokens).label("tokens"),
        )
        .where(UserDay.day.between(first, last))
        .group_by(UserDay.user_id)
    )


def _names(sums: Any, count: int) -> list[tuple[str, int, int, int]]:
    """Return the first `count` of the sums by rank, with names."""
    each = sums.subquery()
    rank = (each.c.questions.desc(), each.c.characters.desc(), each.c.user_id)
    first = select(each).where(each.c.questions > 0).order_by(*rank).limit(count).subquery()
    rows = db.session.execute(
        select(User.username, first.c.questions, first.c.characters, first.c.tokens)
        .join(first, first.c.user_id == User.id)
        .order_by(first.c.questions.desc(), first.c.characters.desc(), first.c.user_id)
    )
    return [(name, int(asked), int(chars), int(tokens)) for name, asked, chars, tokens in rows]
