"""What is true of this server: words for `{...}` and states for `when` in the help. Knows no one entry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from echo import __version__, limits
from echo.config import Settings
from echo.languages import mark
from echo.services.site_settings import SiteSettings

OWN_ENGINES: Final = frozenset(("local", "scripted"))
STATES: Final = frozenset(("google", "mail", "sign-up open", "sign-up invite", "sign-up closed"))
WHERE: Final = {
    True: mark("The model runs on this server itself; nothing you write leaves it."),
    False: mark(
        "The model runs on another server that the people here have chosen; what you write is sent there."
    ),
}
UNTIL_DELETED: Final = mark("Otherwise they stay until you delete them.")
ONE_DAY: Final = mark("This server keeps unused chats for 1 day at most.")
SOME_DAYS: Final = mark("This server keeps unused chats for %(days)s days at most.")
TEXTS: Final = (*WHERE.values(), UNTIL_DELETED, ONE_DAY, SOME_DAYS)
"""Every sentence that may stand in `words`."""


@dataclass(frozen=True)
class Facts:
    """Words by their placeholder, and the states that hold."""

    words: dict[str, str] = field(default_factory=dict)
    states: frozenset[str] = frozenset()


def of(settings: Settings, site: SiteSettings) -> Facts:
    """Return what is true now."""
    states = {f"sign-up {site.signup_mode}"}
    states |= {"google"} if settings.google_client_id else set()
    states |= {"mail"} if settings.mail_url else set()
    return Facts(
        {
            "version": __version__,
            "where": WHERE[settings.engine in OWN_ENGINES],
            "message_chars": f"{limits.MESSAGE_CHARS:,}",
            "picture_mb": str(limits.PICTURE_BYTES // 1_000_000),
            "kept": _kept(site.retention_days),
        },
        frozenset(states),
    )


def _kept(days: int | None) -> str:
    if days is None:
        return UNTIL_DELETED
    return ONE_DAY if days == 1 else SOME_DAYS % {"days": days}
