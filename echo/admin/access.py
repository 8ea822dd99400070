"""Who may see which admin page: the one table of rights decides the menu and the address alike.

Knows no page; the door itself is in front of all pages, not here.
"""

from __future__ import annotations

from typing import Any

from flask import session
from flask_login import current_user

from echo import policies
from echo.errors import StepUpNeeded
from echo.services.sign_in import devices


def require_fresh_proof(page: str | None = None) -> None:
    """Raise StepUpNeeded unless the person has lately proved on this device who they are.

    `page` is where they go on afterwards, where that is not the address asked for.
    """
    try:
        devices.require_fresh(devices.find(session.get(devices.SESSION_KEY)))
    except StepUpNeeded as need:
        need.page = page
        raise


class Guarded:
    """Mixin, to be named before Flask-Admin's own class: the menu shows what the person may open."""

    endpoint: str
    _default_view: str

    def is_accessible(self) -> bool:
        role = current_user.role_name if current_user.is_authenticated else None
        return policies.allows(role, policies.of_route(f"{self.endpoint}.{self._default_view}"))

    def inaccessible_callback(self, name: str, **_kwargs: Any) -> Any:
        raise LookupError(f"{self.endpoint}.{name} was reached past the door")
