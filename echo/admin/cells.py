"""How single cells read: times, cut texts, links to a person. Knows no table."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from flask import url_for
from markupsafe import Markup, escape

from echo.clock import iso
from echo.text import boundary

CUT: Final = 90
NOTHING: Final = Markup('<span class="faint">–</span>')


def moment(row: Any, name: str) -> Markup:
    """A time: in UTC, until the page's script draws it in the viewer's zone."""
    value: datetime | None = getattr(row, name)
    if value is None:
        return NOTHING
    return Markup('<time datetime="{}" data-moment data-utc>{:%Y-%m-%d %H:%M} UTC</time>').format(
        iso(value), value
    )


def cut(row: Any, name: str) -> Any:
    """The beginning of a text, on one line."""
    value = " ".join(str(getattr(row, name) or "").split())
    if not value:
        return NOTHING
    return escape(value if len(value) <= CUT else value[: boundary(value, CUT)].rstrip() + "…")


def person(row: Any, _name: str) -> Markup:
    """The number of a user, as a link to the account."""
    url = url_for("admin_users.details_view", id=row.user_id)
    return Markup('<a href="{}">#{}</a>').format(url, row.user_id)


def named_person(row: Any, _name: str) -> Markup:
    """The name of a user, as a link to the account."""
    url = url_for("admin_users.details_view", id=row.user_id)
    return Markup('<a href="{}">{}</a>').format(url, row.user.username)


def conversation(row: Any, _name: str) -> Markup:
    """The id of a conversation, as a link to it."""
    url = url_for("admin_conversations.details_view", id=row.conversation_id)
    return Markup('<a href="{}" class="id">{}</a>').format(url, row.conversation_id)


def message(row: Any, _name: str) -> Markup:
    """The id of a message, as a link to it."""
    url = url_for("admin_messages.details_view", id=row.message_id)
    return Markup('<a href="{}" class="id">{}</a>').format(url, row.message_id)


def size(row: Any, name: str) -> str:
    """A number of bytes in kB."""
    return f"{max(1, round(getattr(row, name) / 1000)):,} kB"


def thumb(row: Any, name: str) -> Markup:
    """A thumb up or down, in a word."""
    kind, word = ("good", "Good") if getattr(row, name) > 0 else ("bad", "Bad")
    return Markup('<span class="tag {}">{}</span>').format(kind, word)


def amount(row: Any, name: str) -> Any:
    """A number with commas."""
    value = getattr(row, name)
    return NOTHING if value is None else f"{value:,}"


def yes_no(row: Any, name: str) -> Markup:
    """A word that is green when all is well."""
    value = bool(getattr(row, name))
    kind, word = ("good", "Yes") if value else ("bad", "No")
    return Markup('<span class="tag {}">{}</span>').format(kind, word)


def flag(row: Any, name: str) -> str:
    """A plain word."""
    return "Yes" if getattr(row, name) else "No"


def tag(row: Any, name: str) -> Any:
    """A status, a role or a category as a small label."""
    value = getattr(row, name)
    if value is None:
        return NOTHING
    return Markup('<span class="tag" data-kind="{0}">{1}</span>').format(
        value, str(value).replace("_", " ")
    )


def stars(row: Any, name: str) -> Any:
    """One to five stars."""
    value: int | None = getattr(row, name)
    if value is None:
        return NOTHING
    return Markup('<span class="stars" role="img" aria-label="{} of 5 stars">{}</span>').format(
        value, "★" * value + "☆" * (5 - value)
    )
