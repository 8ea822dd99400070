"""Sums, differences, counting and comparing small numbers, as exchanges.

Does not know other subjects; every sum and difference up to 20 is equally likely.
"""

import random

from training.dialogues.banks import Exchange
from training.dialogues.templates import as_typed, expand, with_end

UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen", "twenty",
)  # fmt: skip
THINGS = ("apples", "books", "coins", "eggs", "sweets", "cards", "pens", "balls", "stamps", "cups")
PLUS_ASKS = (
    "[What is|What's|How much is|Calculate|Compute|Add up|Tell me|Solve|What makes|Give me|] "
    "{a} [+|plus|+|and] {b}",
    "{a}[+| + |+]{b}[| =|=|= ?]",
    "[Add|Please add|Sum] {a} [and|to] {b}",
    "[What do you get if you add|What is the sum of|The sum of|What do I get when I add] {a} and {b}",
)
FRAMES = (
    "[Can you|Could you|Would you|Please] [solve|do|calculate|compute|find|answer] {t}[|, please]",
    "[I need|Give me|Find] the [answer to|result of|solution of|value of] {t}[|, please]",
    "{t} [makes what|is what|equals what|gives what|is|equals|makes]",
    "What does {t} [give|make|equal|come to]",
    "[My teacher asks|For school|A sum for you|Next|Another one|Now|Maths|Sum]: {t}[| =]",
    "[Do you know|Tell me|I wonder|Say] [what|how much] {t} is",
    "[How much does|What would] {t} make",
    "{t}, [how much is that|what is it|please|quickly]",
)
MINUS_ASKS = (
    "[What is|What's|How much is|Calculate|Compute|Tell me|Solve|Give me|] {a} [-|minus|-|less] {b}",
    "{a}[-| - |-]{b}[| =|=|= ?]",
    "[Take|Subtract|Please subtract|Take away] {b} from {a}",
    "[What is left if I take {b} from {a}|What is the difference between {a} and {b}|"
    "What remains of {a} minus {b}]",
)
MORE_STORY = (
    "[I have|Tom has|Anna has|There are] {a} {things}[.| and] "
    "[I get|I find|someone gives me|I buy] {b} more. [How many are there now|How many is that]"
)
LESS_STORY = (
    "[I have|Tom had|Anna had|There were] {a} {things}[.| and] "
    "[I lose|I eat|I give away|I sell] {b}. [How many are left|How many remain]"
)


def _written(number: int, words: bool) -> str:
    return UNITS[number] if words else str(number)


def drawn_sum(rng: random.Random) -> tuple[int, int, bool]:
    """Two numbers, and whether to add them; one sum in twelve goes up to 100."""
    small = rng.choices(range(21), range(1, 22))[0]  # the more ways to make a total, the likelier
    total = rng.randint(21, 100) if rng.random() < 1 / 12 else small
    part = rng.randint(0, total)
    plus = rng.random() < 0.5
    return (part, total - part, True) if plus else (total, part, False)


def solved(first: int, second: int, plus: bool) -> str:
    """The sum with its result."""
    sign, result = ("+", first + second) if plus else ("-", first - second)
    return f"{first} {sign} {second} = {result}."


def sum_exchange(rng: random.Random) -> Exchange:
    """A sum or a difference."""
    first, second, plus = drawn_sum(rng)
    return _asked(first, second, plus, rng), solved(first, second, plus)


def drill_exchange(rng: random.Random) -> Exchange:
    """Several sums at once: many results in few words."""
    drawn = [drawn_sum(rng) for _ in range(rng.randint(3, 9))]
    asked = ", ".join(f"{a} {'+' if plus else '-'} {b}" for a, b, plus in drawn)
    ask = f"[Solve|Calculate|What are|Sums|Do these|My sums are|Add and take away|]: {asked}"
    question = expand(ask, rng).removeprefix(": ")
    return as_typed(question, rng), " ".join(solved(*one) for one in drawn)


def _asked(first: int, second: int, plus: bool, rng: random.Random) -> str:
    words = max(first, second) <= 20 and rng.random() < 0.25
    slots = {
        "a": [_written(first, words)],
        "b": [_written(second, words)],
        "things": list(THINGS),
    }
    if rng.random() < 0.12:
        story = expand(MORE_STORY if plus else LESS_STORY, rng, slots)
        return with_end(story, "?", rng)
    template = rng.choice(PLUS_ASKS if plus else MINUS_ASKS)
    if rng.random() < 0.4:
        signs = "{a}[ + | plus | + |+]{b}" if plus else "{a}[ - | minus | - |-]{b}"
        template = rng.choice(FRAMES).replace("{t}", signs)
    question = expand(template, rng, slots).strip()
    asked = question if "=" in question else with_end(question, "??.", rng)
    return as_typed(asked[:1].upper() + asked[1:], rng)


def count_exchange(rng: random.Random) -> Exchange:
    """Counting up or down, the number before or after, the larger of two."""
    kind = rng.choice(("up", "down", "after", "before", "larger", "double"))
    number = rng.randint(1, 20)
    if kind == "up":
        last = rng.randint(3, 20)
        return _count(
            rng, f"[Count|Can you count|Please count] [to|up to|from 1 to] {last}", 1, last
        )
    if kind == "down":
        first = rng.randint(3, 10)
        ask = f"[Count|Please count] [down|backwards] from {first}[| to 1| to one]"
        return _count(rng, ask, first, 1)
    if kind == "larger":
        return _larger(rng)
    if kind == "double":
        ask = f"[What is|How much is] [two times|twice|double|2 times|2 x] {number}"
        return _asks(rng, ask, f"Twice {number} is {2 * number}.")
    step = 1 if kind == "after" else -1
    ask = f"[What|Which] number comes [right |]{kind} {number}"
    return _asks(rng, ask, f"The number {kind} {number} is {number + step}.")


def _asks(rng: random.Random, template: str, answer: str) -> Exchange:
    return as_typed(with_end(expand(template, rng), "?.", rng), rng), answer


def _count(rng: random.Random, template: str, first: int, last: int) -> Exchange:
    step = 1 if last >= first else -1
    numbers = ", ".join(str(n) for n in range(first, last + step, step))
    return _asks(rng, template, f"{numbers}.")


def _larger(rng: random.Random) -> Exchange:
    a, b = rng.sample(range(1, 50), 2)
    word = rng.choice(("larger", "bigger", "greater"))
    ask = f"[What|Which] is {word}, {a} or {b}"
    return _asks(rng, ask, f"{max(a, b)} is {word} than {min(a, b)}.")
