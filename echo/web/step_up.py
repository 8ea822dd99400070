"""Asks for a fresh proof of who one is before an act that matters. Knows no one act."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import current_app, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from echo.services.sign_in import devices
from echo.web import replies, sessions, sign_in_steps


def require() -> None:
    """Raise StepUpNeeded unless this request's device was confirmed in the last ten minutes."""
    devices.require_fresh(sessions.current_device())


def ask() -> Response:
    """Lead to the page that asks, and from there back to the page that the person is on."""
    return replies.go(url_for("second_factor.confirm", next=_page_of_request()))


def _page_of_request() -> str:
    """Return the page itself, or for what was sent from a page that one."""
    if request.method in ("GET", "HEAD"):
        return sign_in_steps.own_path(request.full_path.rstrip("?"))
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
