"""Settings that act at once, each with what holds now, who says so, and a way back to the environment's.

Knows no one setting's use.
"""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from echo.admin import settings_now
from echo.admin.access import Guarded
from echo.admin.pages import Page, go, handle
from echo.forms.admin import SettingsForm
from echo.languages import gettext, mark
from echo.services import site_settings
from echo.services.serving import Models


class SiteSettingsPage(Guarded, Page, BaseView):
    """One form; what is left as it is stays the environment's."""

    routes = ("index", "reset")
    proof_for = ("index", "reset")

    def __init__(self) -> None:
        super().__init__(name=mark("Settings"), endpoint="admin_settings", url="settings")

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Any:
        form = SettingsForm(obj=site_settings.current())

        def act() -> None:
            values = {name: form[name].data for name in site_settings.NAMES}
            texts = {name: values[name] or "" for name in site_settings.PROSE}
            site_settings.change(current_user, **{**values, **texts})

        def show() -> str:
            usual = site_settings.environment()
            page: str = self.render(
                "admin/settings.html",
                form=form,
                changed=site_settings.changed(),
                default_model=Models.here().engine.default_model,
                now=settings_now.of_site(),
                usual={
                    name: settings_now.in_words(name, getattr(usual, name))
                    for name in site_settings.NAMES
                },
            )
            return page

        done = gettext("The settings are saved and hold from now on.")
        return handle(form, show, act, done=done, url=url_for(".index"))

    @expose("/reset/", methods=("POST",))
    def reset(self) -> Any:
        """Let the environment's value of one setting hold again."""
        site_settings.reset(current_user, request.form.get("name", ""))
        return go(url_for(".index"), gettext("The usual value holds again."))
