"""What a person types to prove who they are, and what they call a passkey. Knows no services."""

from __future__ import annotations

from wtforms import PasswordField, StringField
from wtforms.validators import Length, Optional

from echo import limits
from echo.forms.fields import Form, required, storable_text, stripped

CODE_MAX = 40  # a recovery code with some spaces


class CodeForm(Form):
    """The second factor at login: a code of the application or a recovery code."""

    code = StringField(
        "Code",
        [required("Enter a code."), Length(max=CODE_MAX, message="This is too long for a code.")],
        filters=[stripped, storable_text],
    )


class TotpForm(CodeForm):
    """The first code of an application that is being set up."""

    setup = StringField("Set-up", [Length(max=64)])


class ConfirmForm(Form):
    """The proof that it is still the same person; which field is needed depends on the account."""

    password = PasswordField("Password", [Optional(), Length(max=1000)], filters=[storable_text])
    code = StringField(
        "Code",
        [Optional(), Length(max=CODE_MAX, message="This is too long for a code.")],
        filters=[stripped, storable_text],
    )


class PasskeyNameForm(Form):
    """What a person calls a passkey."""

    name = StringField(
        "Name",
        [
            required("Give the passkey a name."),
            Length(1, limits.PASSKEY_NAME_CHARS, "Use 1 to 60 characters."),
        ],
        filters=[stripped, storable_text],
    )
