"""What a person has models told in all chats: the part of the settings that shows it, and its changes.

Knows services and forms only.
"""

from __future__ import annotations

from flask import Blueprint, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from echo import limits
from echo.forms import fields
from echo.forms.personal import InstructionsForm
from echo.services.prompts import personal as kept
from echo.services.turns import personal
from echo.web import replies

blueprint = Blueprint("personal", __name__, url_prefix="/settings/personal")


@blueprint.get("")
def panel() -> str:
    found = kept.of(current_user.id)
    ruler = personal.ruler_for(current_user.role_name)
    return render_template(
        "partials/settings_personal.html",
        personal=found,
        instructions_said=_instructions_said(ruler.tokens(found.instructions)),
        limits=limits,
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
    return replies.done(_instructions_said(tokens), url_for("home.index"))


def _instructions_said(tokens: int) -> str:
    return f"{tokens:,} of {limits.INSTRUCTIONS_TOKENS} tokens."
