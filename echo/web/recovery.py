"""The pages that links in mails lead to, and those that ask for such links. Knows services and forms only."""

from __future__ import annotations

from flask import Blueprint, url_for
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from echo.errors import EchoError, Forbidden
from echo.forms.recovery import ForgotForm, ResetForm
from echo.languages import gettext, mark
from echo.models import User
from echo.services import mail
from echo.services.accounts import addresses
from echo.services.accounts.one_time_links import Purpose
from echo.services.sign_in import recovery
from echo.web import account, form_pages, replies

blueprint = Blueprint("recovery", __name__)

NO_MAIL = mark("This server sends no mail. Please ask its administrator for a link.")
SENT = mark("If there is such an account, its owner gets a mail with a link. It works for an hour.")


@blueprint.route("/forgot", methods=["GET", "POST"])
def forgot() -> Response:
    """Ask for a link; the answer is the same, and as fast, whether or not there is such an account."""
    form = ForgotForm()

    def act() -> Response:
        if not mail.is_enabled():
            raise Forbidden(gettext(NO_MAIL))
        recovery.ask_for_reset(str(form.credentials.data))
        return replies.go(url_for("account.login"), gettext(SENT))

    return form_pages.handle(form, "forgot.html", act, **account.sign_in_ways())


@blueprint.route("/reset/<token>", methods=["GET", "POST"])
def reset(token: str) -> Response:
    """Choose a new password, by a link from a mail or from an administrator."""
    user, _ = recovery.person(token, Purpose.RESET_PASSWORD)
    form = ResetForm()

    def act() -> Response:
        recovery.reset(token, str(form.password.data))
        return replies.go(
            url_for("account.login"), gettext("Your password is changed. Please sign in.")
        )

    return form_pages.handle(form, "reset.html", act, username=user.username)


@blueprint.route("/verify/<token>", methods=["GET", "POST"])
def verify(token: str) -> Response:
    """Confirm an address; only the button does it."""
    user, link = recovery.person(token, Purpose.VERIFY_EMAIL)
    form = FlaskForm()  # a button: programs that look into mails follow links, but press none

    def act() -> Response:
        recovery.verify(token)
        return replies.go(url_for("home.index"), gettext("Your e-mail address is confirmed."))

    return form_pages.handle(form, "verify.html", act, username=user.username, address=link.email)


@blueprint.route("/unlock/<token>", methods=["GET", "POST"])
def unlock(token: str) -> Response:
    """End the delay after wrong passwords."""
    user, _ = recovery.person(token, Purpose.UNLOCK)
    form = FlaskForm()  # a button: programs that look into mails follow links, but press none

    def act() -> Response:
        recovery.unlock(token)
        return replies.go(url_for("account.login"), gettext("You can sign in again."))

    return form_pages.handle(form, "unlock.html", act, username=user.username)


@blueprint.route("/profile/verify", methods=["POST"])
def send_verification() -> Response:
    """Send the link that proves one's address again."""
    address = addresses.send_link(current_user)
    return replies.done(
        gettext("We sent a link to %(address)s.", address=address), url_for("profile.index")
    )


def welcome(user: User) -> str:
    """Greet a new person; where mails are sent, the first link is on its way to them."""
    greeting = gettext("Welcome, %(name)s!", name=user.username)
    if not mail.is_enabled() or user.email_verified_at:
        return greeting
    try:
        addresses.send_link(user)
    except EchoError:  # the account is made all the same; the profile page can send another link
        return greeting
    return gettext(
        "Welcome, %(name)s! We sent you a link to confirm your e-mail address.", name=user.username
    )
