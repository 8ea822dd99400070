"""Which passages of a chat's documents an answer is given: those that fit question and window.

Knows no engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from echo.models import Document, DocumentStatus
from echo.services.documents import prompt, search
from echo.services.documents.prompt import Source
from echo.services.documents.search import Found

SHARE: Final = 4
"""Passages get a quarter of the window: the rest is for who Echo is, the conversation and the answer."""
TOKENS_MOST: Final = 2_000
PASSAGES_MOST: Final = 8


def choose(
    user_id: int,
    documents: Sequence[Document],
    question: str,
    count: Callable[[str], int],
    window: int,
    fits: Callable[[str], bool],
) -> list[Source] | None:
    """Return the passages for an answer, numbered; none where nothing fits, None where nothing is read yet.

    `count` tells how many tokens a text has, `fits` whether the question with this before it can be read.
    """
    ready = [row for row in documents if row.status == DocumentStatus.READY]
    if not ready:
        return None
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
