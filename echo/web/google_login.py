"""Signing in with Google, and connecting it to an account. Knows services; the protocol is the client's.

The client is imported only where Google is configured; elsewhere these pages do not exist.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Final

import structlog
from flask import (
    Blueprint,
    Flask,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.blueprints import BlueprintSetupState
from flask_login import current_user
from werkzeug.wrappers import Response

from echo import hub
from echo.config import Settings
from echo.errors import Conflict, EchoError, Forbidden, NotFound
from echo.languages import gettext, mark
from echo.models import User
from echo.services.people import invites
from echo.services.sign_in import google, google_pictures, once
from echo.services.sign_in.google import Identity
from echo.web import replies, sessions, sign_in_steps, signup, step_up

log = structlog.get_logger()
blueprint = Blueprint("google_login", __name__)

INTENT: Final = "google-connect"
INTENT_SECONDS: Final = 300
CHANGED: Final = mark(
    "You signed in or out meanwhile, so Google was not connected. Please try again."
)


@blueprint.record_once
def _bind(state: BlueprintSetupState) -> None:
    settings: Settings = state.app.extensions["settings"]
    if settings.google_client_id and isinstance(state.app, Flask):
        from echo.web import google_client

        google_client.init_app(state.app, settings)


def _client() -> ModuleType:
    """Return the client's module; raises NotFound where Google is not configured."""
    settings = Settings.here()
    if not settings.google_client_id:
        raise NotFound(gettext("This page does not exist, or it is not yours."))
    from echo.web import google_client

    return google_client


@blueprint.route("/login/google")
def start() -> Response:
    """Lead to Google: to sign in, or with an `intent` to connect the account that is signed in."""
    _client()
    intent = request.args.get("intent")
    kept = _kept_for_connecting(intent) if intent else {"next": request.args.get("next")}
    try:
        if kept is None:
            raise Forbidden(gettext(CHANGED))
        if not intent and current_user.is_authenticated:
            return redirect(sign_in_steps.own_path(kept["next"]))
        address = _client().begin(_redirect_uri(), kept)
    except EchoError as error:
        return _refused(error, kept or {})
    if not intent:
        return redirect(address)
    # A form sent this browser here. Its `form-action` covers redirects too, so a page goes on instead.
    return Response(render_template("google_continue.html", address=address), mimetype="text/html")


def _redirect_uri() -> str:
    settings = Settings.here()
    if settings.public_url:
        return settings.public_url + url_for("google_login.authorize")
    return url_for("google_login.authorize", _external=True)


def _kept_for_connecting(intent: str) -> dict[str, Any] | None:
    """Return whose account on which device is to be connected; None when that is not this one."""
    kept: dict[str, Any] | None = once.take(INTENT, intent)
    return kept if kept and _is_this_session(kept) else None


def _is_this_session(kept: dict[str, Any]) -> bool:
    device = sessions.current_device()
    return device is not None and (device.user_id, device.id) == (
        kept["user_id"],
        kept["device_id"],
    )


@blueprint.route("/authorize/google")
def authorize() -> Response:
    """Where Google sends people back to."""
    client = _client()
    kept = client.kept_of_request() or {}
    try:
        identity = google.identity_of(client.claims())
        return _connect(kept, identity) if "user_id" in kept else _sign_in(kept, identity)
    except EchoError as error:
        return _refused(error, kept)


def _refused(error: EchoError, kept: dict[str, Any]) -> Response:
    """Say why on the page that this began on."""
    flash(error.text, "error")
    if current_user.is_authenticated:
        return redirect(url_for("second_factor.security"))
    return redirect(url_for("account.login", next=kept.get("next")))


def _sign_in(kept: dict[str, Any], identity: Identity) -> Response:
    user = google.known(identity)
    if user is not None:
        return sign_in_steps.complete(user, remember=False, method="google", target=kept["next"])
    user = _new_account(identity)
    answer = sign_in_steps.complete(user, remember=False, method="google", target=kept["next"])
    flash(gettext("Welcome, %(name)s!", name=user.username), "success")
    return answer


def _new_account(identity: Identity) -> User:
    google.refuse_new(identity)
    with invites.admission(session.get(signup.INVITE_KEY)):
        user = google.create(identity)
    log.info("account made by google", user_id=user.id)
    if google_pictures.is_trusted(identity.picture):
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        hub.spawn(google_pictures.keep, app, user.id, identity.picture)
    return user


def _connect(kept: dict[str, Any], identity: Identity) -> Response:
    if not _is_this_session(kept):
        raise Forbidden(gettext(CHANGED))
    google.connect(kept["user_id"], identity)
    log.info("google connected", user_id=kept["user_id"])
    return replies.go(
        url_for("second_factor.security"),
        gettext("Google is connected. You can sign in with it now."),
    )


@blueprint.route("/profile/google", methods=["POST"])
def link() -> Response:
    """Begin to connect Google; what is wanted is kept here, for the device that wants it."""
    _client()
    step_up.require()
    device = sessions.current_device()
    if device is None:
        raise Forbidden(gettext(CHANGED))
    kept = {"user_id": device.user_id, "device_id": device.id}
    return replies.go(url_for("google_login.start", intent=once.put(INTENT, kept, INTENT_SECONDS)))


@blueprint.route("/profile/google/unlink", methods=["POST"])
def unlink() -> Response:
    """Disconnect Google, where a password remains."""
    _client()
    try:
        google.refuse_without_password(current_user)
        step_up.require()
        google.disconnect(current_user.id)
    except Conflict as error:
        return replies.refused(error) if replies.wants_json() else _refused(error, {})
    log.info("google disconnected", user_id=current_user.id)
    return replies.go(url_for("second_factor.security"), gettext("Google is no longer connected."))
