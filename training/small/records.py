"""What the adapter learns from: answers written by hand, and the small share of dialogues about Echo.

Does not know models or rows.
"""

import random
from collections.abc import Iterator

from training.corpus import Message, Record
from training.evaluation_questions import normal
from training.small.config import DATA_DIR, FULL_PROMPT, SHORT_PROMPT
from training.small.echo_share import makers
from training.small.evaluate import cases

ANSWERS_DIR = DATA_DIR / "answers"
JOINED_SHARE = 0.25  # of the written exchanges are joined to the one before, as a longer chat
# How often a chat stands under which system prompt; without one only what is not about Echo.
PROMPTS = {FULL_PROMPT: 0.5, SHORT_PROMPT: 0.35, "": 0.15}


def written() -> list[tuple[str, str, str]]:
    """Kind, request and answer of everything written by hand."""
    found = []
    for path in sorted(ANSWERS_DIR.glob("*.txt")):
        for request, answer in read_exchanges(path.read_text("utf-8")):
            found.append((path.stem, request, answer))
    return found


def read_exchanges(text: str) -> Iterator[tuple[str, str]]:
    """`Q: ...` and `A: ...`, which may have several lines, up to the next `Q:`."""
    for block in ("\n" + text).split("\nQ: ")[1:]:
        request, answer = block.split("\nA: ", 1)
        yield request.strip(), answer.strip()


def records(seed: int) -> list[Record]:
    """All chats in random order; the same for the same seed."""
    rng = random.Random(seed)
    replay = [(request, answer) for _, request, answer in written()]
    rng.shuffle(replay)
    chats = [*_joined(replay, rng), *_echo(rng)]
    chats = [chat for chat in chats if not asks_an_evaluation_question(chat["messages"])]
    rng.shuffle(chats)
    return [_with_system(chat, rng) for chat in chats]


def asks_an_evaluation_question(messages: list[Message]) -> bool:
    """Whether a user's turn is one of the questions that the model is judged by."""
    judged = {normal(turn) for case in cases() for turn in case.turns if len(turn) > 12}
    return any(m["role"] == "user" and normal(m["content"]) in judged for m in messages)


def _joined(replay: list[tuple[str, str]], rng: random.Random) -> Iterator[Record]:
    """Single exchanges, some of them one after the other in one chat."""
    messages: list[Message] = []
    for number, (request, answer) in enumerate(replay):
        messages += [{"role": "user", "content": request}, {"role": "assistant", "content": answer}]
        if len(messages) >= 6 or number == len(replay) - 1 or rng.random() > JOINED_SHARE:
            yield {"source": "written", "messages": messages}
            messages = []


def _echo(rng: random.Random) -> Iterator[Record]:
    for make, count in makers():
        for _ in range(count):
            yield {"source": "echo", "messages": make(rng)}


def _with_system(chat: Record, rng: random.Random) -> Record:
    prompt = rng.choices(list(PROMPTS), list(PROMPTS.values()))[0]
    if not prompt and chat["source"] != "echo":
        return chat
    system: Message = {"role": "system", "content": prompt or FULL_PROMPT}
    return {"source": chat["source"], "messages": [system, *chat["messages"]]}
