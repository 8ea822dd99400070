"""The one door: no page is registered or asked without its right in `echo/policies.py`.

Knows no page; whose thing is asked for is the services' to decide.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask
from flask_login import current_user

from echo import policies, scopes
from echo.errors import Forbidden, SignedOut
from echo.extensions import login_manager, shown_key
from echo.languages import gettext, mark
from echo.policies import Right
from echo.web import sessions, watchers

View = Callable[..., Any]

NO_KEY = (
    "Send an API key: “Authorization: Bearer echo_sk_…”. People make theirs under Profile, Keys."
)
NOT_ALLOWED = mark("You are signed in, but this page is not open to you.")


class GuardedFlask(Flask):
    """A Flask that puts the door in front of every view; rate limits go around both."""

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: View | None = None,
        *args: Any,
        **options: Any,
    ) -> None:
        """Register a route; raises LookupError for an endpoint that `policies.ROUTES` does not name."""
        name = endpoint or str(getattr(view_func, "__name__", rule))
        right = policies.of_route(name)
        if view_func is not None:
            view_func = self._guarded(name, view_func, right)
        super().add_url_rule(rule, endpoint, view_func, *args, **options)

    def _guarded(self, endpoint: str, view: View, right: Right) -> View:
        """Return the view behind the door; the same one for a second address of the endpoint."""
        present = self.view_functions.get(endpoint)
        if present is not None and getattr(present, "__wrapped__", None) is view:
            return present
        if right is Right.MACHINE:
            return _for_watchers(view)
        return view if right is Right.ANYONE else _behind(endpoint, right, view)


def _behind(endpoint: str, right: Right, view: View) -> View:
    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if right is Right.KEY and shown_key() is None:
            raise SignedOut(NO_KEY)
        if not current_user.is_authenticated:
            return login_manager.unauthorized()
        if not policies.allows(current_user.role_name, right):
            raise Forbidden(gettext(NOT_ALLOWED))
        if shown_key() is not None:
            _refuse_other_scopes(endpoint)
        return view(*args, **kwargs)

    return checked


def _for_watchers(view: View) -> View:
    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        watchers.refuse_others()
        return view(*args, **kwargs)

    return checked


def _refuse_other_scopes(endpoint: str) -> None:
    """Raise Forbidden where this request's key may not be used for the route."""
    program = sessions.current_program()
    wanted = scopes.KEY_SCOPES[endpoint]
    if program is None or not program.scopes & wanted:
        names = " or ".join(sorted(wanted))
        raise Forbidden(f"This key may not be used for that: it needs the scope {names}.")
