"""Read the corpus: JSON Lines records, chosen source by source with the weights of a mix.

Does not know about tokens, nor which mix is good for what.
"""

import json
import lzma
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypedDict

TRAINING_PATTERNS = ("chat-*.jsonl.xz", "text-*.jsonl.xz")
HELDOUT_FILES = ("heldout-chat.jsonl.xz", "heldout-text.jsonl.xz")


class Message(TypedDict):
    """One turn of a chat."""

    role: str
    content: str


class Record(TypedDict, total=False):
    """A chat (`messages`) or a piece of prose (`text`), with the name of its source."""

    source: str
    messages: list[Message]
    text: str
    last_only: bool  # of the assistant's messages only the last one is learned


def read_file(path: Path) -> Iterator[Record]:
    """The records of one compressed file, in its order."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def read_training(folder: Path) -> Iterator[Record]:
    """Every training record; the held-out files are never opened here."""
    paths = sorted(path for pattern in TRAINING_PATTERNS for path in folder.glob(pattern))
    if not paths:
        raise FileNotFoundError(f"no corpus in {folder}; set ECHO_CORPUS to its folder")
    for path in paths:
        yield from read_file(path)


def read_heldout(folder: Path) -> Iterator[Record]:
    """Every held-out record: for measuring only."""
    for name in HELDOUT_FILES:
        yield from read_file(folder / name)


def short_turns(record: Record, max_words: int) -> Record | None:
    """The chat up to its first long turn; prose as it is; nothing where the start is long."""
    if "text" in record:
        return record
    kept: list[Message] = []
    for question, answer in zip(record["messages"][::2], record["messages"][1::2], strict=True):
        if max(len(turn["content"].split()) for turn in (question, answer)) > max_words:
            break
        kept += [question, answer]
    return {"source": record["source"], "messages": kept} if kept else None


def apply_mix(
    records: Iterable[Record], mix: dict[str, float], rng: random.Random
) -> Iterator[Record]:
    """Each record as often as its source's weight says; fractions are drawn."""
    for record in records:
        weight = mix.get(record["source"], 0.0)
        copies = int(weight) + (rng.random() < weight - int(weight))
        for _ in range(copies):
            yield record
