"""Fields and checks that several forms share. Knows no one form."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from wtforms import ValidationError
from wtforms.validators import Email, InputRequired, Length, Regexp

from echo import limits, text


def stripped(value: Any) -> Any:
    """Filter: without surrounding white space."""
    return value.strip() if isinstance(value, str) else value


def storable_text(value: Any) -> Any:
    """Filter: without NUL bytes and lone surrogates, which the databases cannot hold."""
    if not isinstance(value, str):
        return value
    return text.storable(unicodedata.normalize("NFC", value))


def required(message: str) -> InputRequired:
    return InputRequired(message)


USERNAME = [
    required("Choose a name."),
    Length(
        limits.USERNAME_MIN,
        limits.USERNAME_MAX,
        f"A name has {limits.USERNAME_MIN} to {limits.USERNAME_MAX} characters.",
    ),
    Regexp(
        rf"^{limits.USERNAME_PATTERN}\Z", message="A name has letters a-z, digits and _ . - only."
    ),
]
EMAIL = [
    required("Enter your e-mail address."),
    Length(max=limits.EMAIL_MAX, message="This address is too long."),
    Email("This does not look like an e-mail address.", check_deliverability=False),
]
PASSWORD_LENGTH = Length(
    limits.PASSWORD_MIN,
    limits.PASSWORD_MAX,
    f"Use {limits.PASSWORD_MIN} to {limits.PASSWORD_MAX} characters.",
)


def no_line_breaks(_form: Any, field: Any) -> None:
    """Validator: one line only (an address goes into mail headers)."""
    if field.data and re.search(r"[\r\n]", field.data):
        raise ValidationError("Use one line only.")


def one_to_five(_form: Any, field: Any) -> None:
    """Validator: stars (wtforms' own NumberRange fails on whole numbers beyond a float's range)."""
    if field.data is not None and not 1 <= field.data <= 5:
        raise ValidationError("One to five stars.")
