"""Fields and checks that several forms share. Knows no one form."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask_wtf import FlaskForm
from wtforms import StringField, ValidationError
from wtforms.validators import Email, InputRequired, Length, Regexp, StopValidation

from echo import limits, text
from echo.errors import InvalidInput


class Form(FlaskForm):
    """The base of every form: no filter and no other check looks at a text before its length is known.

    A text's limit is that of the field's own `Length`; a field without one takes what fits on a line.
    """

    class Meta(FlaskForm.Meta):
        """How fields are bound; wtforms looks for a class of this name."""

        def bind_field(self, form: Any, unbound_field: Any, options: Any) -> Any:
            field = super().bind_field(form, unbound_field, options)
            if isinstance(field, StringField):
                _look_at_length_first(field)
            return field


def _look_at_length_first(field: Any) -> None:
    own = next((check for check in field.validators if isinstance(check, Length)), None)
    most = own.max if own is not None and own.max > 0 else limits.FORM_LINE_CHARS
    filters = [text.one_newline, *field.filters]
    field.filters = [_unless_longer(limits.FORM_SLACK * most, each) for each in filters]
    message = (own and own.message) or f"Use at most {most:,} characters."
    field.validators = [_stop_beyond(most, message), *field.validators]


def _unless_longer(most: int, work: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def work_within(value: Any) -> Any:
        return value if isinstance(value, str) and len(value) > most else work(value)

    return work_within


def _stop_beyond(most: int, message: str) -> Callable[[Any, Any], None]:
    def check(_form: Any, field: Any) -> None:
        if isinstance(field.data, str) and len(field.data) > most:
            raise StopValidation(message)

    return check


def check(form: FlaskForm) -> None:
    """Raise the form's first error as InvalidInput, if there is one."""
    if form.validate():
        return
    found = ((str(errors[0]), name) for name, errors in form.errors.items() if errors)
    said, name = next(found, ("Please check the form.", None))
    raise InvalidInput(said, field=name)


def stripped(value: Any) -> Any:
    """Filter: without surrounding white space; nothing when nothing of it can be seen."""
    if not isinstance(value, str):
        return value
    return "" if text.is_blank(value) else value.strip()


def storable_text(value: Any) -> Any:
    """Filter: composed, without NUL bytes and lone surrogates, which the databases cannot hold."""
    return text.storable(text.composed(value)) if isinstance(value, str) else value


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
    Regexp(r"[_.\-]*[A-Za-z0-9]", message="A name needs letters or digits besides _ . and -."),
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
