"""Login, logout, and the first super admin's page. Knows services and forms only."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from echo.config import Settings
from echo.forms.account import LoginForm, SetupForm
from echo.languages import gettext
from echo.services import site_settings
from echo.services.sign_in import first_admin, password_login
from echo.web import form_pages, known_devices, replies, sessions, sign_in_steps

blueprint = Blueprint("account", __name__)


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> Response:
    if current_user.is_authenticated and request.method == "GET":
        return replies.go(sign_in_steps.own_path(request.args.get("next")))
    form = LoginForm()

    def act() -> Response:
        credentials = str(form.credentials.data)
        place = known_devices.place_of(credentials)
        user = password_login.sign_in(credentials, str(form.password.data), place)
        return sign_in_steps.complete(user, remember=bool(form.remember.data))

    missing = {"is_setup_needed": first_admin.is_needed, "setup_command": first_admin.COMMAND}
    return form_pages.handle(form, "login.html", act, **sign_in_ways(), **missing)


@blueprint.route("/logout", methods=["POST"])
def logout() -> Response:
    sessions.end()
    return replies.go(url_for("home.index"), gettext("You are signed out."))


@blueprint.route("/setup/<token>", methods=["GET", "POST"])
def setup(token: str) -> Response:
    """Make the first super admin, by the one-time link that a start and `setup-link` print."""
    first_admin.check(token)
    form = SetupForm()

    def act() -> Response:
        user = first_admin.redeem(
            token, str(form.username.data), str(form.email.data), str(form.password.data)
        )
        sessions.sign_in(user, remember=False)
        return replies.go(url_for("home.index"), gettext("You are Echo's super admin now."))

    return form_pages.handle(form, "setup.html", act)


def sign_in_ways() -> dict[str, object]:
    """Return which ways of signing in and up the pages offer."""
    settings = Settings.here()
    return {
        "google_enabled": bool(settings.google_client_id),
        "mail_enabled": bool(settings.mail_url),
        "signup_mode": site_settings.current().signup_mode,
    }
