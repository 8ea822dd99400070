"""What a person types to prove who they are, and what they call a passkey. Knows no services."""

from __future__ import annotations

from wtforms import PasswordField, StringField
from wtforms.validators import Length, Optional

from echo import limits
from echo.forms.fields import Form, from_to, required, storable_text, stripped
from echo.languages import lazy_gettext

CODE_MAX = 40  # a recovery code with some spaces


class CodeForm(Form):
    """The second factor at login: a code of the application or a recovery code."""

    code = StringField(
        lazy_gettext("Code"),
        [
            required(lazy_gettext("Enter a code.")),
            Length(max=CODE_MAX, message=lazy_gettext("This is too long for a code.")),
        ],
        filters=[stripped, storable_text],
    )


class TotpForm(CodeForm):
    """The first code of an application that is being set up."""

    setup = StringField(lazy_gettext("Set-up"), [Length(max=64)])


class ConfirmForm(Form):
    """The proof that it is still the same person; which field is needed depends on the account."""

    password = PasswordField(
        lazy_gettext("Password"), [Optional(), Length(max=1000)], filters=[storable_text]
    )
    code = StringField(
        lazy_gettext("Code"),
        [Optional(), Length(max=CODE_MAX, message=lazy_gettext("This is too long for a code."))],
        filters=[stripped, storable_text],
    )


class PasskeyNameForm(Form):
    """What a person calls a passkey."""

    name = StringField(
        lazy_gettext("Name"),
        [
            required(lazy_gettext("Give the passkey a name.")),
            Length(1, limits.PASSKEY_NAME_CHARS, from_to(1, limits.PASSKEY_NAME_CHARS)),
        ],
        filters=[stripped, storable_text],
    )
