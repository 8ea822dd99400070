"""The languages that Echo's words come in, and how code says a text that may be read in any of them.

English stands in the code and is the key of every translation (gettext); `translations/` holds the others.
It knows no person and no request: `echo/web/language.py` says which language somebody reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, Final, NamedTuple, ParamSpec, TypeVar

from babel import Locale
from babel.dates import format_skeleton
from flask import Flask, current_app, has_app_context
from flask_babel import (
    Babel,
    force_locale,
    format_date,
    format_decimal,
    get_locale,
    get_translations,
    lazy_gettext,
)
from flask_babel import gettext as _gettext

FOLDER: Final = Path(__file__).resolve().parent.parent / "translations"
COOKIE: Final = "language"
PLACE: Final = re.compile(r"%\((\w+)\)s")
GROUPED: Final = re.compile(r"\d{1,3}(,\d{3})*")  # as `number` writes it in English
P = ParamSpec("P")
T = TypeVar("T")


class Language(NamedTuple):
    """A language by its own name, and the side that its lines begin on."""

    code: str
    name: str
    direction: str = "ltr"


USUAL: Final = "en"
DAY_IN_ENGLISH: Final = "d MMMM y"
"""Day first: what Babel takes for long in English is the American order."""
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
gettext: Callable[..., str] = _gettext


def init_app(app: Flask, select: Callable[[], str | None] = lambda: None) -> None:
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


def carried(work: Callable[P, T]) -> Callable[P, T]:
    """Return what says its texts as here, wherever it is called: other threads know no reader."""
    if not has_app_context():
        return work
    app, code = current_app._get_current_object(), here().code  # type: ignore[attr-defined]

    @wraps(work)
    def go(*words: P.args, **named: P.kwargs) -> T:
        with app.app_context(), spoken(code):
            return work(*words, **named)

    return go


def mark(text: str) -> str:
    """Return `text` as it is: gathered for translators here, said by `gettext` where it is shown."""
    return text


def ngettext(one: str, many: str, count: int, /, **values: Any) -> str:
    """Return the form that this number takes; `%(num)s` in it is the number as the reader writes it."""
    form: str = get_translations().ungettext(one, many, count)
    return form % {"num": number(count), **values}


def said(text: str, known: Iterable[str]) -> str:
    """Return an English text that was stored, or came from elsewhere, in the reader's language.

    It is one of `known`, whose places (`%(most)s`) are filled; any other one stays as it is.
    """
    for each in known:
        if found := _filled(each).fullmatch(text):
            values = {name: _regrouped(value) for name, value in found.groupdict().items()}
            return gettext(each, **values)
    return text


@lru_cache(maxsize=256)
def _filled(text: str) -> re.Pattern[str]:
    parts = PLACE.split(text)  # plain text and names in turns
    return re.compile(
        "".join(f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts)),
        re.DOTALL,
    )


def _regrouped(value: str) -> str:
    return number(int(value.replace(",", ""))) if GROUPED.fullmatch(value) else value


def day(moment: date) -> str:
    """Return "28 November 2026", in the reader's own way."""
    return str(format_date(moment, DAY_IN_ENGLISH if here().code == USUAL else "long"))


def month(moment: date) -> str:
    """Return "November 2026"."""
    return str(format_skeleton("yMMMM", moment, locale=get_locale()))


def number(value: float) -> str:
    """Return 12480 as "12,480", in the reader's own way."""
    return str(format_decimal(value) if get_locale() else f"{value:,}")


def tenths(value: float) -> str:
    """Return 1234.56 as "1,234.6", in the reader's own way."""
    return str(format_decimal(value, "#,##0.0") if get_locale() else f"{value:,.1f}")


__all__ = [
    "LANGUAGES",
    "Language",
    "babel",
    "carried",
    "day",
    "format_date",
    "gettext",
    "here",
    "init_app",
    "lazy_gettext",
    "mark",
    "month",
    "ngettext",
    "number",
    "said",
    "spoken",
    "tenths",
]
