"""Who may see which admin page: one rule decides the menu and the address alike. Knows no page."""

from __future__ import annotations

from typing import Any, ClassVar

from flask_login import current_user

from echo.errors import Forbidden
from echo.extensions import login_manager
from echo.models import RoleName

RANKS = list(RoleName)  # weakest first


def has_right(least: RoleName) -> bool:
    """Tell whether the person here is signed in with the role `least` or a stronger one."""
    if not current_user.is_authenticated:
        return False
    return RANKS.index(current_user.role_name) >= RANKS.index(least)


class _Guarded:
    """Mixin, to be named before Flask-Admin's own class."""

    least: ClassVar[RoleName]

    def is_accessible(self) -> bool:
        return has_right(self.least)

    def inaccessible_callback(self, _name: str, **_kwargs: Any) -> Any:
        """Send a visitor to the login page; refuse everybody else."""
        if not current_user.is_authenticated:
            return login_manager.unauthorized()
        raise Forbidden("You are signed in, but this page is not open to you.")


class ChartsAllowed(_Guarded):
    """For analysts, admins and super admins."""

    least = RoleName.ANALYST


class AdminOnly(_Guarded):
    """For admins and super admins."""

    least = RoleName.ADMIN


class SuperAdminOnly(_Guarded):
    """For super admins."""

    least = RoleName.SUPER_ADMIN
