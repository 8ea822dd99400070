"""The processes that serve one Echo together: who is alive, what one tells the others, what one alone does.

They meet in Redis. Without `REDIS_URL` a process is alone, and whatever needs the others is trivially true.
Knows no rows, no sockets and no engine.
"""

from __future__ import annotations

from flask import Flask, current_app

from echo.cluster.alone import Alone
from echo.config import Settings

__all__ = ["Alone", "here", "init_app", "of"]


def init_app(app: Flask, settings: Settings) -> None:
    """Give the application its place among the processes; `start` makes it known to them."""
    app.extensions["cluster"] = _members(app, settings.redis_url) if settings.redis_url else Alone()


def _members(app: Flask, url: str) -> Alone:
    from echo.cluster.members import Members  # a client of Redis, which most start without

    return Members(app, url)


def of(app: Flask) -> Alone:
    """Return an application's place among the processes."""
    cluster: Alone = app.extensions["cluster"]
    return cluster


def here() -> Alone:
    """Return the same of the present application."""
    return of(current_app)
