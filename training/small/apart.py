"""Keeps what is learned apart from what is judged: no question of the evaluation, nor nearly one.

Knows no files.
"""

from difflib import SequenceMatcher
from functools import cache

from training.corpus import Message
from training.evaluation_questions import normal
from training.small.evaluate import cases

SHORT = 12  # "Hello" and the like are nobody's question
SHARED_WORDS = 0.5  # of both: below this no letters are compared
SAME = 0.85  # share of letters in the same order (`difflib`'s ratio)


def asks_an_evaluation_question(messages: list[Message]) -> bool:
    """Whether a user's turn is one of the questions that the model is judged by, or almost."""
    return any(_is_judged(normal(m["content"])) for m in messages if m["role"] == "user")


@cache
def _judged() -> tuple[tuple[str, frozenset[str]], ...]:
    turns = {normal(turn) for case in cases() for turn in case.turns if len(turn) > SHORT}
    return tuple((turn, frozenset(turn.split())) for turn in sorted(turns))


def _is_judged(question: str) -> bool:
    words = frozenset(question.split())
    return any(
        question == turn
        or (_shared(words, other) >= SHARED_WORDS and _letters(question, turn) >= SAME)
        for turn, other in _judged()
    )


def _shared(words: frozenset[str], other: frozenset[str]) -> float:
    return len(words & other) / max(1, len(words | other))


def _letters(question: str, turn: str) -> float:
    return SequenceMatcher(None, question, turn, autojunk=False).ratio()
