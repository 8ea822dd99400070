"""What a persona is, in fields. It knows neither tables nor services."""

from __future__ import annotations

from typing import Any

from flask_wtf.file import FileField
from wtforms import BooleanField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from echo import limits
from echo.forms.fields import Form, longest, required, storable_text, stripped, uploaded
from echo.languages import lazy_gettext

TEXTS = ("name", "description", "system_prompt", "emoji")


class PersonaForm(Form):
    """A persona; a number that is left empty is the model's own, an empty model the one that usually answers.

    Its values are looked at by the service, which programs ask too.
    """

    name = StringField(lazy_gettext("Name"), [required(lazy_gettext("Give it a name."))])
    description = StringField(
        lazy_gettext("Description"),
        [longest(limits.PERSONA_WHAT_CHARS)],
        filters=[stripped, storable_text],
    )
    system_prompt = TextAreaField(
        lazy_gettext("System prompt"),
        [longest(limits.SYSTEM_PROMPT_CHARS)],
        filters=[stripped, storable_text],
    )
    emoji = StringField(lazy_gettext("Picture"), [Optional()], filters=[stripped, storable_text])
    colour = StringField(lazy_gettext("Colour"), [Optional()], filters=[stripped])
    picture = FileField(lazy_gettext("Picture of its own"), [Optional()])
    without_picture = BooleanField(lazy_gettext("Without a picture of its own"))
    model = StringField(lazy_gettext("Model"), [Optional()], filters=[stripped, storable_text])
    temperature = StringField(lazy_gettext("Temperature"), [Optional()], filters=[stripped])
    top_p = StringField(lazy_gettext("Top-p"), [Optional()], filters=[stripped])
    top_k = StringField(lazy_gettext("Top-k"), [Optional()], filters=[stripped])
    repetition_penalty = StringField(
        lazy_gettext("Repetition penalty"), [Optional()], filters=[stripped]
    )
    max_new_tokens = StringField(lazy_gettext("Longest answer"), [Optional()], filters=[stripped])

    def values(self) -> dict[str, Any]:
        """Return what was filled in, as services take it."""
        said: dict[str, Any] = {name: self[name].data or "" for name in TEXTS}
        if not said["emoji"]:
            del said["emoji"]  # the usual one
        if self.colour.data:
            said["colour"] = _number(self.colour.data)
        numbers = {name: _number(self[name].data) for name in limits.GENERATION_RANGES}
        return said | {"model": self.model.data or None, "settings": numbers}

    def own_picture(self) -> bytes | None:
        """Return the picture that was chosen; empty: it is to have none; None: as it is."""
        return uploaded(self.picture) or (b"" if self.without_picture.data else None)


class SharedPersonaForm(PersonaForm):
    """One for everybody, or from a role on."""

    least_role = SelectField(
        lazy_gettext("Who sees it"), [required(lazy_gettext("Choose one."))], default="user"
    )
    version = HiddenField(lazy_gettext("Version"), [Optional(), longest(64)])


def _number(text: str | None) -> Any:
    """Return the number that a text says; what says none stays a text, for the service to refuse."""
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        return text
