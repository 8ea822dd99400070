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
    """Something told, perhaps something else, and the question for what was told."""
    table = share()["memory"]
    form = rng.choice(table["told"])
    kind = rng.choice(list(form["values"]))
    value = rng.choice(form["values"][kind])
    slots = {"k": [kind], "v": [value], "V": [capital(value)]}
    told, kept, asked, recalled = (
        capital(expand(rng.choice(form[part]), rng, slots))
        for part in ("tell", "kept", "ask", "recall")
    )
    between = [tuple(turn) for turn in rng.sample(table["between"], rng.randrange(3))]
    return _chat((told, kept), *between, (asked, recalled))


def sums(rng: random.Random) -> list[Message]:
    """A sum or difference to 20 or to 100, in short form."""
    top = rng.choice((20, 100, 100))
    small = rng.randrange(1, top - 1)
    other = rng.randrange(1, top - small + 1)
    sign = rng.choice("+-")
    a, b, result = (small, other, small + other) if sign == "+" else (small + other, other, small)
    slots = {"t": [f"{a} {sign} {b}"], "a": [str(a)], "b": [str(b)], "r": [str(result)]}
    table = share()["sums"]
    return _chat(
        (
            expand(rng.choice(table[sign]), rng, slots),
            expand(rng.choice(table["answer"]), rng, slots),
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
    counts = share()["counts"]
    banked = [
        (_banked(name, topic), counts.get(topic, counts[name]))
        for name in ("identity", "smalltalk", "care")
        for topic in share()[name]
    ]
    return [*banked, *((make, counts[make.__name__]) for make in (memory, sums, helped))]


def _banked(name: str, topic: str) -> Maker:
    return lambda rng: bank(name, topic, rng)
