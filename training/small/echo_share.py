"""The small share of dialogues out of tables: who Echo is, small talk, names kept, sums, care.

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
    """A sum or difference to 20 or to 100, in short form; in figures or in words."""
    top = rng.choice((20, 100, 100))
    small = rng.randrange(1, top - 1)
    other = rng.randrange(1, top - small + 1)
    sign = rng.choice("+-")
    a, b, result = (small, other, small + other) if sign == "+" else (small + other, other, small)
    table = share()["sums"]
    if rng.random() < table["in_words"]:
        return _sum_in_words(rng, sign, a, b, result)
    slots = {"t": [f"{a} {sign} {b}"], "a": [str(a)], "b": [str(b)], "r": [str(result)]}
    return _chat(
        (
            expand(rng.choice(table[sign]), rng, slots),
            expand(rng.choice(table["answer"]), rng, slots),
        )
    )


def _sum_in_words(rng: random.Random, sign: str, *numbers: int) -> list[Message]:
    a, b, result = map(in_words, numbers)
    term = f"{a} {'plus' if sign == '+' else 'minus'} {b}"
    question = expand(rng.choice(share()["sums"]["words"]), rng, {"t": [term]})
    return _chat((question, f"{capital(term)} is {result}."))


def in_words(number: int) -> str:
    """A number from 0 to 100 in words. Raises ValueError for another."""
    words = share()["sums"]["numbers"]
    if not 0 <= number <= 100:
        raise ValueError(f"{number} is not between 0 and 100")
    if number <= 20:
        return str(words["to_twenty"][number])
    tens, ones = divmod(number, 10)
    ten = words["tens"][tens]
    return f"{ten}-{words['to_twenty'][ones]}" if ones else str(ten)


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
    return [*banked, *((make, counts[make.__name__]) for make in (memory, sums))]


def _banked(name: str, topic: str) -> Maker:
    return lambda rng: bank(name, topic, rng)
