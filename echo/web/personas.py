"""Personas in the settings: one's own to make, change, copy and delete, everybody's to read and copy.

Knows services and forms only; what may be chosen for a chat is listed by `/api/personas`.
"""

from __future__ import annotations

from flask import Blueprint, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from echo import limits
from echo.forms import fields
from echo.forms.personas import PersonaForm
from echo.languages import gettext
from echo.services.chats import persona_values, personas
from echo.services.serving import Models
from echo.web import pictures, replies

blueprint = Blueprint("personas", __name__, url_prefix="/personas")
fields.take_pictures(blueprint, "personas.make", "personas.change")


@blueprint.get("/panel")
def panel() -> str:
    return render_template(
        "partials/settings_personas.html",
        own=personas.own(current_user.id),
        shared=personas.shared(current_user.role_name),
        models=Models.here().for_role(current_user.role_name),
        usual=persona_values.USUAL,
        limits=limits,
    )


@blueprint.post("")
def make() -> Response:
    form = _checked()
    row = personas.make(current_user.id, form.values(), form.own_picture())
    return _done(gettext("“%(name)s” is saved.", name=row.name))


@blueprint.post("/<persona_id>/change")
def change(persona_id: str) -> Response:
    form = _checked()
    row = personas.change(current_user.id, persona_id, form.values(), form.own_picture())
    return _done(gettext("“%(name)s” is saved.", name=row.name))


@blueprint.post("/<persona_id>/copy")
def copy(persona_id: str) -> Response:
    row = personas.copy(current_user.id, persona_id)
    return _done(gettext("“%(name)s” is saved.", name=row.name))


@blueprint.post("/<persona_id>/delete")
def remove(persona_id: str) -> Response:
    row = personas.remove(current_user.id, persona_id)
    return _done(gettext("“%(name)s” is deleted.", name=row.name))


@blueprint.post("/<persona_id>/restore")
def restore(persona_id: str) -> Response:
    row = personas.restore(current_user.id, persona_id)
    return _done(gettext("“%(name)s” is here again.", name=row.name))


@blueprint.get("/pictures/<persona_picture_id>")
def picture(persona_picture_id: str) -> Response:
    found = personas.picture(current_user.id, persona_picture_id)
    return pictures.shown(found.id, found.content)


def _checked() -> PersonaForm:
    form = PersonaForm()
    fields.check(form)
    return form


def _done(message: str) -> Response:
    return replies.done(message, url_for("home.index", _anchor="settings-personas"))
