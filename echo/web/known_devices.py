"""Browsers in which somebody has signed in before: their tries are counted apart from strangers'.

So whoever knows a name can shut no owner out. Source: OWASP, "Slow Down Online Guessing Attacks with Device
Cookies". The cookie proves nothing else: it is no session, and opens nothing without the password.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Response, current_app, g, request
from itsdangerous import BadSignature, URLSafeSerializer

from echo.extensions import client_network
from echo.models import User
from echo.services.accounts import accounts
from echo.services.sign_in import login_delays
from echo.services.tokens import new_token

COOKIE: Final = "echo_known"
SECONDS: Final = 400 * 24 * 3600  # browsers keep none longer
ACCOUNTS: Final = 5  # of one browser


def place_of(credentials: str) -> str:
    """Return where a try to log in comes from: a device that the account knows, else a network."""
    user = accounts.find(credentials)
    nonce = _known().get(str(user.id)) if user is not None else None
    return login_delays.known_device(nonce) if nonce else client_network()


def remember(user: User) -> None:
    """Let this browser be known to the account from now on; others that it knows are kept."""
    known = _known()
    mine = known.pop(str(user.id), None) or new_token()
    g.known_device = dict([*known.items(), (str(user.id), mine)][-ACCOUNTS:])


def save(response: Response) -> None:
    """Set the cookie on the answer to a request that has remembered somebody."""
    if "known_device" in g:
        response.set_cookie(
            COOKIE,
            str(_serializer().dumps(g.known_device)),
            max_age=SECONDS,
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )


def _known() -> dict[str, str]:
    """Return the nonce of each account that knows this browser, by its number."""
    try:
        found: Any = _serializer().loads(request.cookies.get(COOKIE, ""))
    except BadSignature:
        return {}
    return found if isinstance(found, dict) else {}


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="known-device")
