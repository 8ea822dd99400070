"""What the adapter learns from: chats written by hand, and a small share made from tables about Echo.

Does not know models or rows.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from training.corpus import Message, Record
from training.dialogues.banks import Exchange
from training.small.apart import asks_an_evaluation_question
from training.small.config import DATA_DIR, SHORT_PROMPT
from training.small.echo_share import makers
from training.small.helped import helped_chats
from training.small.served import FULL_PROMPT, as_read

ANSWERS_DIR = DATA_DIR / "answers"
JOINED_SHARE = 0.2  # of the single exchanges are joined to the one before, as a longer chat
# How often a chat stands under which system prompt; without one only what is not about Echo.
PROMPTS = {FULL_PROMPT: 0.65, SHORT_PROMPT: 0.25, "": 0.1}
ABOUT_ECHO = ("identity", "care", "talk")  # kinds that the chat's system prompt speaks of
MARK = re.compile(r"^(Q\+?|A): ", re.MULTILINE)


@dataclass(frozen=True)
class Written:
    """A chat written by hand: the kind, which its file is named after, and its exchanges."""

    kind: str
    turns: tuple[Exchange, ...]


def written() -> list[Written]:
    """Everything written by hand; `write-2.txt` is of the kind `write`."""
    return [
        Written(path.stem.split("-")[0], turns)
        for path in sorted(ANSWERS_DIR.glob("*.txt"))
        for turns in read_chats(path.read_text("utf-8"))
    ]


def read_chats(text: str) -> Iterator[tuple[Exchange, ...]]:
    """`Q: ...` begins a chat, `Q+: ...` goes on with it, `A: ...` answers; each may have several lines.

    Raises ValueError for a question without an answer.
    """
    turns: list[Exchange] = []
    parts = MARK.split(text)[1:]
    for number in range(0, len(parts), 4):
        mark, question, answered, answer = (parts[number : number + 4] + [""] * 4)[:4]
        if (
            not mark.startswith("Q")
            or answered != "A"
            or not question.strip()
            or not answer.strip()
        ):
            raise ValueError(f"a question without an answer: {question[:80]!r}")
        if mark == "Q" and turns:
            yield tuple(turns)
            turns = []
        turns.append((question.strip(), answer.strip()))
    if turns:
        yield tuple(turns)


def records(seed: int) -> list[Record]:
    """All chats in random order; the same for the same seed."""
    rng = random.Random(seed)
    replay = written()
    rng.shuffle(replay)
    chats = [*_joined(replay, rng), *_echo(rng)]
    chats = [chat for chat in chats if not asks_an_evaluation_question(chat["messages"])]
    rng.shuffle(chats)
    return [_with_system(chat, rng) for chat in chats]


def _joined(replay: list[Written], rng: random.Random) -> Iterator[Record]:
    """Chats as they are written; some single exchanges one after the other in one chat."""
    waiting: dict[str, list[Exchange]] = {"written": [], "echo": []}
    for chat in replay:
        source = "echo" if chat.kind in ABOUT_ECHO else "written"
        if len(chat.turns) > 1:
            yield _record(source, chat.turns)
            continue
        turns = waiting[source]
        turns += chat.turns
        if len(turns) >= 3 or rng.random() > JOINED_SHARE:
            yield _record(source, turns)
            turns.clear()
    yield from (_record(source, turns) for source, turns in waiting.items() if turns)


def _record(source: str, turns: list[Exchange] | tuple[Exchange, ...]) -> Record:
    messages: list[Message] = []
    for question, answer in turns:
        messages.append({"role": "user", "content": question})
        messages.append({"role": "assistant", "content": answer})
    return {"source": source, "messages": messages}


def _echo(rng: random.Random) -> Iterator[Record]:
    for make, count in makers():
        for _ in range(count):
            yield {"source": "echo", "messages": make(rng)}
    for messages in helped_chats(rng):
        yield {"source": "echo", "messages": messages}


def _with_system(chat: Record, rng: random.Random) -> Record:
    prompt = rng.choices(list(PROMPTS), list(PROMPTS.values()))[0]
    if not prompt and chat["source"] != "echo":
        return chat
    prompt = prompt or FULL_PROMPT
    read = [as_read(message, prompt) for message in chat["messages"]]
    system: Message = {"role": "system", "content": prompt}
    return {"source": chat["source"], "messages": [system, *read]}
