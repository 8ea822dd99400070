"""Settings that act at once, each with the environment's value and a way back to it.

Knows no one setting's use.
"""

from __future__ import annotations

from typing import Any, Final

from flask import request, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from echo.admin.access import Guarded
from echo.admin.pages import Page, go, handle
from echo.forms.admin import SIGNUP_MODES, SWITCH, SettingsForm
from echo.services import site_settings

UNSET: Final = {"retention_days": "without end", "banner": "none", "system_prompt": "none"}
OF_THE_MODEL: Final = "the model's own"


class SiteSettingsPage(Guarded, Page, BaseView):
    """One form; what is left as it is stays the environment's."""

    routes = ("index", "reset")
    proof_for = ("index", "reset")

    def __init__(self) -> None:
        super().__init__(name="Settings", endpoint="admin_settings", url="settings")

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Any:
        form = SettingsForm(obj=site_settings.current())

        def act() -> None:
            values = {name: form[name].data for name in site_settings.NAMES}
            texts = {name: values[name] or "" for name in site_settings.PROSE}
            site_settings.change(current_user, **{**values, **texts})

        def show() -> str:
            page: str = self.render(
                "admin/settings.html",
                form=form,
                changed=site_settings.changed(),
                usual=_words(site_settings.environment()),
            )
            return page

        done = "The settings are saved and hold from now on."
        return handle(form, show, act, done=done, url=url_for(".index"))

    @expose("/reset/", methods=("POST",))
    def reset(self) -> Any:
        """Let the environment's value of one setting hold again."""
        site_settings.reset(current_user, request.form.get("name", ""))
        return go(url_for(".index"), "The usual value holds again.")


def _words(usual: site_settings.SiteSettings) -> dict[str, str]:
    """Return the environment's values as the page says them."""
    words = {}
    for name in site_settings.NAMES:
        value = getattr(usual, name)
        empty = UNSET.get(name, OF_THE_MODEL)
        words[name] = empty if value in (None, "") else str(value)
    return words | {
        "signup_mode": SIGNUP_MODES[usual.signup_mode],
        "help": SWITCH[usual.help],
        "contributors": SWITCH[usual.contributors],
    }
