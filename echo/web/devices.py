"""The browsers on which one is signed in, and ending their sessions. Knows services and forms only."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from flask import Blueprint, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from echo import hub
from echo.languages import gettext, mark
from echo.models import Device
from echo.services.sign_in import device_names, devices, endings
from echo.services.sign_in.device_names import DeviceName
from echo.web import replies, sessions

blueprint = Blueprint("devices", __name__, url_prefix="/profile/devices")

METHODS: Final = {
    "password": mark("a password"), "google": "Google", "passkey": mark("a passkey"),
    "token": mark("a password, as a program"),
}  # fmt: skip


class Row(NamedTuple):
    """A signed-in browser as the page shows it."""

    device: Device
    name: DeviceName
    method: str
    is_this: bool


@blueprint.get("")
def listing() -> str:
    found = rows()
    others = sum(not row.is_this for row in found)
    return render_template("devices.html", rows=found, others=others)


def rows() -> list[Row]:
    """Return the living devices, this one first."""
    this = sessions.current_device()
    living = devices.living(current_user.id)
    names = hub.run_native(device_names.readable_all, [device.user_agent for device in living])
    found = [
        Row(device, name, gettext(METHODS.get(device.method, device.method)), device is this)
        for device, name in zip(living, names, strict=True)
    ]
    return sorted(found, key=lambda row: not row.is_this)


@blueprint.post("/<device_id>/revoke")
def revoke(device_id: str) -> Response:
    """End one session; this browser's own is a sign-out."""
    device = devices.own(current_user.id, device_id)
    if device is sessions.current_device():
        sessions.end()
        return replies.go(url_for("home.index"), gettext("You are signed out."))
    devices.revoke(device, endings.ELSEWHERE)
    return replies.go(url_for("devices.listing"), gettext("That browser is signed out."))


@blueprint.post("/revoke-others")
def revoke_others() -> Response:
    """End every session but this browser's."""
    this: Any = sessions.current_device()
    devices.revoke_all(current_user.id, reason=endings.ELSEWHERE, but=this.id)
    return replies.go(url_for("devices.listing"), gettext("You are signed out everywhere else."))
