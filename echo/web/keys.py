"""The keys of one's programs: making one, which is shown once, and revoking. Knows services and forms."""

from __future__ import annotations

import re
from typing import Any, Final

from flask import Blueprint, Flask, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from echo.config import public_address
from echo.errors import InvalidInput
from echo.forms.own_account import ApiKeyForm
from echo.languages import gettext, mark
from echo.services.sign_in import access_tokens, api_keys
from echo.services.sign_in.api_keys import Wish
from echo.web import form_pages, replies, step_up

blueprint = Blueprint("keys", __name__, url_prefix="/profile/keys")

SECRET: Final = re.compile(
    rf"{api_keys.PREFIX}|{access_tokens.REFRESH_PREFIX}|eyJ[\w-]+\.eyJ[\w-]+\."
)
IN_AN_ADDRESS: Final = mark(
    "A key or token in an address ends up in logs and histories. Send it as a header, "
    "“Authorization: Bearer …”, and revoke this one."
)


def init_app(app: Flask) -> None:
    """Refuse keys and tokens in addresses, on every route."""
    app.before_request(_refuse_keys_in_addresses)


def _refuse_keys_in_addresses() -> None:
    values = [request.path, *(value for pair in request.args.items(multi=True) for value in pair)]
    if any(SECRET.search(value) for value in values):
        raise InvalidInput(gettext(IN_AN_ADDRESS))


@blueprint.get("")
def listing() -> str:
    """Show the keys that work, and for once the one that was just made."""
    new = api_keys.shown(current_user, request.args.get("made"))
    return render_template("keys.html", form=_form(ApiKeyForm(None)), new=new, **_keys())


def _form(form: ApiKeyForm) -> ApiKeyForm:
    """Offer what administrators do to them alone."""
    if not current_user.is_admin:
        del form.admin
    return form


def _keys() -> dict[str, Any]:
    return {"keys": api_keys.living(current_user.id), "address": public_address()}


@blueprint.post("")
def make() -> Response:
    form = _form(ApiKeyForm())

    def act() -> Response:
        step_up.require()
        wish = Wish(str(form.name.data), form.chosen_scopes, form.chosen_days)
        _row, key = api_keys.make(current_user, wish)
        made = api_keys.keep_to_show(current_user, key)
        return replies.go(url_for("keys.listing", made=made, _anchor="new-key"))

    return form_pages.handle(form, "keys.html", act, new=None, **_keys())


@blueprint.post("/<key_id>/revoke")
def revoke(key_id: str) -> Response:
    """End one key; what it is answering ends too."""
    api_keys.revoke(api_keys.own(current_user.id, key_id))
    return replies.go(url_for("keys.listing"), gettext("The key is revoked."))
