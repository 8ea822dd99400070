"""Who asks: the cookie holds a device's token, a program shows a key; their rows decide. Knows no forms."""

from __future__ import annotations

from typing import Any, Final

from flask import Flask, g, redirect, request, session, url_for
from flask import Response as FlaskResponse
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_login import login_user, logout_user
from werkzeug.wrappers import Response

from echo.clock import iso
from echo.errors import SignedOut
from echo.extensions import login_manager, shown_key, take_little_of_visitors
from echo.languages import gettext
from echo.models import Device, User
from echo.services.sign_in import devices, programs
from echo.services.sign_in.programs import Program
from echo.web import known_devices, replies

FORM_TOKEN: Final = "csrf_token"
NO_LONGER: Final = (
    "This API key or token does not work: it has ended, or there never was one like it."
)
SIGNED_OUT: Final = "signed_out"
"""Where the cookie names the account whose unsent words this browser forgets (static/js/session_end.js)."""


def init_app(app: Flask) -> None:
    """Let the device's row, not the cookie, say who is signed in."""
    login_manager.init_app(app)
    login_manager.unauthorized_handler(_refuse_visitor)
    app.session_interface = SessionCookie()
    login_manager.request_loader(_user_of_request)
    app.before_request(_note_visit)
    app.url_value_preprocessor(lambda _endpoint, _values: take_little_of_visitors())


class SessionCookie(SecureCookieSessionInterface):
    """Flask's signed cookie, Secure where the request came by HTTPS; after it the known device's."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure

    def save_session(self, app: Flask, session: SessionMixin, response: FlaskResponse) -> None:
        """Leave files that caches share without a cookie, also for those who are remembered."""
        if request.endpoint != "static":
            super().save_session(app, session, response)
            known_devices.save(response)


def _refuse_visitor() -> Response:
    """Send a visitor's browser to the login page; tell a program that it is signed out."""
    if shown_key() is not None:
        raise SignedOut(NO_LONGER)
    if replies.wants_json():
        raise SignedOut(gettext("Please sign in first."))
    return to_login()


def _user_of_request(_request: object) -> User | None:
    if shown_key() is not None:
        program = current_program()
        return program.user if program else None
    device = current_device()
    return device.user if device else None


@login_manager.user_loader
def _user_of_cookie(_user_id: str) -> User | None:
    """flask-login's own cookie entry counts for nothing without a live device."""
    return _user_of_request(None)


def current_device() -> Device | None:
    """Return the device of this request, looked up once."""
    if "device" not in g:
        g.device = devices.find(session.get(devices.SESSION_KEY))
    device: Device | None = g.device
    return device


def current_program() -> Program | None:
    """Return whom the key or token stands for that this request shows, looked up once; None: for nobody."""
    if "program" not in g:
        g.program = programs.find(shown_key())
    program: Program | None = g.program
    return program


def sign_in(user: User, remember: bool, method: str = "password") -> None:
    """Begin a new session (a former one's content is dropped, so that it cannot be fixated)."""
    end(but_for=user)
    session.pop(FORM_TOKEN, None)
    session[devices.SESSION_KEY] = devices.sign_in(
        user,
        address=request.remote_addr or "",
        user_agent=request.user_agent.string,
        remember=remember,
        method=method,
    )
    session.permanent = remember
    g.pop("device", None)
    known_devices.remember(user)
    login_user(user)


def end(but_for: User | None = None) -> None:
    """End this browser's session; who signs in again right after (`but_for`) finds the unsent words."""
    device = current_device()
    if device is not None:
        devices.revoke(device)
    stays = device is None or (but_for is not None and but_for.id == device.user_id)
    forget(None if device is None or stays else device.user_id)


def forget(user_id: int | None) -> None:
    """Empty this browser's cookie; its device's row has ended, or is gone.

    An account that is named leaves no unsent words behind. The token of forms stays until somebody signs in:
    other tabs may show the sign-in page already.
    """
    logout_user()
    token = session.get(FORM_TOKEN)
    session.clear()
    if token is not None:
        session[FORM_TOKEN] = token
    if user_id is not None:
        session[SIGNED_OUT] = user_id
    g.pop("device", None)


def signed_out_account() -> int | str | None:
    """Return whose unsent words this browser must forget, "*" for everybody's, or None.

    The account was signed out here, or from elsewhere while no page was open. A session that has only
    run out takes nothing away.
    """
    named: int | None = session.get(SIGNED_OUT)
    if named is not None or "device" not in g or g.device is not None:
        return named
    return devices.signed_out_account(session.get(devices.SESSION_KEY))


def account_here() -> int | str | None:
    """Return who is signed in here, "" for nobody; None where that was not looked up, as on error pages."""
    if "device" not in g:
        return None
    return g.device.user_id if g.device else ""


def lasting() -> dict[str, Any]:
    """Return for the page how long its session lasts: while it is heard of, and until its end at most."""
    device = current_device()
    kind = devices.REMEMBERED if session.permanent else devices.LIFETIME
    return {
        "remembered": session.permanent,
        "idle_seconds": int(kind.idle.total_seconds()),
        "ends_at": iso(device.expires_at) if device else None,
    }


def _note_visit() -> None:
    if request.endpoint in (None, "static"):
        return
    if shown_key() is not None:
        program = current_program()
        if program is not None:
            programs.touch(program)
        return
    device = current_device()
    if device is not None:
        devices.touch(device)


def to_login() -> Response:
    """Redirect to the login page, and from there back here."""
    return redirect(url_for("account.login", next=request.full_path.rstrip("?")))
