"""Guardrails in words: where rules look, for what, and what they do. Knows no rows and no pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from echo.languages import gettext, mark
from echo.models import GuardAct, GuardKind, GuardPlace, GuardState

PLACES: Final = {
    GuardPlace.QUESTION: mark("Questions"),
    GuardPlace.ANSWER: mark("Answers"),
    GuardPlace.BOTH: mark("Questions and answers"),
}
KINDS: Final = {
    GuardKind.WORDS: mark("Words"),
    GuardKind.PATTERN: mark("A pattern"),
    GuardKind.CLASSIFIER: mark("What a classifier says"),
}
ACTS: Final = {
    GuardAct.FLAG: mark("Flag: let it pass, and put it in the queue"),
    GuardAct.WARN: mark("Warn: let it pass, with the reason below it"),
    GuardAct.MASK: mark("Mask: blocks stand where the words were"),
    GuardAct.REFUSE: mark("Refuse: no answer, or its end"),
}
BRIEF_ACTS: Final = {
    GuardAct.FLAG: mark("flag"),
    GuardAct.WARN: mark("warn"),
    GuardAct.MASK: mark("mask"),
    GuardAct.REFUSE: mark("refuse"),
}
STATES: Final = {
    GuardState.OPEN: mark("Nobody has looked"),
    GuardState.UPHELD: mark("It stands"),
    GuardState.LIFTED: mark("Lifted"),
}
VERDICTS: Final = {
    GuardState.UPHELD: mark("It stands"),
    GuardState.LIFTED: mark("Lift it: it was wrong here"),
}


def choices(words: Mapping[Any, str]) -> list[tuple[str, str]]:
    """Return a form's choices, said in the reader's language."""
    return [(value.value, gettext(text)) for value, text in words.items()]
