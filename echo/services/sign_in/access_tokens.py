"""Tokens of programs that have signed in with a password; each is good for 15 minutes. Knows no requests.

A token (JWT, RFC 7519, signed with HMAC-SHA256) names a device, whose row holds the SHA-256 of the refresh
token. It is worth nothing without that row: each request looks at it, so whatever ends a session ends it.
A refresh token stays the same as long as its session, like a browser's cookie: one that changed with every
use would end the session whenever an answer is lost on its way.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from joserfc.jwt import JWTClaimsRegistry

from echo.clock import utc_now
from echo.errors import SecondFactorNeeded, SignedOut
from echo.languages import gettext, mark
from echo.models import Device
from echo.services.sign_in import devices, password_login, second_factor, secret_box

SECONDS: Final = 900
ALGORITHM: Final = "HS256"
ISSUER: Final = "echo"
CHARS_MOST: Final = 500
"""Of what is looked at: one has about 220."""
REFRESH_PREFIX: Final = "echo_rt_"
SECOND_FACTOR: Final = mark(
    "This account asks for a second step. Make an API key under Profile, Keys, instead."
)
ENDED: Final = mark(
    "This refresh token does not work: its session has ended. Please sign in again."
)


class Tokens(NamedTuple):
    """What a program is given: a token to ask with, and one to get the next by."""

    access: str
    refresh: str


class Origin(NamedTuple):
    """Where a program signs in from: whose tries are counted together, its address and its name."""

    place: str
    address: str
    user_agent: str


def sign_in(credentials: str, password: str, origin: Origin) -> Tokens:
    """Begin the session of a program, a device like any other.

    Raises:
        WrongCredentials, RateLimited: as `password_login.sign_in`.
        SecondFactorNeeded: the password alone does not sign this account in.
    """
    user = password_login.sign_in(credentials, password, origin.place)
    if second_factor.is_on(user):
        raise SecondFactorNeeded(gettext(SECOND_FACTOR))
    token = devices.sign_in(
        user,
        address=origin.address,
        user_agent=origin.user_agent,
        remember=True,
        method=devices.PROGRAM,
    )
    return refresh(REFRESH_PREFIX + token)


def refresh(refresh_token: str) -> Tokens:
    """Return the next token to ask with; raises SignedOut when the session has ended."""
    prefix, token = refresh_token[: len(REFRESH_PREFIX)], refresh_token[len(REFRESH_PREFIX) :]
    device = devices.find(token) if prefix == REFRESH_PREFIX else None
    if device is None or device.method != devices.PROGRAM:
        raise SignedOut(gettext(ENDED), field="refresh_token")
    devices.touch(device)
    return Tokens(_issue(device), refresh_token)


def _issue(device: Device) -> str:
    claims = {
        "iss": ISSUER,
        "sub": str(device.user_id),
        "sid": device.id,
        "exp": _now() + SECONDS,
    }
    return jwt.encode({"alg": ALGORITHM}, claims, _key(), algorithms=[ALGORITHM])


def find(token: str) -> Device | None:
    """Return the live device that a token names; None for one that is wrong or too old."""
    if len(token) > CHARS_MOST:
        return None
    try:
        claims = jwt.decode(token, _key(), algorithms=[ALGORITHM]).claims
        _registry().validate(claims)
    except (JoseError, ValueError):
        return None
    device = devices.find_by_id(claims["sid"])
    is_theirs = device is not None and str(device.user_id) == claims["sub"]
    return device if is_theirs else None


def _registry() -> JWTClaimsRegistry:
    return JWTClaimsRegistry(
        now=_now(),
        iss={"essential": True, "value": ISSUER},
        sub={"essential": True},
        sid={"essential": True},
        exp={"essential": True},
    )


def _now() -> int:
    return int(utc_now().timestamp())


def _key() -> OctKey:
    return OctKey.import_key(secret_box.derived_key("access token"))
