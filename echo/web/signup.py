"""Sign-up, with an invitation where one is needed. Knows services and forms only."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, redirect, request, session, url_for
from werkzeug.wrappers import Response

from echo.errors import EchoError
from echo.forms.account import SignupForm
from echo.services import site_settings
from echo.services.accounts import accounts, reserved_names
from echo.services.people import invites
from echo.web import account, form_pages, recovery, replies, sessions

blueprint = Blueprint("signup", __name__)

INVITE_KEY: Final = "invite"
"""Where the cookie keeps the invitation, so that every way of signing up can use it."""


@blueprint.route("/signup", methods=["GET", "POST"])
def index() -> Response:
    token = request.args.get("invite")
    if token and site_settings.current().signup_mode == "invite":
        session[INVITE_KEY] = token[:100]
    if token and request.method == "GET":
        return redirect(url_for("signup.index"))  # the token stays out of history and Referer
    form = SignupForm()

    def act() -> Response:
        reserved_names.refuse(str(form.username.data))
        with invites.admission(session.get(INVITE_KEY)):
            user = accounts.sign_up(
                str(form.username.data), str(form.email.data), str(form.password.data)
            )
        sessions.sign_in(user, remember=False)
        return replies.go(url_for("home.index"), recovery.welcome(user))

    return form_pages.handle(form, "signup.html", act, refusal=_refusal(), **account.sign_in_ways())


def _refusal() -> str | None:
    """Return why nobody can sign up from this browser now, None when they can."""
    try:
        invites.refuse_visitor(session.get(INVITE_KEY))
    except EchoError as error:
        return error.text
    return None
