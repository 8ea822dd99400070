"""The second factor: asked for at login and before acts that matter, and set up. Knows no algorithm."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import segno
from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response

from echo.errors import EchoError, NotFound
from echo.forms.fields import check
from echo.forms.second_factor import CodeForm, ConfirmForm, TotpForm
from echo.languages import gettext, mark
from echo.services.sign_in import (
    devices,
    kept_forms,
    passkeys,
    pending_sign_ins,
    second_factor,
    totp,
)
from echo.web import account, form_pages, replies, sessions, sign_in_steps, step_up

blueprint = Blueprint("second_factor", __name__)

TOO_MANY = mark("Too many wrong codes. Please sign in again.")


@blueprint.route("/login/second", methods=["GET", "POST"])
def challenge() -> Response:
    """The second step of a sign-in by password or Google."""
    waiting = sign_in_steps.pending()
    if waiting is None:
        return sign_in_steps.start_again()
    form = CodeForm()

    def act() -> Response:
        if not pending_sign_ins.may_try(waiting):
            return sign_in_steps.start_again(gettext(TOO_MANY))
        second_factor.check_code(waiting.user, str(form.code.data))
        return sign_in_steps.finish(waiting)

    state = second_factor.state(waiting.user)
    return form_pages.handle(form, "second_factor.html", act, state=state, name=waiting.user)


@blueprint.route("/confirm", methods=["GET", "POST"])
def confirm() -> Response:
    """Prove again who one is; what that takes depends on what the account has."""
    form = ConfirmForm()
    target = sign_in_steps.own_path(request.args.get("next"))
    state = second_factor.state(current_user)

    def act() -> Response:
        if current_user.password_hash is None and not state.is_on:
            return _sign_in_again(target)
        second_factor.prove(current_user, form.password.data or "", form.code.data or "")
        return confirmed(target)

    context = {**account.sign_in_ways(), "state": state, "target": target}
    return form_pages.handle(form, "confirm.html", act, **context)


def _sign_in_again(target: str) -> Response:
    """An account of Google alone has nothing to type: a new sign-in is its proof."""
    sessions.end(but_for=current_user)
    flash(gettext("Please sign in with Google again."), "info")
    return replies.go(url_for("account.login", next=step_up.way_on(target)))


def confirmed(target: str) -> Response:
    """Note that this device was just confirmed, and go back to where the question came up."""
    device = sessions.current_device()
    if device is not None:
        devices.confirm(device)
    where = step_up.way_on(target)
    return replies.go(where, gettext("Thank you. You can go on now.") if where == target else None)


@blueprint.route("/confirm/go-on")
def go_on() -> Response:
    """Send what waited for the proof; once it was sent, this page leads back to the work."""
    target = sign_in_steps.own_path(request.args.get("next"))
    key = request.args.get(step_up.KEPT, "")
    form = kept_forms.look(current_user.id, key)
    if form is None:
        return redirect(target)
    return make_response(render_template("go_on.html", path=form.path, key=key, target=target))


@blueprint.route("/profile/security")
def security() -> Response:
    """What opens one's account, and how safe that is."""
    page = render_template(
        "security.html",
        **account.sign_in_ways(),
        form=TotpForm(),
        state=second_factor.state(current_user),
        passkeys=passkeys.own(current_user.id),
        setup=_setup(request.args.get("setup", "")),
        codes=second_factor.shown_codes(current_user, request.args.get("codes")),
    )
    return make_response(page)


@blueprint.route("/profile/totp", methods=["POST"])
def begin_totp() -> Response:
    step_up.require()
    key = second_factor.begin_totp(current_user)
    return replies.go(url_for(".security", setup=key, _anchor="authenticator"))


@blueprint.route("/profile/totp/finish", methods=["POST"])
def finish_totp() -> Response:
    step_up.require()
    form = TotpForm()
    key = str(form.setup.data or "")
    try:
        check(form)
        codes = second_factor.finish_totp(current_user, key, str(form.code.data))
    except EchoError as error:
        return _not_finished(key, error)
    return show(codes, gettext("Your authenticator application is set up."))


def _not_finished(key: str, error: EchoError) -> Response:
    """Say why; the page with the picture is shown again, for it has an address of its own."""
    if replies.wants_json():
        return replies.refused(error)
    flash(error.text, "error")
    return replies.go(url_for(".security", setup=key, _anchor="authenticator"))


@blueprint.route("/profile/totp/remove", methods=["POST"])
def remove_totp() -> Response:
    step_up.require()
    second_factor.remove_totp(current_user)
    return show(None, gettext("Your authenticator application is removed."))


@blueprint.route("/profile/recovery-codes", methods=["POST"])
def renew_recovery_codes() -> Response:
    step_up.require()
    return show(
        second_factor.renew_codes(current_user), gettext("Your old recovery codes are void.")
    )


def show(codes_key: str | None, message: str) -> Response:
    """Lead to the page of one's factors; it shows the recovery codes that were just made."""
    anchor = "recovery-new" if codes_key else None
    return replies.go(url_for("second_factor.security", codes=codes_key, _anchor=anchor), message)


def _setup(key: str) -> dict[str, Any] | None:
    """Return the secret that waits to be confirmed, as picture and as text to type."""
    if not key:
        return None
    try:
        secret = second_factor.waiting_secret(current_user, key)
    except NotFound as gone:
        flash(gone.text, "error")
        return None
    address = totp.address(secret, current_user.username, _issuer())
    groups = [secret[at : at + 4] for at in range(0, len(secret), 4)]
    return {"key": key, "address": address, "groups": groups, "picture": _picture(address)}


def _issuer() -> str:
    host = urlsplit(request.host_url).hostname or "localhost"
    return f"Echo ({host})"


def _picture(address: str) -> Markup:
    """Return the QR code as SVG without fixed size and without style attributes."""
    return Markup(segno.make(address, error="m").svg_inline(omitsize=True, svgclass="qr"))
