"""Fields and checks that several forms share. Knows no one form."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint
from flask_babel.speaklater import LazyString
from flask_wtf import FlaskForm
from flask_wtf.i18n import translations
from wtforms import (  # type: ignore[attr-defined]  # the stubs know no SelectChoice yet
    SelectChoice,
    StringField,
    ValidationError,
)
from wtforms.validators import Email, InputRequired, Length, Regexp, StopValidation

from echo import limits, text
from echo.errors import InvalidInput
from echo.extensions import take_bodies_of
from echo.languages import gettext, lazy_gettext, mark, number

OF_WTFORMS: Final = (
    mark("Not a valid choice."),
    mark("Not a valid integer value."),
    mark("Not a valid float value."),
    mark("This field is required."),
)
"""What WTForms says by itself about these forms; it speaks fewer languages than Echo."""


def take_pictures(blueprint: Blueprint, *endpoints: str) -> None:
    """Take larger bodies at these endpoints than elsewhere: their forms carry a picture."""

    @blueprint.url_value_preprocessor
    def allow(endpoint: str | None, _values: Any) -> None:
        """It must run before the CSRF check reads the form."""
        if endpoint in endpoints:
            take_bodies_of(limits.PICTURE_REQUEST_BYTES)


def uploaded(field: Any) -> bytes:
    """Return a file field's picture, of one that is too large only the beginning; empty: nothing came."""
    upload: Any = field.data
    return bytes(upload.read(limits.PICTURE_BYTES + 1)) if hasattr(upload, "read") else b""


class _Words:
    """How WTForms' own messages are said: by Echo's translators where they have, else by its own."""

    def gettext(self, text: str) -> str:
        own = gettext(text) if text in OF_WTFORMS else text
        return own if own != text else str(translations.gettext(text))

    def ngettext(self, one: str, many: str, count: int) -> str:
        return str(translations.ngettext(one, many, count))


class Form(FlaskForm):
    """The base of every form: no filter and no other check looks at a text before its length is known.

    A text's limit is that of the field's own `Length`; a field without one takes what fits on a line.
    """

    class Meta(FlaskForm.Meta):
        """How fields are bound; wtforms looks for a class of this name."""

        def get_translations(self, _form: Any) -> Any:
            return _Words()

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
    message = (own and own.message) or at_most(most)
    field.validators = [_stop_beyond(most, message), *field.validators]


def _unless_longer(most: int, work: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def work_within(value: Any) -> Any:
        return value if isinstance(value, str) and len(value) > most else work(value)

    return work_within


def _stop_beyond(most: int, message: Any) -> Callable[[Any, Any], None]:
    def check(_form: Any, field: Any) -> None:
        if isinstance(field.data, str) and len(field.data) > most:
            raise StopValidation(message)

    return check


def check(form: FlaskForm) -> None:
    """Raise the form's first error as InvalidInput, if there is one."""
    if form.validate():
        return
    found = ((str(errors[0]), name) for name, errors in form.errors.items() if errors)
    said, name = next(found, (gettext("Please check the form."), None))
    raise InvalidInput(said, field=name)


def stripped(value: Any) -> Any:
    """Filter: without surrounding white space; nothing when nothing of it can be seen."""
    if not isinstance(value, str):
        return value
    return "" if text.is_blank(value) else value.strip()


def storable_text(value: Any) -> Any:
    """Filter: composed, without NUL bytes and lone surrogates, which the databases cannot hold."""
    return text.storable(text.composed(value)) if isinstance(value, str) else value


def required(message: Any) -> InputRequired:
    return InputRequired(message)


def lazy_number(value: float) -> LazyString:
    """Return a number that is written in the way of whoever reads it, when they do."""
    return LazyString(number, value)


def at_most(chars: int) -> Any:
    return lazy_gettext("Use at most %(most)s characters.", most=lazy_number(chars))


def longest(chars: int) -> Length:
    """Return what refuses a text of more characters."""
    return Length(max=chars, message=at_most(chars))


def from_to(least: int, most: int) -> Any:
    return lazy_gettext(
        "Use %(least)s to %(most)s characters.", least=lazy_number(least), most=lazy_number(most)
    )


def choices(texts: dict[str, str]) -> list[SelectChoice]:
    """Return the options of a field, said in the language of whoever chooses."""
    return [SelectChoice(value, lazy_gettext(text)) for value, text in texts.items()]


USERNAME = [
    required(lazy_gettext("Choose a name.")),
    Length(
        limits.USERNAME_MIN,
        limits.USERNAME_MAX,
        lazy_gettext(
            "A name has %(least)s to %(most)s characters.",
            least=limits.USERNAME_MIN,
            most=limits.USERNAME_MAX,
        ),
    ),
    Regexp(
        rf"^{limits.USERNAME_PATTERN}\Z",
        message=lazy_gettext("A name has letters a-z, digits and _ . - only."),
    ),
    Regexp(
        r"[_.\-]*[A-Za-z0-9]",
        message=lazy_gettext("A name needs letters or digits besides _ . and -."),
    ),
]
EMAIL = [
    required(lazy_gettext("Enter your e-mail address.")),
    Length(max=limits.EMAIL_MAX, message=lazy_gettext("This address is too long.")),
    Email(lazy_gettext("This does not look like an e-mail address."), check_deliverability=False),
]
PASSWORD_LENGTH = Length(
    limits.PASSWORD_MIN,
    limits.PASSWORD_MAX,
    from_to(limits.PASSWORD_MIN, limits.PASSWORD_MAX),
)


def no_line_breaks(_form: Any, field: Any) -> None:
    """Validator: one line only (an address goes into mail headers)."""
    if field.data and re.search(r"[\r\n]", field.data):
        raise ValidationError(gettext("Use one line only."))


def one_to_five(_form: Any, field: Any) -> None:
    """Validator: stars (wtforms' own NumberRange fails on whole numbers beyond a float's range)."""
    if field.data is not None and not 1 <= field.data <= 5:
        raise ValidationError(gettext("One to five stars."))
