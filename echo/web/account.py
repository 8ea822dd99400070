"""Sign-up, login, logout, profile, and the first super admin's page. Knows services and forms only."""

from __future__ import annotations

from flask import Blueprint, current_app, request, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from echo.errors import Forbidden
from echo.forms.account import LoginForm, LogoutForm, ProfileForm, SetupForm, SignupForm
from echo.services import accounts, first_admin
from echo.web import form_pages, rate_limits, replies, sessions

blueprint = Blueprint("account", __name__)


def own_path(target: str | None) -> str:
    """Return `target` when it is a path of this site, else the home page."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")):
        if target.isprintable() and "\\" not in target:
            return target
    return url_for("home.index")


@blueprint.route("/signup", methods=["GET", "POST"])
def signup() -> Response:
    form = SignupForm()

    def act() -> Response:
        if current_app.config["SIGNUP"] != "open":
            raise Forbidden("New accounts are made by an administrator here. Please ask one.")
        user = accounts.sign_up(
            _text(form, "username"), _text(form, "email"), _text(form, "password")
        )
        sessions.sign_in(user, remember=False)
        return replies.go(url_for("home.index"), f"Welcome, {user.username}!")

    return form_pages.handle(form, "signup.html", act, **_sign_in_ways())


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> Response:
    if current_user.is_authenticated and request.method == "GET":
        return replies.go(own_path(request.args.get("next")))
    form = LoginForm()

    def act() -> Response:
        rate_limits.count_login(accounts.limit_key(_text(form, "credentials")))
        user = accounts.check_password(_text(form, "credentials"), _text(form, "password"))
        sessions.sign_in(user, remember=bool(form.remember.data))
        return replies.go(own_path(request.args.get("next")))

    return form_pages.handle(form, "login.html", act, **_sign_in_ways())


@blueprint.route("/logout", methods=["POST"])
def logout() -> Response:
    if not LogoutForm().validate_on_submit():
        raise replies.first_error(LogoutForm())
    sessions.sign_out()
    return replies.go(url_for("home.index"), "You are signed out.")


@blueprint.route("/profile", methods=["GET", "POST"])
@login_required
def profile() -> Response:
    form = ProfileForm(obj=current_user)

    def act() -> Response:
        device = sessions.current_device()
        accounts.change_profile(
            current_user,
            username=_text(form, "username"),
            email=_text(form, "email"),
            new_password=form.new_password.data or "",
            password=form.password.data or "",
            keep_device=device.id if device else "",
        )
        return replies.done("Your profile is saved.", url_for("account.profile"))

    numbers = {**accounts.numbers(current_user.id), "since": current_user.created_at}
    return form_pages.handle(form, "profile.html", act, numbers=numbers)


@blueprint.route("/setup/<token>", methods=["GET", "POST"])
def setup(token: str) -> Response:
    """Make the first super admin, by the one-time link that the first start prints."""
    first_admin.check(token)
    form = SetupForm()

    def act() -> Response:
        user = first_admin.redeem(
            token, _text(form, "username"), _text(form, "email"), _text(form, "password")
        )
        sessions.sign_in(user, remember=False)
        return replies.go(url_for("home.index"), "You are Echo's super admin now.")

    return form_pages.handle(form, "setup.html", act)


def _text(form: object, name: str) -> str:
    return str(getattr(form, name).data)


def _sign_in_ways() -> dict[str, object]:
    return {"google_enabled": False, "signup_mode": current_app.config["SIGNUP"]}
