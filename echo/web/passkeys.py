"""Passkeys: the JSON that the browser's ceremonies need, and renaming and removing. Knows no algorithm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Blueprint, jsonify, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from echo import text
from echo.config import public_address
from echo.errors import InvalidInput, SignedOut
from echo.forms.fields import check
from echo.forms.second_factor import PasskeyNameForm
from echo.languages import gettext
from echo.limits import PASSKEY_NAME_CHARS
from echo.models import User
from echo.services.sign_in import passkeys, second_factor
from echo.services.sign_in.passkey_challenges import Challenge, Purpose, Site
from echo.web import replies, sign_in_steps, step_up
from echo.web import second_factor as pages

blueprint = Blueprint("passkeys", __name__)

CHALLENGE_KEY: Final = "passkey_challenge"


@dataclass(frozen=True)
class Ceremony:
    """What a browser sends: its answer, and what the person chose beside it."""

    purpose: Purpose
    credential: Any
    name: str
    remember: bool

    @classmethod
    def of_request(cls) -> Ceremony:
        """Read the body; raises InvalidInput when it is none."""
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise InvalidInput(gettext("This request is not readable."))
        purpose = body.get("purpose", Purpose.SIGN_IN)
        if purpose not in list(Purpose):
            raise InvalidInput(gettext("There is no such purpose."), field="purpose")
        name = text.storable(str(body.get("name") or "")[:PASSKEY_NAME_CHARS].strip())
        name = "" if text.is_blank(name) else name
        remember = body.get("remember") is True
        return cls(Purpose(purpose), body.get("credential"), name, remember)


@blueprint.route("/passkeys/options", methods=["POST"])
def registration_options() -> Response:
    step_up.require()
    return _ask(passkeys.registration_options(current_user, _site()))


@blueprint.route("/passkeys", methods=["POST"])
def register() -> Response:
    step_up.require()
    sent = Ceremony.of_request()
    key = session.pop(CHALLENGE_KEY, None)
    codes = second_factor.add_passkey(current_user, _site(), key, sent.credential, sent.name)
    return pages.show(codes, gettext("Your passkey is ready."))


@blueprint.route("/passkeys/<passkey_id>/rename", methods=["POST"])
def rename(passkey_id: str) -> Response:
    form = PasskeyNameForm()
    check(form)
    passkeys.rename(current_user.id, passkey_id, str(form.name.data))
    return replies.done(gettext("The passkey has a new name."), url_for("second_factor.security"))


@blueprint.route("/passkeys/<passkey_id>/remove", methods=["POST"])
def remove(passkey_id: str) -> Response:
    step_up.require()
    second_factor.remove_passkey(current_user, passkey_id)
    return pages.show(None, gettext("The passkey is removed."))


@blueprint.route("/login/passkey/options", methods=["POST"])
def sign_in_options() -> Response:
    purpose = Ceremony.of_request().purpose
    return _ask(passkeys.sign_in_options(_site(), purpose, _who_must_answer(purpose)))


@blueprint.route("/login/passkey", methods=["POST"])
def sign_in() -> Response:
    """Take the answer: as a sign-in, as the second step of one, or as the proof before an act."""
    sent = Ceremony.of_request()
    expected = _who_must_answer(sent.purpose)
    key = session.pop(CHALLENGE_KEY, None)
    user = passkeys.check(_site(), sent.purpose, key, sent.credential, expected)
    if sent.purpose is Purpose.SECOND:
        waiting = sign_in_steps.pending()
        return sign_in_steps.finish(waiting) if waiting else sign_in_steps.start_again()
    if sent.purpose is Purpose.CONFIRM:
        return pages.confirmed(sign_in_steps.own_path(request.args.get("next")))
    return sign_in_steps.complete(user, remember=sent.remember, method="passkey")


def _ask(challenge: Challenge) -> Response:
    session[CHALLENGE_KEY] = challenge.key
    return jsonify(status="ok", options=challenge.options)


def _who_must_answer(purpose: Purpose) -> User | None:
    """Return the person whose passkey is asked for; None: whoever wants to sign in.

    Raises:
        SignedOut: nobody is signed in, or no sign-in waits.
        InvalidInput: passkeys are not registered here.
    """
    if purpose is Purpose.SIGN_IN:
        return None
    if purpose is Purpose.REGISTER:
        raise InvalidInput(gettext("There is no such purpose."), field="purpose")
    if purpose is Purpose.SECOND:
        waiting = sign_in_steps.pending()
        user = waiting.user if waiting else None
    else:
        user = current_user._get_current_object() if current_user.is_authenticated else None
    if user is None:
        raise SignedOut(gettext("Please sign in again."))
    return user


def _site() -> Site:
    """Return the public address of the settings, or else the one that the browser has asked for."""
    parts = urlsplit(public_address())
    standard = {"http": 80, "https": 443}.get(parts.scheme)
    host = parts.hostname or ""
    port = "" if parts.port in (None, standard) else f":{parts.port}"
    return Site(rp_id=host, origin=f"{parts.scheme}://{host}{port}")
