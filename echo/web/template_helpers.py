"""What templates may call besides their context: nonce, static addresses, filters. Knows no page."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from flask import Flask, current_app, request, url_for
from flask_login import current_user

from echo.clock import iso
from echo.languages import day, gettext, month, ngettext, number, tenths
from echo.models import User
from echo.services.accounts import profile_pictures
from echo.services.chats import feedback
from echo.services.guardrails import decisions
from echo.services.library import room
from echo.web.security_headers import csp_nonce
from echo.web.sessions import account_here, signed_out_account

TAG_COLOURS: Final = 6
PAGE_COLOURS: Final = {"light": "#f7f4ef", "dark": "#110d14"}
"""What browsers paint around the page: `--page` of static/css/tokens.css, by theme."""

KILO: Final = 1000


def init_app(app: Flask) -> None:
    """Register globals and filters."""
    app.jinja_env.globals.update(
        csp_nonce=csp_nonce,
        asset=asset,
        page_colours=PAGE_COLOURS,
        unversioned=unversioned,
        picture_url=picture_url,
        account_here=account_here,
        signed_out_account=signed_out_account,
        unread_answers=unread_answers,
        tag_colour=tag_colour,
        unread_verdicts=unread_verdicts,
    )
    app.jinja_env.filters.update(
        underscore_separate=underscore_separate,
        get_att=get_att,
        iso=iso_filter,
        number=number,
        bytes=room.size,
        day=day,
        month=month,
        filesizeformat=file_size,
    )


def asset(path: str) -> str:
    """Return the address of a static file; it changes with the files, so that it may be cached for ever."""
    return f"{unversioned(path)}?v={version()}"


def unversioned(path: str) -> str:
    """Return the address of a static file as other files name it; `url_for` takes longer than a page has."""
    return f"{request.script_root}{current_app.static_url_path}/{path}"


def version() -> str:
    """Return what tells this release's static files from those of another."""
    return _version(str(current_app.static_folder))


@cache
def _version(folder: str) -> str:
    """Return one version for all static files: modules import each other by relative path."""
    digest = hashlib.sha256()
    for file in sorted(Path(folder).rglob("*")):
        if file.is_file():
            digest.update(f"{file}{file.stat().st_mtime_ns}{file.stat().st_size}".encode())
    return digest.hexdigest()[:10]


def picture_url(user: User) -> str | None:
    """Return the address of a person's picture; None when they have none (their letter is shown)."""
    picture_id = profile_pictures.id_of(user.id)
    return url_for("profile.picture", picture_id=picture_id) if picture_id else None


def unread_answers() -> int:
    """Return how many answers to their feedback this person has not marked as read; 0 for visitors."""
    return feedback.unread_answers(current_user.id) if current_user.is_authenticated else 0


def unread_verdicts() -> int:
    """Return the same of answers about what guardrails decided."""
    return decisions.unread_answers(current_user.id) if current_user.is_authenticated else 0


def tag_colour(name: str) -> int:
    """Return which of its colours a tag has, 1 to 6; `colourOf` in static/js/tags.js says the same."""
    return sum(map(ord, name)) % TAG_COLOURS + 1


def underscore_separate(text: str) -> str:
    """Return "super_admin" as "super admin"."""
    return " ".join(part for part in text.split("_") if part)


def get_att(thing: Any, name: str) -> Any:
    """Return an attribute by its name; raises AttributeError when there is none."""
    return getattr(thing, name)


def iso_filter(moment: datetime | None) -> str:
    """Return a time for the browser, which shows it in the viewer's zone."""
    return iso(moment) or ""


def file_size(size: int) -> str:
    """Return 4096 as "4.1 kB"; what is below a thousand in bytes."""
    if size < KILO:
        return ngettext("%(count)s Byte", "%(count)s Bytes", size, count=number(size))
    amount = size / KILO
    if amount < KILO:
        return gettext("%(amount)s kB", amount=tenths(amount))
    return gettext("%(amount)s MB", amount=tenths(amount / KILO))
