"""Which passages of a chat's documents an answer is given: those that fit question and window.

Of pictures that a question is asked with it is told in any case: no model sees them. Knows no engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from echo.models import Document, DocumentStatus
from echo.services.documents import prompt, search
from echo.services.documents.prompt import Source

SHARE: Final = 4
"""Passages get a quarter of the window: the rest is for who Echo is, the conversation and the answer."""
TOKENS_MOST: Final = 2_000
PASSAGES_MOST: Final = 8

Given = tuple[Source, str]


@dataclass(frozen=True)
class Room:
    """What a model can take: `tokens` counts a text's; `fits`: the question is read with this before it."""

    tokens: Callable[[str], int]
    window: int
    fits: Callable[[str], bool]


def choose(
    user_id: int,
    documents: Sequence[Document],
    question: str,
    room: Room,
    attached: Sequence[Document] = (),
) -> list[Source] | None:
    """Return what an answer is given, numbered; none where nothing fits, None where nothing is read yet.

    `attached`: those of the documents that are in the chat itself.
    """
    ready = [row for row in documents if row.status == DocumentStatus.READY]
    if not ready:
        return None
    shown = [row for row in ready if row.width is not None and row in attached]
    chosen, left = _told_of(shown, room, min(room.window // SHARE, TOKENS_MOST))
    rest = [row for row in ready if row not in shown]
    for one in search.fitting(user_id, rest, question, PASSAGES_MOST):
        tokens = room.tokens(one.passage.text)
        if tokens <= left:
            chosen.append((prompt.source(len(chosen) + 1, one), one.passage.text))
            left -= tokens
    while chosen and not room.fits(prompt.written(chosen)):
        chosen.pop()
    if not chosen and not rest:
        return None  # a picture that is not even named is no reason to say that nothing fits
    return [source for source, _text in chosen]


def _told_of(pictures: Sequence[Document], room: Room, left: int) -> tuple[list[Given], int]:
    """Return each picture, with its description where there is room for that, and the tokens left."""
    told: list[Given] = []
    for number, row in enumerate(pictures, 1):
        tokens = room.tokens(row.description) if row.description else 0
        is_described = 0 < tokens <= left
        left -= tokens if is_described else 0
        told.append((prompt.picture(number, row, is_described), row.description))
    return told, left
