"""Asks for a fresh proof of who one is before an act that matters, and goes on with it. Knows no one act.

What was sent as a page's form is kept on the server and sent once more after the proof, so that ticks,
the chosen act and what was typed are not lost. Forms sent by script are kept by `ajax_form.js`.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from flask import Flask, current_app, request, url_for
from flask_login import current_user
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from echo.errors import InvalidInput, StepUpNeeded
from echo.languages import gettext, mark
from echo.services.sign_in import devices, kept_forms
from echo.services.sign_in.kept_forms import KeptForm
from echo.web import replies, sessions, sign_in_steps

KEPT: Final = "kept"
"""The field and the argument by which a kept form is named."""
FORM: Final = "application/x-www-form-urlencoded"
TOO_LATE: Final = mark("That took too long, so nothing was done. Please go back and send it again.")


def init_app(app: Flask) -> None:
    """Let a request that names a kept form have its fields."""
    app.before_request(_put_back)


def require() -> None:
    """Raise StepUpNeeded unless this request's device was confirmed in the last ten minutes."""
    devices.require_fresh(sessions.current_device())


def ask(need: StepUpNeeded) -> Response:
    """Lead to the page that asks, and from there back to the work."""
    page = need.page or _page_of_request()
    return replies.go(url_for("second_factor.confirm", next=page, kept=_kept()))


def way_on(target: str) -> str:
    """Return where to go after the proof: to the kept form, if one waits, else to the page."""
    key = request.args.get(KEPT)
    return url_for("second_factor.go_on", next=target, kept=key) if key else target


def _kept() -> str | None:
    """Keep a form that a page has sent; one without fields is a button, which waits on its page."""
    fields = [
        pair
        for pair in request.form.items(multi=True)
        if pair[0] not in (sessions.FORM_TOKEN, KEPT)
    ]
    if not fields or replies.wants_json():
        return None
    return kept_forms.keep(current_user.id, KeptForm(_address(), fields))


def _put_back() -> None:
    """Give the request the fields of the kept form that it names; the token stays its own."""
    is_form = request.method == "POST" and request.mimetype == FORM
    key = request.form.get(KEPT) if is_form else None
    if key is None or not current_user.is_authenticated:
        return
    form = kept_forms.take(current_user.id, key)
    if form is None or form.path != _address():
        raise InvalidInput(gettext(TOO_LATE))
    name = sessions.FORM_TOKEN
    token = [(name, request.form.get(name, ""))]
    request.form = ImmutableMultiDict([*form.fields, *token])


def _address() -> str:
    return request.full_path.rstrip("?")


def _page_of_request() -> str:
    """Return the page itself, or for what was sent from a page that one."""
    if request.method in ("GET", "HEAD"):
        return sign_in_steps.own_path(_address())
    came_from = urlsplit(request.referrer or "")
    if came_from.netloc != request.host:
        return sign_in_steps.own_path(None)
    query = f"?{came_from.query}" if came_from.query else ""
    return sign_in_steps.own_path(came_from.path + query if _is_page(came_from.path) else None)


def _is_page(path: str) -> bool:
    """Tell whether one can go there: a form that was shown with an error stands where it was sent to."""
    adapter = current_app.create_url_adapter(request)
    try:
        return adapter is not None and bool(adapter.match(path, method="GET"))
    except HTTPException:
        return False
