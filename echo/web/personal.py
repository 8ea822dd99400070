"""What a person has models told in all chats: the part of the settings that shows it, and its changes.

Knows services and forms only.
"""

from __future__ import annotations

from flask import Blueprint, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from echo import limits
from echo.forms import fields
from echo.forms.personal import InstructionsForm, MemoryForm, SwitchForm
from echo.languages import gettext, ngettext, number
from echo.services import site_settings
from echo.services.prompts import memories
from echo.services.prompts import personal as kept
from echo.services.sharing import shares
from echo.services.turns import personal
from echo.web import replies

blueprint = Blueprint("personal", __name__, url_prefix="/settings/personal")


@blueprint.get("")
def panel() -> str:
    found = kept.of(current_user.id)
    ruler = personal.ruler_for(current_user.role_name)
    rows = memories.of(current_user.id)
    told = {row.id for row in personal.fitting_memories(rows, ruler)}
    return render_template(
        "partials/settings_personal.html",
        memories=rows,
        left_out=[row for row in rows if row.is_on and row.id not in told],
        personal=found,
        instructions_said=_instructions_said(ruler.tokens(found.instructions)),
        limits=limits,
        titles_offered=site_settings.current().titles == "on",
        tools_here=site_settings.current().tools == "on",
        invitations_here=shares.possible(),
    )


@blueprint.post("/instructions")
def instructions() -> Response:
    """Keep the instructions; those that are too long are refused with both numbers."""
    form = InstructionsForm()
    fields.check(form)
    ruler = personal.ruler_for(current_user.role_name)
    tokens = personal.keep_instructions(
        current_user.id, str(form.text.data or ""), form.is_on, ruler
    )
    return _done(_instructions_said(tokens))


@blueprint.post("/memory")
def memory() -> Response:
    """Switch all memories: whether they are told, and new ones suggested."""
    return _switch("memory_on")


@blueprint.post("/titles")
def titles() -> Response:
    """Switch whether models are asked for the titles of this person's chats."""
    return _switch("titles_on")


@blueprint.post("/tools")
def tools() -> Response:
    """Switch what is computed for the model."""
    return _switch("tools_on")


@blueprint.post("/invitations")
def invitations() -> Response:
    """Switch whether others may let this person into chats of theirs."""
    return _switch("invitations_on")


@blueprint.post("/memories")
def remember() -> Response:
    form = MemoryForm()
    fields.check(form)
    memories.add(current_user.id, str(form.text.data), form.is_on)
    return _done(gettext("Remembered."))


@blueprint.post("/memories/<memory_id>/change")
def change_memory(memory_id: str) -> Response:
    form = MemoryForm()
    memories.find(current_user.id, memory_id)
    fields.check(form)
    memories.change(current_user.id, memory_id, str(form.text.data), form.is_on)
    return _done(gettext("Saved."))


@blueprint.post("/memories/<memory_id>/delete")
def forget(memory_id: str) -> Response:
    memories.forget(current_user.id, memory_id)
    return _done(gettext("Forgotten."))


def _switch(name: str) -> Response:
    form = SwitchForm()
    fields.check(form)
    kept.keep(current_user.id, **{name: form.is_on})
    return _done(gettext("Saved."))


def _done(message: str) -> Response:
    return replies.done(message, url_for("home.index", _anchor="settings-personal"))


def _instructions_said(tokens: int) -> str:
    return ngettext(
        "%(used)s of %(most)s tokens.",
        "%(used)s of %(most)s tokens.",
        limits.INSTRUCTIONS_TOKENS,
        used=number(tokens),
        most=limits.INSTRUCTIONS_TOKENS,
    )
