"""The language that charts are told in: its texts, numbers and days. Knows no chart.

English stands in the code and is the key of every translation; those of the folder that was named (`learn`)
are used while a language is `spoken`. It needs no pandas, so that pages may use it too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, get_day_names, get_month_names
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations

USUAL: Final = "en"
NUMBER: Final = re.compile(r"\d[\d,]*(?:\.(\d+))?")  # as English writes it
_folder: list[Path] = []


@dataclass(frozen=True)
class _Speech:
    """A language, and the translations into it."""

    locale: Locale
    texts: NullTranslations


ENGLISH: Final = _Speech(Locale(USUAL), NullTranslations())
_now: ContextVar[_Speech] = ContextVar("speech", default=ENGLISH)


def learn(folder: Path) -> None:
    """Let this process use the translations in `folder`, LANGUAGE/LC_MESSAGES/messages.mo each."""
    _folder[:] = [folder]
    _translations.cache_clear()


@lru_cache
def _translations(code: str) -> NullTranslations:
    found: NullTranslations = Translations.load(_folder[0] if _folder else None, [code])
    return found


@contextmanager
def spoken(code: str, texts: NullTranslations | None = None) -> Iterator[None]:
    """Say everything in this language meanwhile, by `texts` where they are given.

    Raises:
        ValueError: nobody knows a language of this code.
    """
    try:
        locale = Locale.parse(code)
    except (UnknownLocaleError, ValueError, TypeError) as error:
        raise ValueError(f"there is no language {code!r}") from error
    before = _now.set(_Speech(locale, _translations(code) if texts is None else texts))
    try:
        yield
    finally:
        _now.reset(before)


def letters(code: str) -> str:
    """Return letters that nothing in this language can be written without: its months, days and name."""
    locale = Locale.parse(code)
    names = [locale.display_name or "", *get_month_names("wide", locale=locale).values()]
    return "".join([*names, *get_day_names("wide", locale=locale).values()])


def mark(text: str) -> str:
    """Return `text` as it is: gathered for translators here, said by `gettext` where it is shown."""
    return text


def gettext(text: str, **values: Any) -> str:
    """Return a text in the language of its reader, its places filled."""
    said: str = _now.get().texts.ugettext(text) if text else ""
    return said % values if values else said


def ngettext(one: str, many: str, count: int, /, **values: Any) -> str:
    """Return the form that this number takes; `%(num)s` in it is the number as the reader writes it."""
    form: str = _now.get().texts.ungettext(one, many, count)
    return form % {"num": signs(f"{count:,}"), **values}


def signs(text: str) -> str:
    """Return a text with English numbers with the reader's signs for thousands and decimals."""
    locale = _now.get().locale
    if locale.language == USUAL:
        return text

    def said(found: re.Match[str]) -> str:
        pattern = f"#,##0.{'0' * len(found[1])}" if found[1] else None
        return str(format_decimal(Decimal(found[0].replace(",", "")), pattern, locale))

    return NUMBER.sub(said, text)


def day(moment: date) -> str:
    """Return March 4, 2026."""
    return str(format_date(moment, "long", _now.get().locale))


def month(moment: date) -> str:
    """Return March 2026."""
    return _formed(moment, "yMMMM")


def short_day(moment: date) -> str:
    """Return Mar 4."""
    return _formed(moment, "MMMd")


def dated_day(moment: date) -> str:
    """Return Mar 4, 2026."""
    return _formed(moment, "yMMMd")


def short_month(moment: date) -> str:
    """Return Mar."""
    return str(get_month_names("abbreviated", "stand-alone", _now.get().locale)[moment.month])


def short_weekday(place: int) -> str:
    """Return Mon for 0."""
    return str(get_day_names("abbreviated", "stand-alone", _now.get().locale)[place])


def _formed(moment: date, skeleton: Literal["yMMMM", "MMMd", "yMMMd"]) -> str:
    return str(format_skeleton(skeleton, moment, locale=_now.get().locale))
