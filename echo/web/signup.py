"""Sign-up. Knows services and forms only."""

from __future__ import annotations

from flask import Blueprint, current_app, url_for
from werkzeug.wrappers import Response

from echo.errors import Forbidden
from echo.forms.account import SignupForm
from echo.services import accounts
from echo.web import account, form_pages, replies, sessions

blueprint = Blueprint("signup", __name__)


@blueprint.route("/signup", methods=["GET", "POST"])
def index() -> Response:
    form = SignupForm()

    def act() -> Response:
        if current_app.config["SIGNUP"] != "open":
            raise Forbidden("New accounts are made by an administrator here. Please ask one.")
        user = accounts.sign_up(
            str(form.username.data), str(form.email.data), str(form.password.data)
        )
        sessions.sign_in(user, remember=False)
        return replies.go(url_for("home.index"), f"Welcome, {user.username}!")

    return form_pages.handle(form, "signup.html", act, **account.sign_in_ways())
