"""The small share of dialogues about Echo: who it is, small talk, names kept, sums, care, help in context.

The questions are those of echo-mini's tables, in many wordings; the answers are new, for a model
that can do more. Does not know how large the share is.
"""

import json
import random
from collections.abc import Callable
from typing import Any

from training.corpus import Message
from training.dialogues.banks import Exchange, table
from training.dialogues.templates import capital, expand
from training.small.config import DATA_DIR

HELP_BLOCK = "<help>\n{lines}\n</help>\n{question}"  # as the product writes it


def share() -> dict[str, Any]:
    """The answers and the parts of the dialogues."""
    return json.loads((DATA_DIR / "echo.json").read_text("utf-8"))


def bank(name: str, topic: str, rng: random.Random) -> list[Message]:
    """One exchange: a question of echo-mini's table, one of our answers."""
    rows = table(name)[topic]
    question = expand(rng.choice(rows["ask"]), rng, rows.get("slots"))
    return _chat((capital(question.strip()), expand(rng.choice(share()[name][topic]), rng)))


def memory(rng: random.Random) -> list[Message]:
    """Something told, something else, and the question for what was told."""
    told, asked, recalled, kept = rng.choice((_name, _relation, _favourite, _town, _job))(rng)
    turns = [(told, kept)]
    turns += [tuple(turn) for turn in rng.sample(share()["memory"]["between"], rng.randrange(3))]
    return _chat(*turns, (asked, recalled))


def _name(rng: random.Random) -> tuple[str, str, str, str]:
    name = rng.choice(share()["memory"]["names"])
    told = expand(
        "[My name is|I am called|You can call me|Hello, I'm|Hi, this is] {name}.",
        rng,
        {"name": [name]},
    )
    asked = rng.choice(
        ["What is my name?", "Who am I?", "Do you remember my name?", "how am i called"]
    )
    recalled = rng.choice([f"Your name is {name}.", f"You are {name}.", f"{name} is your name."])
    return told, asked, recalled, f"Nice to meet you, {name}! How can I help you?"


def _relation(rng: random.Random) -> tuple[str, str, str, str]:
    name, who = rng.choice(share()["memory"]["names"]), rng.choice(share()["memory"]["relations"])
    asked = rng.choice([f"What is my {who} called?", f"Do you know the name of my {who}?"])
    kept = rng.choice([f"{name} is a lovely name!", f"Thank you for telling me about {name}."])
    return f"My {who} is called {name}.", asked, f"Your {who} is called {name}.", kept


def _favourite(rng: random.Random) -> tuple[str, str, str, str]:
    kind = rng.choice(list(share()["memory"]["kinds"]))
    value = rng.choice(share()["memory"]["kinds"][kind])
    told = rng.choice(
        [f"My favourite {kind} is {value}.", f"Of every {kind}, I like {value} best."]
    )
    asked = rng.choice([f"What is my favourite {kind}?", f"Which {kind} do I like best?"])
    kept = rng.choice(
        [f"{capital(value)}, a good choice!", f"{capital(value)} it is, I will keep that in mind."]
    )
    return told, asked, f"Your favourite {kind} is {value}.", kept


def _town(rng: random.Random) -> tuple[str, str, str, str]:
    town = rng.choice(share()["memory"]["towns"])
    asked = rng.choice(["Where do I live?", "Which town did I say I live in?"])
    return (
        f"I live in {town}.",
        asked,
        f"You live in {town}.",
        f"{town}, how nice! Do you like it there?",
    )


def _job(rng: random.Random) -> tuple[str, str, str, str]:
    job = rng.choice(share()["memory"]["jobs"])
    asked = rng.choice(["What do I do for a living?", "What did I say my job is?"])
    return (
        f"I work as {job}.",
        asked,
        f"You work as {job}.",
        "That sounds interesting. How long have you been doing it?",
    )


def sums(rng: random.Random) -> list[Message]:
    """A sum or difference to 20 or to 100, in short form."""
    top = rng.choice((20, 100, 100))
    a = rng.randrange(2, top)
    b = rng.randrange(1, top - a + 1)
    if rng.random() < 0.5:
        total, sign, asks = (
            a + b,
            "+",
            (
                "[What is|How much is|Calculate|Can you add] {t}?",
                "{t} =",
                "Add {a} and {b}",
                "What do {a} and {b} make together?",
                "There are {a} cups here and {b} in the cupboard. How many are there?",
            ),
        )
    else:
        a, b, total, sign = a + b, b, a, "-"
        asks = (
            "[What is|How much is|Calculate] {t}?",
            "{t} =",
            "Subtract {b} from {a}",
            "What is left of {a} if I take away {b}?",
            "I have {a} euros and spend {b}. What is left?",
        )
    term = f"{a} {sign} {b}"
    question = expand(rng.choice(asks), rng, {"t": [term], "a": [str(a)], "b": [str(b)]})
    return _chat(
        (
            question,
            rng.choice(
                [
                    f"{term} = {total}.",
                    f"{term} = {total}.",
                    f"That makes {total}: {term} = {total}.",
                ]
            ),
        )
    )


def helped(rng: random.Random) -> list[Message]:
    """A question with help of the application before it; the answer uses it where it fits."""
    entries = json.loads((DATA_DIR / "help_dialogues.json").read_text("utf-8"))
    row = rng.choice(entries["about"])
    others = [one["help"] for one in entries["about"] if one is not row]
    if rng.random() < 0.5:
        lines = [row["help"], *rng.sample(others, rng.randrange(2))]
        question, answer = rng.choice(row["asks"]), rng.choice(row["answers"])
    else:
        lines = rng.sample(others, rng.randrange(1, 3))
        question, answer = rng.choice(entries["other"])
    rng.shuffle(lines)
    block = HELP_BLOCK.format(lines="\n".join(lines), question=question)
    return _chat((block, answer))


def _chat(*turns: Exchange) -> list[Message]:
    messages: list[Message] = []
    for question, answer in turns:
        messages += [
            {"role": "user", "content": question},
            {"role": "assistant", "content": answer},
        ]
    return messages


Maker = Callable[[random.Random], list[Message]]


def makers() -> list[tuple[Maker, int]]:
    """Each kind of dialogue, and how many of it make one share."""
    rows: list[tuple[Maker, int]] = []
    counts = {"identity": 4, "smalltalk": 3, "care": 5}
    for name, count in counts.items():
        for topic in share()[name]:
            rows.append((_banked(name, topic), count + 3 * (topic in ("who", "human", "maker"))))
    return [*rows, (memory, 20), (sums, 24), (helped, 32)]


def _banked(name: str, topic: str) -> Maker:
    return lambda rng: bank(name, topic, rng)
