"""What happens once a person has proved who they are, by whatever way. Knows no one way.

Password, Google and passkey all end here, so that none of them can leave out a step.
"""

from __future__ import annotations

from flask import request, url_for
from werkzeug.wrappers import Response

from echo.models import User
from echo.web import replies, sessions


def own_path(target: str | None) -> str:
    """Return `target` when it is a path of this site, else the home page."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")):
        if target.isprintable() and "\\" not in target:
            return target
    return url_for("home.index")


def complete(
    user: User, *, remember: bool, method: str = "password", target: str | None = None
) -> Response:
    """Begin the session and go to `target` (the address's `next` when it is None)."""
    where = own_path(target if target is not None else request.args.get("next"))
    sessions.sign_in(user, remember=remember, method=method)
    return replies.go(where)
