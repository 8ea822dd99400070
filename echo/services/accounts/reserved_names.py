"""Names that nobody gives to themselves: they would speak for Echo or for the people who run it.

Knows no accounts. Administrators may give such a name to whom they like.
"""

from __future__ import annotations

import re
from string import digits as DIGITS
from typing import Final

from echo.errors import InvalidInput
from echo.languages import gettext, mark

IN_CHARGE: Final = (
    "admin", "admins", "administrator", "administrators", "administration", "superadmin", "sysadmin",
    "sysop", "superuser", "root", "system", "moderator", "moderators", "staff", "support", "helpdesk",
    "webmaster", "webadmin", "postmaster", "hostmaster", "official", "security",
)  # fmt: skip
"""Reserved as a part of a name too: `the.admin`, `echo-support`."""
OTHERS: Final = (
    # who speaks in a chat, and what stands for nobody
    "echo", "echoai", "echobot", "echochat", "echomini", "echosmall", "echoteam", "theecho", "you",
    "assistant", "bot", "chatbot", "ai", "analyst", "visitor", "guest", "anonymous", "nobody",
    "everybody", "everyone", "somebody", "someone", "unknown", "deleted", "deleteduser",
    "deletedaccount", "null", "none", "undefined",
    # mailboxes that belong to a server (RFC 2142), and to programs
    "abuse", "info", "noreply", "mailerdaemon", "daemon", "mail", "contact", "billing", "sales",
    "owner", "operator", "operators", "service", "server", "localhost",
    # Echo's own addresses
    "login", "logout", "signin", "signup", "signout", "register", "account", "accounts", "profile",
    "settings", "setup", "password", "forgot", "reset", "verify", "unlock", "confirm", "invite",
    "feedback", "help", "about", "chat", "api", "static", "pictures", "conversations", "healthz",
    "readyz", "metrics", "google", "quota", "devices", "models", "downloads", "audit",
)  # fmt: skip
SIGNS_MEANT: Final = str.maketrans("013457i", "oleastl")
PAIRS_MEANT: Final = (("rn", "m"), ("vv", "w"))
TAKEN: Final = mark("This name is reserved, or too much like one that is. Please choose another.")


def refuse(username: str) -> None:
    """Raise InvalidInput for a name that its owner must not choose."""
    if is_reserved(username):
        raise InvalidInput(gettext(TAKEN), field="username")


def is_reserved(username: str) -> bool:
    """Tell whether a name, or for those in charge a part of it, reads as a reserved one.

    Compared as people read: without separators, `1`, `l` and `i` alike, `0` as `o`, `rn` as `m`; a number
    behind those in charge makes no other name of it. `adm1n`, `A.d.m.i.n` and `admin_2` read as `admin`.
    """
    parts = [part for part in re.split(r"[._\-]+", username.strip().lower()) if part]
    whole = "".join(parts)
    seen = [reading for part in [whole, *parts] for reading in (part, part.rstrip(DIGITS))]
    return _as_read(whole) in _ALL or any(_as_read(reading) in _IN_CHARGE for reading in seen)


def _as_read(text: str) -> str:
    read = text.translate(SIGNS_MEANT)
    for pair, letter in PAIRS_MEANT:
        read = read.replace(pair, letter)
    return read


_IN_CHARGE: Final = frozenset(map(_as_read, IN_CHARGE))
_ALL: Final = _IN_CHARGE | frozenset(map(_as_read, OTHERS))
