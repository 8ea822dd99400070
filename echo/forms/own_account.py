"""Forms about one's own account: profile, devices, data. They know neither tables nor services."""

from __future__ import annotations

from typing import Final

from flask_wtf.file import FileField
from wtforms import (  # type: ignore[attr-defined]  # the stubs know no SelectChoice yet
    BooleanField,
    PasswordField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
)
from wtforms.validators import Length, Optional

from echo import limits
from echo.forms.fields import (
    EMAIL,
    PASSWORD_LENGTH,
    USERNAME,
    Form,
    choices,
    from_to,
    no_line_breaks,
    required,
    storable_text,
    stripped,
)
from echo.languages import LANGUAGES, lazy_gettext, mark
from echo.scopes import Scope

RETENTION_CHOICES: Final = {
    "": mark("Keep them"),
    "30": mark("30 days"),
    "90": mark("90 days"),
    "365": mark("A year"),
}
KEY_DAYS: Final = {
    "30": mark("30 days"),
    "90": mark("90 days"),
    "365": mark("A year"),
    "": mark("Until I revoke it"),
}


class ProfileForm(Form):
    """Changes to one's own account; empty fields stay as they are."""

    username = StringField(lazy_gettext("Name"), USERNAME, filters=[stripped])
    email = StringField(lazy_gettext("E-mail"), [*EMAIL, no_line_breaks], filters=[stripped])
    picture = FileField(lazy_gettext("Picture"), [Optional()])
    new_password = PasswordField(
        lazy_gettext("New password"), [Optional(), PASSWORD_LENGTH], filters=[storable_text]
    )
    password = PasswordField(
        lazy_gettext("Current password"), [Optional(), Length(max=1000)], filters=[storable_text]
    )
    may_train = BooleanField(
        lazy_gettext("My rated answers may be used to train this server's models")
    )
    left_out = BooleanField(
        lazy_gettext("Leave me out of the list of people who talk with Echo most")
    )


class RetentionForm(Form):
    """How long conversations are kept that nobody uses."""

    retention_days = RadioField(
        lazy_gettext("Delete conversations that were not used for"),
        choices=choices(RETENTION_CHOICES),
    )

    @property
    def days(self) -> int | None:
        return int(self.retention_days.data) if self.retention_days.data else None


class DeleteMeForm(Form):
    """One's own name, typed out: nobody does that by mistake."""

    username = StringField(
        lazy_gettext("Your name"),
        [required(lazy_gettext("Type your name to confirm.")), Length(max=limits.USERNAME_MAX)],
        filters=[stripped],
    )


class ApiKeyForm(Form):
    """A new key for a program."""

    name = StringField(
        lazy_gettext("Name"),
        [
            required(lazy_gettext("Give the key a name.")),
            Length(1, limits.API_KEY_NAME_CHARS, from_to(1, limits.API_KEY_NAME_CHARS)),
            no_line_breaks,
        ],
        filters=[stripped, storable_text],
    )
    chat = BooleanField(lazy_gettext("Ask models, and manage your chats"), default=True)
    read = BooleanField(lazy_gettext("Read your chats and what is left of today's allowance"))
    admin = BooleanField(lazy_gettext("Do what administrators do: accounts, roles, use"))
    days = SelectField(
        lazy_gettext("It works for"),
        choices=choices(KEY_DAYS),
        default="90",
    )

    @property
    def chosen_scopes(self) -> list[Scope]:
        return [scope for scope in Scope if scope.value in self and self[scope.value].data]

    @property
    def chosen_days(self) -> int | None:
        return int(self.days.data) if self.days.data else None


class LanguageForm(Form):
    """The language to read; empty: what the browser asks for."""

    language = SelectField(
        lazy_gettext("Language"),
        choices=[
            SelectChoice("", ""),
            *(SelectChoice(code, row.name) for code, row in LANGUAGES.items()),
        ],
        validate_choice=True,
    )
