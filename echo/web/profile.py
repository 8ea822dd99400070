"""One's own name, address, password and picture. Knows services and forms only."""

from __future__ import annotations

from flask import Blueprint, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from echo.forms.account import ProfileForm
from echo.services import accounts
from echo.web import form_pages, replies, sessions

blueprint = Blueprint("profile", __name__)


@blueprint.route("/profile", methods=["GET", "POST"])
def index() -> Response:
    form = ProfileForm(obj=current_user)

    def act() -> Response:
        device = sessions.current_device()
        accounts.change_profile(
            current_user,
            username=str(form.username.data),
            email=str(form.email.data),
            new_password=form.new_password.data or "",
            password=form.password.data or "",
            keep_device=device.id if device else "",
        )
        return replies.done("Your profile is saved.", url_for("profile.index"))

    numbers = {**accounts.numbers(current_user.id), "since": current_user.created_at}
    return form_pages.handle(form, "profile.html", act, numbers=numbers)
