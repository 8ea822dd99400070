"""Who may read what is measured: a program on this machine, or one that shows the token. Knows no number.

A proxy on this machine speaks for the whole world. It is told by the headers that proxies add, by the name it
was asked for, and by a public address that is not Echo's own.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from typing import Final
from urllib.parse import urlsplit

from flask import request

from echo.config import Settings
from echo.errors import Forbidden, SignedOut
from echo.web.forwarding import PEER, THROUGH_PROXY

HERE_ALONE: Final = (
    "Only programs on Echo's own machine may read this. "
    "Set ECHO_METRICS_TOKEN to let others in that show it."
)
SHOW_THE_TOKEN: Final = (
    "Show the token that is set as ECHO_METRICS_TOKEN: “Authorization: Bearer …”."
)
HTTP_PORT: Final = 80


def refuse_others() -> None:
    """Raise SignedOut, or Forbidden where no token is set, for whoever is neither."""
    token = Settings.here().metrics_token
    if is_this_machine() or (token and _is_shown(token)):
        return
    raise SignedOut(SHOW_THE_TOKEN) if token else Forbidden(HERE_ALONE)


def is_this_machine() -> bool:
    """Tell whether the request was made by a program of this machine, and not by a proxy for another."""
    return (
        _is_loopback(request.environ[PEER])
        and not request.environ[THROUGH_PROXY]
        and _names_this_machine(request.host)
        and not _has_undeclared_proxy(Settings.here())
    )


def _is_shown(token: str) -> bool:
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    ours, theirs = (hashlib.sha256(text.strip().encode()).digest() for text in (token, shown))
    return scheme.lower() == "bearer" and hmac.compare_digest(ours, theirs)


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback


def _names_this_machine(host: str) -> bool:
    """A page of another site may make a browser of this machine ask, by a name of its own."""
    name = urlsplit(f"//{host}").hostname or ""
    return name == "localhost" or _is_loopback(name)


def _has_undeclared_proxy(settings: Settings) -> bool:
    """Tell whether people come by another address than Echo's own, and nobody said by how many proxies."""
    if settings.trusted_proxies or not settings.public_url:
        return False
    public = urlsplit(settings.public_url)
    return public.scheme == "https" or (public.port or HTTP_PORT) != settings.port
