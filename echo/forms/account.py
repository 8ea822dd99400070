"""Sign-up, login and logout forms. They know neither tables nor services."""

from __future__ import annotations

from wtforms import BooleanField, PasswordField, StringField
from wtforms.validators import EqualTo, Length

from echo import limits
from echo.forms.fields import (
    EMAIL,
    PASSWORD_LENGTH,
    USERNAME,
    Form,
    no_line_breaks,
    required,
    storable_text,
    stripped,
)
from echo.forms.spam_trap import SpamTrap
from echo.languages import lazy_gettext


class SetupForm(Form):
    """A new account."""

    username = StringField(lazy_gettext("Name"), USERNAME, filters=[stripped])
    email = StringField(lazy_gettext("E-mail"), [*EMAIL, no_line_breaks], filters=[stripped])
    password = PasswordField(
        lazy_gettext("Password"),
        [
            required(lazy_gettext("Choose a password.")),
            PASSWORD_LENGTH,
        ],
        filters=[storable_text],
    )
    confirm_password = PasswordField(
        lazy_gettext("Password again"),
        [
            required(lazy_gettext("Repeat the password.")),
            EqualTo("password", lazy_gettext("The two passwords differ.")),
        ],
        filters=[storable_text],
    )


class SignupForm(SpamTrap, SetupForm):
    """A new account, made by a visitor."""


class LoginForm(Form):
    """Name or address, and password.

    No trap for programs: a password manager fills it in at once. Guesses are slowed down by the delays
    after wrong passwords.
    """

    credentials = StringField(
        lazy_gettext("Name or e-mail"),
        [
            required(lazy_gettext("Enter your name or e-mail address.")),
            Length(max=limits.EMAIL_MAX),
        ],
        filters=[stripped, storable_text],
    )
    password = PasswordField(
        lazy_gettext("Password"),
        [required(lazy_gettext("Enter your password.")), Length(max=1000)],
        filters=[storable_text],
    )
    remember = BooleanField(lazy_gettext("Keep me signed in"))
