"""Chats packed into rows without padding: their common beginning stands once, each chat sees it and itself.

Exact, because attention and positions are those of the chats alone. Does not know models.
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from training.corpus import Message

PREFIX = 0  # the segment that every chat of a row sees


class ChatTokenizer(Protocol):
    """What is needed of a transformers tokenizer with a chat template."""

    eos_token_id: int

    def apply_chat_template(self, conversation: list[Message], **options: object) -> str: ...

    def encode(self, text: str, **options: object) -> list[int]: ...


@dataclass(frozen=True)
class EncodedChat:
    """Token ids of a chat, and which of them the assistant wrote."""

    ids: list[int]
    counted: list[bool]


@dataclass(frozen=True)
class Row:
    """Some chats in one line; all tensors have the row's length but the last two."""

    ids: torch.Tensor
    positions: torch.Tensor  # each chat goes on where the shared beginning ends
    segments: torch.Tensor  # PREFIX, then 1, 2, ... per chat
    sources: torch.Tensor  # [targets]: the positions whose next token counts
    targets: torch.Tensor  # [targets]: those next tokens

    def mask(self) -> torch.Tensor:
        """[1, 1, length, length], true where a token sees another."""
        length = len(self.ids)
        causal = torch.ones(length, length, dtype=torch.bool).tril()
        same = self.segments[:, None] == self.segments[None, :]
        return (causal & (same | (self.segments == PREFIX)[None, :]))[None, None]


def encode_chat(
    tokenizer: ChatTokenizer, messages: list[Message], last_only: bool = False
) -> EncodedChat:
    """The template's own tokens; what the assistant wrote (or its last message), with its end mark, counts.

    Raises ValueError where the template rewrites earlier turns, for then no loss is right.
    """
    ids = _render(tokenizer, messages)
    counted = [False] * len(ids)
    for number, message in enumerate(messages):
        if message["role"] != "assistant" or (last_only and number < len(messages) - 1):
            continue
        before = _render(tokenizer, messages[:number], add_generation_prompt=True)
        after = _render(tokenizer, messages[: number + 1])
        if ids[: len(after)] != after or after[: len(before)] != before:
            raise ValueError("the chat template changes earlier turns; it cannot be trained on")
        for place in range(len(before), _end(after, len(before), tokenizer.eos_token_id)):
            counted[place] = True
    return EncodedChat(ids, counted)


def pack_rows(
    chats: Sequence[EncodedChat], groups: Sequence[str], length: int, rng: random.Random
) -> list[Row]:
    """Rows of at most `length` tokens in random order; only chats of one group share a row.

    A chat that is longer than a row is left out.
    """
    by_group: dict[str, list[EncodedChat]] = defaultdict(list)
    for chat, group in zip(chats, groups, strict=True):
        if len(chat.ids) <= length:
            by_group[group].append(chat)
    rows = []
    for group in by_group.values():
        rng.shuffle(group)
        shared = common_beginning(group)
        rows += [_row(part, shared) for part in _parts(group, shared, length)]
    rng.shuffle(rows)
    return rows


def common_beginning(chats: Sequence[EncodedChat]) -> int:
    """How many first tokens all chats share, none of them the assistant's."""
    shortest = min(len(chat.ids) for chat in chats)
    first = chats[0]
    for place in range(shortest):
        token = first.ids[place]
        if any(chat.ids[place] != token or chat.counted[place] for chat in chats):
            return place
    return shortest - 1


def _parts(chats: list[EncodedChat], shared: int, length: int) -> list[list[EncodedChat]]:
    parts: list[list[EncodedChat]] = []
    used = length
    for chat in chats:
        own = len(chat.ids) - shared
        if used + own > length:
            parts.append([])
            used = shared
        parts[-1].append(chat)
        used += own
    return parts


def _row(chats: list[EncodedChat], shared: int) -> Row:
    ids, positions, segments = chats[0].ids[:shared], list(range(shared)), [PREFIX] * shared
    sources: list[int] = []
    targets: list[int] = []
    for number, chat in enumerate(chats, start=1):
        offset = len(ids) - shared  # of this chat's own tokens in the row
        for place in range(shared, len(chat.ids)):
            if chat.counted[place]:
                sources.append(place - 1 + offset if place > shared else shared - 1)
                targets.append(chat.ids[place])
        ids += chat.ids[shared:]
        positions += range(shared, len(chat.ids))
        segments += [number] * (len(chat.ids) - shared)
    return Row(*(torch.tensor(t) for t in (ids, positions, segments, sources, targets)))


def _render(tokenizer: ChatTokenizer, messages: list[Message], **options: object) -> list[int]:
    text = tokenizer.apply_chat_template(messages, tokenize=False, **options)
    return tokenizer.encode(text, add_special_tokens=False)


def _end(ids: list[int], start: int, eos: int) -> int:
    """Just behind the last end mark after `start`; the whole where there is none."""
    marks = [place for place in range(start, len(ids)) if ids[place] == eos]
    return marks[-1] + 1 if marks else len(ids)
