"""The library of prompts: what the message field offers after a slash, and its part of the settings.

Knows services and forms only.
"""

from __future__ import annotations

import json
from typing import Any, Final

from flask import Blueprint, Response, jsonify, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from echo import limits
from echo.errors import InvalidInput
from echo.languages import gettext, ngettext, number
from echo.services.prompts import saved
from echo.web import replies

blueprint = Blueprint("prompts", __name__, url_prefix="/prompts")

TOLD: Final = 3
"""So many of those that an import left out are named."""


@blueprint.get("")
def listing() -> Response:
    """Answer with every prompt that the person may use, their own first."""
    own = [_shown(row, shared=False) for row in saved.own(current_user.id)]
    shared = [_shown(row, shared=True) for row in saved.shared(current_user.role_name)]
    return jsonify(prompts=own + shared)


def _shown(row: Any, *, shared: bool) -> dict[str, Any]:
    return {"id": row.id, "name": row.name, "text": row.text, "shared": shared}


@blueprint.get("/panel")
def panel() -> str:
    return render_template(
        "partials/settings_prompts.html",
        own=saved.own(current_user.id),
        shared=saved.shared(current_user.role_name),
        limits=limits,
    )


@blueprint.post("")
def make() -> BaseResponse:
    row = saved.make(current_user.id, _wording())
    return _done(gettext("“%(name)s” is saved.", name=row.name))


@blueprint.post("/<prompt_id>/change")
def change(prompt_id: str) -> BaseResponse:
    wording = _wording()
    saved.change(current_user.id, prompt_id, wording)
    return _done(gettext("“%(name)s” is saved.", name=wording.name))


@blueprint.post("/<prompt_id>/delete")
def remove(prompt_id: str) -> BaseResponse:
    gone = saved.remove(current_user.id, prompt_id)
    return _done(gettext("“%(name)s” is deleted.", name=gone.name))


@blueprint.get("/export")
def export() -> Response:
    """Download one's own prompts as JSON."""
    content = json.dumps(saved.exported(current_user.id), ensure_ascii=False, indent=2)
    response = Response(content, mimetype="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="echo-prompts.json"'
    return response


@blueprint.post("/import")
def import_all() -> BaseResponse:
    """Keep what an exported file holds; say how many are new and what was left out."""
    body: Any = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise InvalidInput(gettext("Send the prompts as a JSON object."), field="prompts")
    came = saved.import_all(current_user.id, body.get("prompts"))
    said = [
        ngettext(
            "%(count)s prompt is new.",
            "%(count)s prompts are new.",
            came.made,
            count=number(came.made),
        )
    ]
    if came.skipped:
        left_out = len(came.skipped)
        said.append(
            ngettext("%(count)s left out:", "%(count)s left out:", left_out, count=number(left_out))
        )
        said += [f"{name}: {reason}" for name, reason in came.skipped[:TOLD]]
        said += ["…"] * (len(came.skipped) > TOLD)
    return _done(" ".join(said))


def _wording() -> saved.Wording:
    return saved.checked(request.form.get("name"), request.form.get("text"))


def _done(message: str) -> BaseResponse:
    return replies.done(message, url_for("home.index", _anchor="settings-prompts"))
