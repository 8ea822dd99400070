"""Chats that people bring, made ready for the trainer: encoded, shortened where they are too long for a row.

Also says what tuning with them takes. Does not know where chats come from nor what a model is called.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer

from training.corpus import Message, Record
from training.small.lora import Chats, LoraSettings, system_of
from training.small.rows import ChatTokenizer, EncodedChat, encode_chat

LONGEST_ROW = 768  # tokens; a row's memory grows with them
ROWS_WANTED = 24  # few chats make shorter rows rather than fewer steps
STEPS_BETWEEN_CHECKPOINTS = 12
PEOPLES_BYTES = 500_000_000  # torch, transformers and the program


@dataclass(frozen=True)
class OwnChats:
    """What the trainer gets, and what became of the rest."""

    chats: Chats
    row_tokens: int
    shortened: int  # their oldest exchanges were left out
    left_out: int  # not even the last exchange fits into a row


def prepare(base: Path, records: Sequence[Record]) -> OwnChats:
    """Encode the chats by the base's own template.

    Raises ValueError where the template cannot be trained on, or where no chat fits into a row.
    """
    tokenizer: Any = AutoTokenizer.from_pretrained(base)
    encoded: list[EncodedChat] = []
    groups: list[str] = []
    shortened = 0
    for record in records:
        chat, dropped = _fitting(tokenizer, record)
        if chat is not None:
            encoded.append(chat)
            groups.append(system_of(record))
            shortened += dropped > 0
    if not encoded:
        raise ValueError(f"every chat is longer than {LONGEST_ROW} tokens")
    lengths = [len(chat.ids) for chat in encoded]
    row = min(LONGEST_ROW, max(*lengths, sum(lengths) // ROWS_WANTED, 2))
    return OwnChats((encoded, groups), row, shortened, len(records) - len(encoded))


def settings_for(
    own: OwnChats, rank: int, alpha: int, minutes: float, epochs: float
) -> LoraSettings:
    """The numbers of a run; the same for the same chats."""
    return LoraSettings(
        rank=rank, alpha=alpha, learning_rate=4e-4, row_tokens=own.row_tokens, rows_per_step=1,
        epochs=epochs, minutes=minutes, checkpoint_steps=STEPS_BETWEEN_CHECKPOINTS,
    )  # fmt: skip


def memory_needed(base: Path, weights: int, own: OwnChats, rank: int) -> int:
    """Bytes that tuning takes in float32: the weights, what a row leaves behind in each layer, the logits.

    The factors were measured on Qwen2's shapes (a row of 768 tokens of the 0.5B takes 7 GB in all).
    """
    config = json.loads((base / "config.json").read_text("utf-8"))
    hidden, inner = int(config["hidden_size"]), int(config["intermediate_size"])
    layers, vocabulary = int(config["num_hidden_layers"]), int(config["vocab_size"])
    row = own.row_tokens * 4 * (layers * (18 * hidden + 6.2 * inner) + 2.5 * vocabulary)
    learned = 16 * rank * layers * 7 * (hidden + inner)  # weights, gradients, two moments
    return int(4 * weights + row + learned) + PEOPLES_BYTES


def disk_needed(base: Path, rank: int) -> int:
    """Bytes of a run's folder: a checkpoint and the next one, and adapters in bf16."""
    config = json.loads((base / "config.json").read_text("utf-8"))
    hidden, inner = int(config["hidden_size"]), int(config["intermediate_size"])
    numbers = rank * int(config["num_hidden_layers"]) * 7 * (hidden + inner)
    return numbers * (2 * 12 + 3 * 2)


def _fitting(tokenizer: ChatTokenizer, record: Record) -> tuple[EncodedChat | None, int]:
    """The chat, or its end that fits into a row, and how many exchanges were left out."""
    messages, dropped = record["messages"], 0
    while True:
        chat = encode_chat(tokenizer, messages, record.get("last_only", False))
        if len(chat.ids) <= LONGEST_ROW:
            return chat, dropped
        shorter = _without_first(messages)
        if shorter is None:
            return None, dropped
        messages, dropped = shorter, dropped + 1


def _without_first(messages: list[Message]) -> list[Message] | None:
    """The chat from its second question on; None where there is but one."""
    system = messages[:1] if messages[0]["role"] == "system" else []
    questions = [n for n, message in enumerate(messages) if message["role"] == "user"]
    return [*system, *messages[questions[1] :]] if len(questions) > 1 else None
