"""Which passages of a chat's documents an answer is given: those that fit question and window.

Knows the engine by how it counts tokens, and no rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from echo.generation import EngineUnavailable, InvalidRequest, MessageTooLong, ServingEngine
from echo.models import Document, DocumentStatus
from echo.services.documents import prompt, search
from echo.services.documents.prompt import Source
from echo.services.documents.search import Found

SHARE: Final = 4
"""Passages get a quarter of the window: the rest is for who Echo is, the conversation and the answer."""
TOKENS_MOST: Final = 2_000
PASSAGES_MOST: Final = 8
CHARS_PER_TOKEN: Final = 3
"""Where a model does not tell its tokens: fewer than in English, so that what is counted fits."""


def choose(
    user_id: int,
    documents: Sequence[Document],
    question: str,
    count: Callable[[str], int],
    window: int,
    fits: Callable[[str], bool],
) -> list[Source] | None:
    """Return the passages for an answer, numbered; none where nothing fits, None without documents.

    `fits` tells whether a question with this before it can be read at all.
    """
    if not documents:
        return None
    ready = [row for row in documents if row.status == DocumentStatus.READY]
    found = search.fitting(user_id, ready, question, PASSAGES_MOST)
    left = min(window // SHARE, TOKENS_MOST)
    chosen: list[Found] = []
    for one in found:
        tokens = count(one.passage.text)
        if tokens <= left:
            chosen.append(one)
            left -= tokens
    while chosen and not fits(_written(chosen)):
        chosen.pop()
    return [prompt.source(number, one) for number, one in enumerate(chosen, 1)]


def _written(chosen: list[Found]) -> str:
    numbered = [(prompt.source(number, one), one) for number, one in enumerate(chosen, 1)]
    return prompt.written([(source, one.passage.text) for source, one in numbered])


def counting(engine: ServingEngine, model: str) -> Callable[[str], int]:
    """Return how many tokens a model reads a text as; estimated while it cannot tell."""

    def count(text: str) -> int:
        try:
            return len(engine.tokenize(text, model))
        except (EngineUnavailable, InvalidRequest):
            return len(text) // CHARS_PER_TOKEN + 1

    return count


def checking(
    engine: ServingEngine, told: Callable[[str], str], system: str, room: int, model: str
) -> Callable[[str], bool]:
    """Return whether a question fits the model's window with something before it."""

    def fits(before: str) -> bool:
        try:
            engine.check(told(before), system, room, model)
        except MessageTooLong:
            return False
        return True

    return fits
