"""The languages that Echo's words come in, and how code says a text that may be read in any of them.

English stands in the code and is the key of every translation (gettext); `translations/` holds the others.
It knows no person and no request: `echo/web/language.py` says which language somebody reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from babel import Locale
from flask import Flask
from flask_babel import (
    Babel,
    force_locale,
    format_date,
    format_decimal,
    get_locale,
    gettext,
    lazy_gettext,
    ngettext,
)

FOLDER: Final = Path(__file__).resolve().parent.parent / "translations"
COOKIE: Final = "language"


class Language(NamedTuple):
    """A language by its own name, and the side that its lines begin on."""

    code: str
    name: str
    direction: str = "ltr"


USUAL: Final = "en"
LANGUAGES: Final = {
    language.code: language
    for language in (
        Language("en", "English"),
        Language("de", "Deutsch"),
        Language("fr", "Français"),
        Language("es", "Español"),
        Language("ar", "العربية", "rtl"),
        Language("zh", "中文"),
        Language("hi", "हिन्दी"),
    )
}
babel = Babel()


def init_app(app: Flask, select: Any) -> None:
    """Let texts be read in the language that `select` names: a code, or None for the usual one."""
    babel.init_app(
        app,
        default_locale=USUAL,
        default_translation_directories=str(FOLDER),
        locale_selector=select,
    )
    app.jinja_env.policies["ext.i18n.trimmed"] = True


def here() -> Language:
    """Return the language in which texts are said just now; outside of an application, English."""
    locale: Locale | None = get_locale()
    return LANGUAGES[locale.language if locale else USUAL]


@contextmanager
def spoken(code: str | None) -> Iterator[None]:
    """Say texts in the language of this code meanwhile, such as in a mail; None: in the usual one."""
    with force_locale(code or USUAL):
        yield


def mark(text: str) -> str:
    """Return `text` as it is: gathered for translators here, said by `gettext` where it is shown."""
    return text


def number(value: float) -> str:
    """Return 12480 as "12,480", in the reader's own way."""
    return str(format_decimal(value) if get_locale() else f"{value:,}")


__all__ = [
    "LANGUAGES",
    "Language",
    "babel",
    "format_date",
    "gettext",
    "here",
    "init_app",
    "lazy_gettext",
    "mark",
    "ngettext",
    "number",
    "spoken",
]
