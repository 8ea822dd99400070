"""Days, months, the alphabet, opposites, plurals, colours and short lists, as exchanges.

Does not know other subjects.
"""

import random
import string
from collections.abc import Callable

from training.dialogues.banks import Exchange, table
from training.dialogues.templates import as_typed, capital, expand, with_end

NUMBER_WORDS = {2: "two", 3: "three", 4: "four", 5: "five"}


def _exchange(rng: random.Random, template: str, answer: str) -> Exchange:
    question = capital(with_end(expand(template, rng), "?.", rng))
    return as_typed(question, rng), answer


def _joined(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _neighbour(rng: random.Random, names: list[str], noun: str) -> Exchange:
    """What comes after or before a day or a month."""
    place, after = rng.randrange(len(names)), rng.random() < 0.6
    other = names[(place + (1 if after else -1)) % len(names)]
    word = "after" if after else "before"
    ask = (
        f"[[What|Which] {noun} [comes|is] [|right ]{word} {names[place]}|"
        f"The {noun} [right |]{word} {names[place]} is [what|which|which one]|"
        f"{names[place]}: which {noun} [comes|is] {word} it|{noun} {word} {names[place]}]"
    )
    return _exchange(rng, ask, f"{other} comes {word} {names[place]}.")


def days(rng: random.Random) -> Exchange:
    """The days of the week."""
    names = table("lists")["days"]
    if rng.random() < 0.3:
        ask = (
            "[What are|Name|List|Tell me|Say|Give me|Can you name|Write down] "
            "[the|all the|all] [days of the week|weekdays|seven days]"
        )
        return _exchange(rng, ask, f"The days are {_joined(names)}.")
    return _neighbour(rng, names, "day")


def months(rng: random.Random) -> Exchange:
    """The months, their order and lengths."""
    names = table("lists")["months"]
    kind = rng.random()
    if kind < 0.25:
        ask = "[What are|Name|List|Tell me|Say|Give me|Can you name] [the|all the|all] months[| of the year]"
        return _exchange(rng, ask, f"The months are {_joined(names)}.")
    if kind < 0.5:
        name, length = rng.choice(list(table("lists")["month_days"].items()))
        leap = ", and 29 in a leap year" if name == "February" else ""
        ask = f"[How many days does {name} have|How many days are in {name}|How long is {name}]"
        return _exchange(rng, ask, f"{name} has {length} days{leap}.")
    if kind < 0.7:
        place = rng.randrange(12)
        order = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
        word = order.split()[place]
        ask = f"[What|Which] is the {word} month[| of the year]"
        return _exchange(rng, ask, f"{names[place]} is the {word} month.")
    return _neighbour(rng, names, "month")


def alphabet(rng: random.Random) -> Exchange:
    """Letters in order."""
    letters = string.ascii_uppercase
    if rng.random() < 0.25:
        ask = "[Say|Tell me|What is|Recite|Write|Give me|Can you say] the [alphabet|ABC|English alphabet]"
        return _exchange(rng, ask, f"{' '.join(letters)}.")
    place, after = rng.randrange(1, 25), rng.random() < 0.6
    word, other = ("after", place + 1) if after else ("before", place - 1)
    ask = f"[What|Which] letter [comes|is] {word} {letters[place]}[| in the alphabet]"
    return _exchange(rng, ask, f"{letters[other]} comes {word} {letters[place]}.")


def opposites(rng: random.Random) -> Exchange:
    """Opposites, both ways round."""
    one, other = rng.choice(list(table("lists")["opposites"].items()))
    if rng.random() < 0.5:
        one, other = other, one
    ask = (
        f"[What is|What's|Tell me|Name|Give me|Do you know|Find|Opposite:] the opposite [of|of the word] "
        f'[{one}|"{one}"|{one}]'
    )
    return _exchange(rng, ask, f"The opposite of {one} is {other}.")


def plurals(rng: random.Random) -> Exchange:
    """Plurals of common nouns."""
    one, many = rng.choice(list(table("lists")["plurals"].items()))
    ask = f'[What is|What\'s|Tell me|Give me|Form] the plural of [{one}|"{one}"]'
    return _exchange(rng, ask, f"The plural of {one} is {many}.")


def colours(rng: random.Random) -> Exchange:
    """The colours of everyday things."""
    thing, colour = rng.choice(list(table("lists")["colours_of"].items()))
    ask = f"[What|Which] [colour|color] [is|has] {thing}"
    return _exchange(rng, ask, f"{capital(thing)} is {colour}.")


def members(rng: random.Random) -> Exchange:
    """A few members of a group, or one."""
    group, words = rng.choice(list(table("lists")["groups"].items()))
    if rng.random() < 0.3:
        chosen = rng.sample(words, 3)
        ask = f"[Give me|Make|Write|I need|Show me] a [list|short list] of [some |]{group}"
        return _exchange(rng, ask, "\n".join(f"{n}. {w}" for n, w in enumerate(chosen, 1)))
    number = rng.choice(list(NUMBER_WORDS))
    written = rng.choice((NUMBER_WORDS[number], str(number)))
    ask = f"[Name|Tell me|List|Give me|Can you name|Say|I need|Do you know] {written} {group}"
    chosen = rng.sample(words, number)
    return _exchange(rng, ask, capital(f"{_joined(chosen)}."))


KINDS: tuple[Callable[[random.Random], Exchange], ...] = (
    days, months, alphabet, opposites, opposites, plurals, colours, members, members,
)  # fmt: skip


def list_exchange(rng: random.Random) -> Exchange:
    """One exchange of any of these kinds."""
    return rng.choice(KINDS)(rng)
