"""One's own name, address, password and picture. Knows services and forms only."""

from __future__ import annotations

from flask import Blueprint, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from echo.forms import fields
from echo.forms.own_account import ProfileForm
from echo.languages import gettext
from echo.limits import PICTURE_BYTES
from echo.services.accounts import addresses, names, profile_pictures
from echo.services.people import profile, profile_data
from echo.services.sign_in import devices, second_factor
from echo.web import account, form_pages, pictures, replies, sessions, step_up

blueprint = Blueprint("profile", __name__)

fields.take_pictures(blueprint, "profile.index")


@blueprint.route("/profile", methods=["GET", "POST"])
def index() -> Response:
    form = ProfileForm(obj=current_user)

    def act() -> Response:
        _save(form)
        return replies.done(_saved(addresses.pending(current_user.id)), url_for("profile.index"))

    return form_pages.handle(
        form,
        "profile.html",
        act,
        profile=profile_data.of(current_user.id),
        picture_bytes=PICTURE_BYTES,
        pending_email=addresses.pending(current_user.id),
        **account.sign_in_ways(),
    )


def _saved(waiting: str | None) -> str:
    if waiting is None:
        return gettext("Your profile is saved.")
    return gettext(
        "Your profile is saved. Open the link that was sent to %(address)s to change the address.",
        address=waiting,
    )


def _save(form: ProfileForm) -> None:
    """Store everything or nothing: the picture is judged first, and kept last."""
    raw = fields.uploaded(form.picture)
    picture = profile_pictures.prepare(raw) if raw else None
    moved = names.fold(str(form.email.data)) != current_user.email_key
    sensitive = moved or bool(form.new_password.data)
    by_password = current_user.password_hash is not None and not second_factor.is_on(current_user)
    if sensitive and not by_password:
        step_up.require()
    device = sessions.current_device()
    profile.change_profile(
        current_user,
        username=str(form.username.data),
        email=str(form.email.data),
        new_password=form.new_password.data or "",
        password=form.password.data or "",
        may_train=bool(form.may_train.data),
        in_ranking=not form.left_out.data if form.left_out.raw_data else None,
        keep_device=device.id if device else "",
        confirmed=sensitive and not by_password,
    )
    if sensitive and by_password and device is not None:
        devices.confirm(device)  # the right password was just given
    if picture is not None:
        profile_pictures.keep(current_user.id, picture)


@blueprint.post("/profile/picture/remove")
def remove_picture() -> Response:
    profile_pictures.remove(current_user.id)
    return replies.done(gettext("Your picture is removed."), url_for("profile.index"))


@blueprint.get("/pictures/<picture_id>")
def picture(picture_id: str) -> Response:
    return pictures.shown(picture_id, profile_pictures.find(picture_id).content)
