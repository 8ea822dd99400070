"""How single cells read: times, cut texts, links to a person. Knows no table."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from flask import g, url_for
from markupsafe import Markup, escape

from echo.admin import words
from echo.clock import iso
from echo.languages import gettext, number
from echo.services.chats import failures
from echo.services.people import account_facts
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
    short = value if len(value) <= CUT else value[: boundary(value, CUT)].rstrip() + "…"
    return Markup("<bdi>{}</bdi>").format(short)


def failure(row: Any, name: str) -> Any:
    """Why an answer failed."""
    value = getattr(row, name)
    return failures.said(value) if value else NOTHING


def know_people(rows: Iterable[Any]) -> None:
    """Look up the names of the people of these rows, once for all their cells."""
    g.people_names = account_facts.names(row.user_id for row in rows)


def person(row: Any, _name: str) -> Markup:
    """The name of a user (their number, where nobody looked it up), as a link to the account."""
    url = url_for("admin_users.details_view", id=row.user_id)
    names = g.people_names if "people_names" in g else {}
    name = names.get(row.user_id, f"#{row.user_id}")
    tip = gettext("%(name)s, number %(number)s", name=name, number=row.user_id)
    return Markup('<a class="one-line" dir="auto" href="{}" title="{}">{}</a>').format(
        url, tip, name
    )


def account(row: Any, _name: str) -> Markup:
    """The name of an account, as a link to it."""
    url = url_for("admin_users.details_view", id=row.id)
    return Markup('<a class="one-line" dir="auto" href="{}" title="{}">{}</a>').format(
        url, row.username, row.username
    )


def one_line(row: Any, name: str) -> Markup:
    """A text on one line; where it is cut, its tip has all of it."""
    value = getattr(row, name)
    return Markup('<span class="one-line" dir="auto" title="{}">{}</span>').format(value, value)


def named_person(row: Any, _name: str) -> Markup:
    """The name of a user, as a link to the account."""
    url = url_for("admin_users.details_view", id=row.user_id)
    name = row.user.username
    return Markup('<a class="one-line" dir="auto" href="{}" title="{}">{}</a>').format(
        url, name, name
    )


def conversation(row: Any, _name: str) -> Markup:
    """A message's conversation, as a link to the place where it was said."""
    place = {"id": row.conversation_id, "branch": row.id, "_anchor": f"m-{row.id}"}
    url = url_for("admin_conversations.details_view", **place)
    return Markup('<a href="{}">{}</a>').format(url, gettext("Read it there"))


def pairs(row: Any, name: str) -> Any:
    """Some values by their names, such as "temperature: 0.5"."""
    values: dict[str, Any] = getattr(row, name) or {}
    said = "; ".join(f"{words.plain(key)}: {value}" for key, value in values.items())
    return escape(said) if said else NOTHING


def message(row: Any, _name: str) -> Markup:
    """The id of a message, as a link to it."""
    url = url_for("admin_messages.details_view", id=row.message_id)
    return Markup('<a href="{}" class="id">{}</a>').format(url, row.message_id)


def size(row: Any, name: str) -> str:
    """A number of bytes in kB."""
    return f"{number(max(1, round(getattr(row, name) / 1000)))} kB"


def thumb(row: Any, name: str) -> Markup:
    """A thumb up or down, in a word."""
    kind, word = ("good", gettext("Good")) if getattr(row, name) > 0 else ("bad", gettext("Bad"))
    return Markup('<span class="tag {}">{}</span>').format(kind, word)


def amount(row: Any, name: str) -> Any:
    """A number, its thousands apart."""
    value = getattr(row, name)
    return NOTHING if value is None else number(value)


def yes_no(row: Any, name: str) -> Markup:
    """A word that is green when all is well."""
    value = bool(getattr(row, name))
    kind, word = ("good", gettext("Yes")) if value else ("bad", gettext("No"))
    return Markup('<span class="tag {}">{}</span>').format(kind, word)


def flag(row: Any, name: str) -> str:
    """A plain word."""
    return gettext("Yes") if getattr(row, name) else gettext("No")


def tag(row: Any, name: str) -> Any:
    """A status, a role or a category as a small label."""
    value = getattr(row, name)
    if value is None:
        return NOTHING
    return Markup('<span class="tag" data-kind="{0}">{1}</span>').format(value, words.plain(value))


def stars(row: Any, name: str) -> Any:
    """One to five stars."""
    value: int | None = getattr(row, name)
    if value is None:
        return NOTHING
    said = gettext("%(count)s of 5 stars", count=value)
    return Markup('<span class="stars" role="img" aria-label="{}">{}</span>').format(
        said, "★" * value + "☆" * (5 - value)
    )
