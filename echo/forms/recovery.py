"""Forms around links in mails. They know neither tables nor services."""

from __future__ import annotations

from wtforms import PasswordField, StringField
from wtforms.validators import EqualTo, Length

from echo import limits
from echo.forms.fields import PASSWORD_LENGTH, Form, required, storable_text, stripped
from echo.forms.spam_trap import SpamTrap
from echo.languages import lazy_gettext


class ForgotForm(SpamTrap, Form):
    """Whose password was forgotten: a name or an address."""

    credentials = StringField(
        lazy_gettext("Name or e-mail"),
        [
            required(lazy_gettext("Enter your name or e-mail address.")),
            Length(max=limits.EMAIL_MAX),
        ],
        filters=[stripped, storable_text],
    )


class ResetForm(Form):
    """A new password, twice."""

    password = PasswordField(
        lazy_gettext("New password"),
        [required(lazy_gettext("Choose a password.")), PASSWORD_LENGTH],
        filters=[storable_text],
    )
    confirm_password = PasswordField(
        lazy_gettext("New password again"),
        [
            required(lazy_gettext("Repeat the password.")),
            EqualTo("password", lazy_gettext("The two passwords differ.")),
        ],
        filters=[storable_text],
    )
