"""Names and other things that a user tells and asks for some turns later.

Does not know what is said in between.
"""

import random
from dataclasses import dataclass

from training.dialogues.banks import Exchange, table
from training.dialogues.templates import as_typed, expand

NAME_TELLS = (
    "[My name is|I am|I'm|You can call me|Call me|People call me|They call me|The name's|"
    "Please call me|My friends call me|It's me,] {v}",
    "[Hi|Hello|Hey|Good morning|Good evening], [I am|I'm|my name is|this is|it's] {v}",
)
NAME_ACKS = (
    "[Hello|Hi|Nice to meet you|Good to meet you|Pleased to meet you|Welcome], {v}! "
    "[How can I help you|What can I do for you|How are you|What is on your mind]?",
    "[Nice to meet you|Hello|Hi], {v}! [I am Echo|My name is Echo].",
)
NAME_ASKS = (
    "[What is|What's|Do you know|Do you remember|Tell me|Say|Can you tell me|Do you still know] "
    "my name",
    "[Who am I|What am I called|What did I say my name was|How do you call me|What was my name|"
    "Did you forget my name|Can you remember my name|What do people call me]",
)
NAME_RECALLS = (
    "Your name is {v}.",
    "You are {v}.",
    "You told me that your name is {v}.",
    "{v}! That is your name.",
)
LIKE_TELLS = (
    "My favourite {k} is {v}",
    "[I like {v} best|I love {v}] of all [{k}s|the {k}s]",
    "{v} is my favourite {k}",
    "[The {k} I like most is|Of every {k} I prefer|My best {k} is] {v}",
    "My favorite {k} is {v}",
)
LIKE_ACKS = (
    "{V} is a [good|nice|lovely|fine] choice!",
    "{V}, how nice! [What do you like about it|Why do you like it]?",
    "[I will keep that in mind|Good to know]: {v}.",
    "[Nice|Lovely]! {V} is a fine {k}.",
)
LIKE_ASKS = (
    "[What is|What's|Do you remember|Do you know|Tell me|What was|Can you tell me] my "
    "[favourite|favorite|favourite] {k}",
    "[Which|What] {k} do I like [best|most]",
    "[Which|What] is my favourite {k}",
)
LIKE_RECALLS = ("Your favourite {k} is {v}.", "You told me: your favourite {k} is {v}.")


@dataclass(frozen=True)
class Memory:
    """Something told, and the later question about it."""

    tell: Exchange
    ask: Exchange


def _filled(templates: tuple[str, ...], rng: random.Random, kind: str, value: str) -> str:
    slots = {"k": [kind], "v": [value], "V": [value[:1].upper() + value[1:]]}
    return expand(rng.choice(templates), rng, slots)


def name_memory(rng: random.Random) -> Memory:
    """The user's name."""
    name = rng.choice(table("memory")["names"])
    tell = _filled(NAME_TELLS, rng, "", name) + rng.choice((".", "!", ""))
    ask = _filled(NAME_ASKS, rng, "", name) + "?"
    return Memory(
        (as_typed(tell, rng) if rng.random() < 0.3 else tell, _filled(NAME_ACKS, rng, "", name)),
        (as_typed(ask, rng), _filled(NAME_RECALLS, rng, "", name)),
    )


def favourite_memory(rng: random.Random) -> Memory:
    """A favourite colour, food, animal …"""
    kind, values = rng.choice(list(table("memory")["kinds"].items()))
    value = rng.choice(values)
    tell = _filled(LIKE_TELLS, rng, kind, value)
    return Memory(
        (tell[:1].upper() + tell[1:] + rng.choice((".", "!", "")), _filled(LIKE_ACKS, rng, kind, value)),
        (as_typed(_filled(LIKE_ASKS, rng, kind, value) + "?", rng),
         _filled(LIKE_RECALLS, rng, kind, value)),
    )  # fmt: skip


def personal_memory(rng: random.Random) -> Memory:
    """Where the user lives, the pet, the job or the age."""
    entry = rng.choice(list(table("memory")["facts"].values()))
    value = rng.choice(entry["values"])
    said = {
        part: rng.choice(entry[part]).format(v=value) for part in ("tell", "ack", "ask", "recall")
    }
    return Memory((said["tell"], said["ack"]), (as_typed(said["ask"], rng), said["recall"]))


def any_memory(rng: random.Random) -> Memory:
    """A name half of the time, else a favourite or something personal."""
    kinds = (name_memory, favourite_memory, personal_memory)
    return rng.choices(kinds, (5, 3, 2))[0](rng)
