"""Forms around links in mails. They know neither tables nor services."""

from __future__ import annotations

from wtforms import PasswordField, StringField
from wtforms.validators import EqualTo, Length

from echo import limits
from echo.forms.fields import PASSWORD_LENGTH, Form, required, storable_text, stripped
from echo.forms.spam_trap import SpamTrap


class ForgotForm(SpamTrap, Form):
    """Whose password was forgotten: a name or an address."""

    credentials = StringField(
        "Name or e-mail",
        [required("Enter your name or e-mail address."), Length(max=limits.EMAIL_MAX)],
        filters=[stripped, storable_text],
    )


class ResetForm(Form):
    """A new password, twice."""

    password = PasswordField(
        "New password",
        [required("Choose a password."), PASSWORD_LENGTH],
        filters=[storable_text],
    )
    confirm_password = PasswordField(
        "New password again",
        [required("Repeat the password."), EqualTo("password", "The two passwords differ.")],
        filters=[storable_text],
    )
