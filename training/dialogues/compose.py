"""Join exchanges into dialogues of one to several turns, with and without a system prompt.

Does not know how an exchange is worded.
"""

import random
from collections.abc import Callable, Iterator

from training.corpus import Message, Record
from training.dialogues.arithmetic import count_exchange, drill_exchange, sum_exchange
from training.dialogues.banks import Exchange, bank_exchange, fact_exchange, feature_exchange
from training.dialogues.listing import list_exchange
from training.dialogues.recall import any_memory
from training.evaluation_questions import is_evaluation_question

SOURCE = "own-dialogues"
SYSTEM_PROMPTS = (
    "You are Echo, a friendly assistant. Answer briefly and honestly.",
    "You are Echo, a small and friendly chat assistant.",
    "You are Echo, a helpful assistant.",
    "You are Echo. Be kind, brief and honest.",
    "You are Echo, a small language model that runs inside this app. Say so when you do not know.",
    "You are a helpful assistant.",
    "You are Echo, the assistant of this app. Keep your answers short.",
)
SYSTEM_SHARE = 0.55
LENGTHS = (1, 2, 3, 4)  # subjects in one dialogue
LENGTH_WEIGHTS = (40, 27, 20, 13)
RECALL_SHARE = 0.2

# Behaviour → (weight, how to draw an exchange).
SUBJECTS: dict[str, tuple[float, Callable[[random.Random], Exchange]]] = {
    "sums": (14, sum_exchange),
    "drills": (6, drill_exchange),
    "counting": (3, count_exchange),
    "facts": (16, fact_exchange),
    "features": (17, feature_exchange),
    "identity": (12, lambda rng: bank_exchange("identity", rng)),
    "smalltalk": (12, lambda rng: bank_exchange("smalltalk", rng)),
    "lists": (8, list_exchange),
    "care": (12, lambda rng: bank_exchange("care", rng)),
    "unknown": (10, lambda rng: bank_exchange("unknown", rng)),
    "statements": (6, lambda rng: bank_exchange("statements", rng)),
    "musings": (4, lambda rng: bank_exchange("musings", rng)),
    "requests": (4, lambda rng: bank_exchange("instructions", rng)),
}


def subject_exchange(rng: random.Random) -> Exchange:
    """An exchange of any behaviour, by weight."""
    weights = [weight for weight, _ in SUBJECTS.values()]
    draw = rng.choices(list(SUBJECTS.values()), weights)[0][1]
    return draw(rng)


def _middle(rng: random.Random) -> list[Exchange]:
    """One to four subjects, or something told and asked for after zero to three others."""
    if rng.random() < RECALL_SHARE:
        memory = any_memory(rng)
        between = [subject_exchange(rng) for _ in range(rng.choices((0, 1, 2, 3), (3, 4, 3, 2))[0])]
        return [memory.tell, *between, memory.ask]
    count = rng.choices(LENGTHS, LENGTH_WEIGHTS)[0]
    return [subject_exchange(rng) for _ in range(count)]


def exchanges(rng: random.Random) -> list[Exchange]:
    """A whole talk: perhaps a greeting, the middle, perhaps thanks and a goodbye."""
    talk = _middle(rng)
    if rng.random() < 0.15:
        talk.insert(0, bank_exchange("smalltalk", rng, rng.choice(("greeting", "how_are_you"))))
    if rng.random() < 0.12:
        talk.append(bank_exchange("smalltalk", rng, "thanks"))
    if rng.random() < 0.08:
        talk.append(bank_exchange("smalltalk", rng, "goodbye"))
    return talk


def as_messages(talk: list[Exchange]) -> list[Message]:
    """The exchanges as chat messages."""
    messages: list[Message] = []
    for question, answer in talk:
        messages.append({"role": "user", "content": question})
        messages.append({"role": "assistant", "content": answer})
    return messages


def with_system(messages: list[Message], rng: random.Random) -> list[Message]:
    """The chat, with a system prompt in about half of the cases."""
    if rng.random() >= SYSTEM_SHARE:
        return messages
    weights = [6] + [1] * (len(SYSTEM_PROMPTS) - 1)
    prompt = rng.choices(SYSTEM_PROMPTS, weights)[0]
    return [{"role": "system", "content": prompt}, *messages]


def generate(seed: int, count: int) -> Iterator[Record]:
    """`count` dialogues; the same seed always gives the same ones."""
    rng = random.Random(seed)
    made = 0
    while made < count:
        talk = exchanges(rng)
        if any(is_evaluation_question(question) for question, _ in talk):
            continue
        made += 1
        yield {"source": SOURCE, "messages": with_system(as_messages(talk), rng)}
