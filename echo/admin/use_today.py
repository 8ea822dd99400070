"""Who used how much of the daily allowances today. Changes nothing."""

from __future__ import annotations

from typing import Any

from flask import flash, request
from flask_admin import BaseView, expose

from echo.admin import words
from echo.admin.access import Guarded
from echo.admin.filters import ID_MAX, whole_id
from echo.admin.pages import Page
from echo.languages import gettext, mark, number
from echo.models import RoleName
from echo.services.numbers import use_today


class UseToday(Guarded, Page, BaseView):
    """One table by role and one by person, for this day (UTC)."""

    routes = ("index",)

    def __init__(self) -> None:
        super().__init__(name=mark("Use today"), endpoint="admin_use", url="use")

    @expose("/")
    def index(self) -> Any:
        """Show the people who asked most; filters narrow them."""
        role = request.args.get("role", "")
        by_tokens = request.args.get("by") == "tokens"
        user_id = self._person()
        people = use_today.people(
            role=RoleName(role) if role in words.ROLES else None,
            user_id=user_id,
            by_tokens=by_tokens,
        )
        return self.render(
            "admin/use_today.html",
            people=people,
            roles=use_today.roles(),
            role_names=dict(words.choices(words.ROLES)),
            role=role,
            user_id=user_id,
            by_tokens=by_tokens,
            shown=use_today.SHOWN,
        )

    @staticmethod
    def _person() -> int | None:
        text = request.args.get("user_id", "").strip()
        try:
            return whole_id(text) if text else None
        except ValueError:
            most = number(ID_MAX)
            said = gettext(
                "Enter a person's number as a whole number from 1 to %(most)s.", most=most
            )
            flash(said, "error")
            return None
