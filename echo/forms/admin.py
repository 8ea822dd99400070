"""The admin side's forms: people and roles. They know neither tables nor services."""

from __future__ import annotations

from typing import Any, Final

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    IntegerField,
    PasswordField,
    SelectField,
    StringField,
    ValidationError,
)
from wtforms.validators import Length, Optional

from echo.forms.fields import (
    EMAIL,
    PASSWORD_LENGTH,
    USERNAME,
    no_line_breaks,
    required,
    storable_text,
    stripped,
)

DESCRIPTION_MAX: Final = 200
ALLOWANCE_MAX: Final = 2**31 - 1


def _in_range(_form: Any, field: Any) -> None:
    """Validator: an allowance that a column can hold; wtforms' own fails on numbers past any float."""
    if field.data is not None and not 0 <= field.data <= ALLOWANCE_MAX:
        raise ValidationError(f"Enter a whole number from 0 to {ALLOWANCE_MAX:,}, or nothing.")


ALLOWANCE = [Optional(), _in_range]


class EditUserForm(FlaskForm):
    """An account as an administrator sees it; who may not give roles gets it without `role`."""

    username = StringField("Name", USERNAME, filters=[stripped])
    email = StringField("E-mail", [*EMAIL, no_line_breaks], filters=[stripped])
    role = SelectField("Role", [required("Choose a role.")])
    active = BooleanField("May sign in")


class CreateUserForm(FlaskForm):
    """A new account, with a first password that its owner changes later."""

    username = StringField("Name", USERNAME, filters=[stripped])
    email = StringField("E-mail", [*EMAIL, no_line_breaks], filters=[stripped])
    password = PasswordField(
        "First password",
        [
            required("Choose a first password."),
            PASSWORD_LENGTH,
        ],
        filters=[storable_text],
    )
    role = SelectField("Role", [required("Choose a role.")])


class RoleForm(FlaskForm):
    """What a role says and allows; an empty allowance means without limit."""

    description = StringField(
        "Description",
        [Length(max=DESCRIPTION_MAX, message=f"Use at most {DESCRIPTION_MAX} characters.")],
        filters=[stripped, storable_text],
    )
    daily_messages = IntegerField("Messages a day", ALLOWANCE)
    daily_tokens = IntegerField("Tokens a day", ALLOWANCE)
