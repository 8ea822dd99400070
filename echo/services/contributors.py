"""The home page's ranking of those who wrote most. Knows no templates."""

from __future__ import annotations

from sqlalchemy import func, select

from echo.extensions import cache, db
from echo.models import Message, User


@cache.cached(timeout=30, key_prefix="top_contributors")
def top(count: int = 3) -> list[dict[str, object]]:
    """Return the active users who wrote the most characters, then prompts; opted-out ones are left out."""
    characters = func.sum(func.length(Message.text))
    prompts = func.count()
    rows = db.session.execute(
        select(User.username, characters, prompts)
        .join(Message, Message.user_id == User.id)
        .where(Message.role == "user", User.active, User.in_ranking)
        .group_by(User.id, User.username)
        .order_by(characters.desc(), prompts.desc(), User.id)
        .limit(count)
    )
    return [{"username": name, "characters": c, "prompts": p} for name, c, p in rows]
