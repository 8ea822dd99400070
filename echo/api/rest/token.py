"""`POST /api/token`: a program signs in with a password, and stays so by a refresh token. Knows no rows."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, request
from pydantic import Field

from echo.api.bodies import Body, Text
from echo.api.operations import operation
from echo.api.rest import shapes
from echo.api.rest.asking import checked
from echo.errors import EchoError
from echo.extensions import client_network
from echo.forms.account import LoginForm
from echo.services.sign_in import access_tokens
from echo.services.sign_in.access_tokens import Origin, Tokens

blueprint = Blueprint("api_token", __name__, url_prefix="/api/token")

CHARS_MOST: Final = 1_000


class Credentials(Body):
    """Who signs in."""

    username: Text = Field(
        min_length=1, max_length=CHARS_MOST, description="a name or an e-mail address"
    )
    password: Text = Field(min_length=1, max_length=CHARS_MOST)


class RefreshToken(Body):
    """What keeps a program signed in."""

    refresh_token: Text = Field(min_length=1, max_length=CHARS_MOST)


@blueprint.post("")
@operation(shapes.Token, body=Credentials)
def make(body: Credentials) -> dict[str, Any]:
    """Sign in with a password."""
    origin = Origin(client_network(), request.remote_addr or "", request.user_agent.string)
    try:
        form = checked(LoginForm, {"credentials": body.username, "password": body.password})
        tokens = access_tokens.sign_in(str(form.credentials.data), str(form.password.data), origin)
    except EchoError as refused:
        if refused.field == "credentials":
            refused.field = "username"
        raise
    return _told(tokens)


@blueprint.post("/refresh")
@operation(shapes.Token, body=RefreshToken)
def refresh(body: RefreshToken) -> dict[str, Any]:
    """Get the next token; the refresh token stays the same."""
    return _told(access_tokens.refresh(body.refresh_token))


def _told(tokens: Tokens) -> dict[str, Any]:
    return {
        "access_token": tokens.access,
        "token_type": "bearer",
        "expires_in": access_tokens.SECONDS,
        "refresh_token": tokens.refresh,
    }
