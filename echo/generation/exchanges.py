"""Where a conversation may be cut so that it fits a window. It does not know tokens or templates."""

from __future__ import annotations

import math
from itertools import accumulate

from .request import ChatMessage


def split(
    messages: tuple[ChatMessage, ...],
) -> tuple[tuple[ChatMessage, ...], tuple[ChatMessage, ...]]:
    first = 1 if messages[0].role == "system" else 0
    return messages[:first], messages[first:]


def exchange_starts(messages: tuple[ChatMessage, ...]) -> list[int]:
    """Where the conversation may be cut: before each question. The last one always stays."""
    starts = [
        number
        for number, message in enumerate(messages)
        if message.role == "user" and (number == 0 or messages[number - 1].role != "user")
    ]
    return starts if starts and starts[0] == 0 else [0, *starts]


def chars_of(messages: tuple[ChatMessage, ...]) -> int:
    """Characters that are said in messages, and written in the calls that they make."""
    calls = (len(call.arguments) for message in messages for call in message.calls)
    return sum(len(message.content) for message in messages) + sum(calls)


def steady_cut(messages: tuple[ChatMessage, ...], starts: list[int], least: int, block: int) -> int:
    """Exchanges to drop, so that the same ones are dropped in the next few turns as well.

    The beginning of the prompt then stays the same, and its keys and values are found in the cache.
    Whole blocks of characters are dropped, counted from the conversation's first message.
    """
    before = _chars_before(messages, starts)
    target = -(-before[least] // block) * block
    return next((n for n in range(least, len(starts)) if before[n] >= target), least)


def first_countable(messages: tuple[ChatMessage, ...], starts: list[int], chars: int) -> int:
    """Exchanges that are too far back to be counted: those after them have as many characters at most."""
    before = _chars_before(messages, starts)
    total = chars_of(messages)
    return next((n for n, each in enumerate(before) if total - each <= chars), len(starts) - 1)


def _chars_before(messages: tuple[ChatMessage, ...], starts: list[int]) -> list[int]:
    sums = list(accumulate((chars_of((message,)) for message in messages), initial=0))
    return [sums[start] for start in starts]


def letters_per_token(messages: tuple[ChatMessage, ...], tokens: int) -> int:
    """1, 2, 4 or 8: so coarse that it does not change from turn to turn."""
    ratio = chars_of(messages) / tokens
    return 1 << min(3, max(0, round(math.log2(max(ratio, 1.0)))))
