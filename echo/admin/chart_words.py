"""What the drawing process says of charts and in their tables, in the reader's language.

`analytics` says it in English, for programs too, and marks it for translators; names of models and the like
stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from analytics import headings
from echo.languages import gettext
from echo.limits import FEEDBACK_CATEGORIES


def sayer(known: Iterable[str]) -> Callable[[str], str]:
    """Return what says a text of these in the reader's language, and any other one as it is."""
    texts = frozenset(known)

    def said(text: str) -> str:
        if found := headings.numbered(text):
            return gettext(found[0], **found[1])
        return gettext(text) if text in texts else text

    return said


def row_sayer(column: str, said: Callable[[str], str]) -> Callable[[str], str]:
    """Return what says the names of lines under this column: people and models keep theirs."""
    if column == "category":
        return lambda name: (
            gettext(FEEDBACK_CATEGORIES[name]) if name in FEEDBACK_CATEGORIES else name
        )
    return said if column in ("weekday", "messages") else str
