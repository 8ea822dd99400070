"""Buttons on the page of one account: link for a new password, unlock, sign out, delete.

Knows no table; who may do what is decided by `services/people/administration`.
"""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_admin import expose
from flask_login import current_user
from werkzeug.wrappers import Response

from echo.admin.pages import go, handle
from echo.config import public_address
from echo.forms.admin import DeleteUserForm
from echo.languages import gettext
from echo.models import User
from echo.services.people import administration


class UserActs:
    """Mixin of the table of people."""

    acts = ("reset_link", "unlock", "sign_out", "remove_factors", "delete")
    acts_with_proof = ("reset_link", "remove_factors", "delete")

    get_one: Any
    render: Any

    def _asked_for(self) -> User:
        """Return the account of the address; raises NotFound, Forbidden."""
        user: User = self.get_one(request.args.get("id", ""))
        administration.refuse_foreign(current_user, user)
        return user

    @expose("/reset-link/", methods=("POST",))
    def reset_link(self) -> Any:
        """Show, this once, the link with which the person chooses a new password."""
        user = self._asked_for()
        token = administration.reset_link(current_user, user.id)
        return self.render(
            "admin/link.html",
            heading=gettext("A new password for %(name)s", name=user.username),
            about=gettext(
                "Hand this link over yourself. It works once, within 24 hours, and older ones "
                "stop working."
            ),
            address=public_address(url_for("recovery.reset", token=token)),
            back=url_for(".details_view", id=user.id),
            back_label=user.username,
        )

    @expose("/unlock/", methods=("POST",))
    def unlock(self) -> Response:
        """Forget the wrong passwords that make this person wait."""
        user = self._asked_for()
        administration.unlock(current_user, user.id)
        return go(
            url_for(".details_view", id=user.id),
            gettext("%(name)s may try again at once.", name=user.username),
        )

    @expose("/sign-out/", methods=("POST",))
    def sign_out(self) -> Response:
        """End all sessions."""
        user = self._asked_for()
        administration.sign_out(current_user, user.id)
        return go(
            url_for(".details_view", id=user.id),
            gettext("%(name)s is signed out everywhere.", name=user.username),
        )

    @expose("/remove-factors/", methods=("POST",))
    def remove_factors(self) -> Response:
        """Help somebody who has lost phone, passkeys and recovery codes."""
        user = self._asked_for()
        administration.remove_second_factors(current_user, user.id)
        done = gettext("%(name)s signs in without a second factor now.", name=user.username)
        return go(url_for(".details_view", id=user.id), done)

    @expose("/delete/", methods=("GET", "POST"))
    def delete(self) -> Any:
        """Ask for the name, then delete the account with everything in it."""
        user = self._asked_for()
        form = DeleteUserForm()

        def act() -> None:
            administration.delete_user(current_user, user.id, str(form.typed.data))

        def show() -> str:
            page: str = self.render("admin/user_delete.html", form=form, user=user)
            return page

        done = gettext("The account of %(name)s is deleted.", name=user.username)
        return handle(form, show, act, done=done, url=url_for(".index_view"))
