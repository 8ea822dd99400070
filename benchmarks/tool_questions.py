"""What `benchmarks tools` asks, and what right answers hold. It asks nothing itself."""

from __future__ import annotations

import random
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

SEED: Final = 14


@dataclass(frozen=True)
class Question:
    """What is asked, and what a right answer holds: a number, one that is near, or words."""

    kind: str
    text: str
    right: Fraction | str


DAYS: Final = (
    Question("days", "What day of the week is it today?", "sunday"),
    Question("days", "What is the date today?", "29 november 2026"),
    Question("days", "How many days until Christmas?", Fraction(26)),
    Question("days", "How many days are there between 3 March 2026 and 17 October 2026?", Fraction(228)),
    Question("days", "What day of the week was 20 July 1969?", "sunday"),
    Question("days", "What date is it in 100 days?", "9 march 2027"),
    Question("days", "What weekday is 14 February 2027?", "sunday"),
    Question("days", "How many days since 1 January 2026?", Fraction(332)),
    Question("days", "What date was 45 days ago?", "15 october 2026"),
    Question("days", "What year is it?", Fraction(2026)),
)  # fmt: skip
UNITS: Final = (
    Question("units", "Convert 26.2 miles to km", Fraction("42.1648")),
    Question("units", "What is 350 °F in °C?", Fraction("176.667")),
    Question("units", "How many feet are in 7.5 metres?", Fraction("24.6063")),
    Question("units", "How many pounds is 83 kg?", Fraction("182.984")),
    Question("units", "What is 5 feet 11 inches in cm?", Fraction("180.34")),
    Question("units", "How many litres are in 15 gallons?", Fraction("56.781")),
    Question("units", "Convert 130 km/h to mph", Fraction("80.778")),
    Question("units", "How many acres are in 12 hectares?", Fraction("29.653")),
    Question("units", "What is 37.5 °C in °F?", Fraction("99.5")),
    Question("units", "How many seconds are in 3 days?", Fraction(259200)),
)  # fmt: skip


def sums() -> list[Question]:
    """Return forty sums: products and sums of two and three digits, quotients, percentages, powers."""
    made, drawn = [], random.Random(SEED)
    for begin in ("What is", "Calculate", "How much is", "What is"):
        a, b, c, d = (drawn.randint(12, 99) for _ in range(4))
        e, f, g = (drawn.randint(101, 999) for _ in range(3))
        made += [
            (f"{begin} {a} × {b}?", a * b),
            (f"{begin} {c} times {d}?", c * d),
            (f"{begin} {e} + {f}?", e + f),
            (f"{begin} {max(e, g) + 1000} - {min(e, g)}?", max(e, g) + 1000 - min(e, g)),
            (f"{begin} {e} * {a}?", e * a),
            (f"{begin} {b * c} / {b}?", c),
            (f"{begin} {a} % of {100 * d}?", a * d),
            (f"{begin} {f} + {g} + {a} - {b}?", f + g + a - b),
            (f"{begin} ({a} + {b}) * {c}?", (a + b) * c),
            (f"{begin} {drawn.randint(3, 9)}^4?", None),
        ]
        base = int(made[-1][0].split("^")[0].split()[-1])
        made[-1] = (made[-1][0], base**4)
    return [Question("sums", text, Fraction(right)) for text, right in made]


WORDED: Final = (
    Question("worded", "I buy 17 notebooks at 23 euros each. What do I pay?", Fraction(391)),
    Question("worded", "A train goes 85 km in each hour. How far does it go in 7?", Fraction(595)),
    Question("worded", "We are 6 and share a bill of 231 euros. What does each pay?", Fraction("38.5")),
    Question("worded", "My rent of 840 euros rises by 15 percent. What is it then?", Fraction(966)),
    Question("worded", "Can you add up 348, 791 and 256 for me?", Fraction(1395)),
    Question("worded", "A room is 12.5 m long and 8.4 m wide. How many m² is it?", Fraction(105)),
    Question("worded", "I had 5000 euros and spent 1873 of them. What is left?", Fraction(3127)),
    Question("worded", "How many eggs are in 48 boxes of 12 eggs?", Fraction(576)),
    Question("worded", "Which weekday do we have today?", "sunday"),
    Question("worded", "My exam is on 20 December 2026. How long do I have, in days?", Fraction(21)),
    Question("worded", "On which weekday does 1 May 2027 fall, please? I want to travel then.", "saturday"),
    Question("worded", "I was born on 3 March 1990. On which weekday was that?", "saturday"),
    Question("worded", "The loan is due 90 days from today. Which date is that?", "27 february 2027"),
    Question("worded", "I need today's date for a letter.", "29 november 2026"),
    Question("worded", "The recipe says 350 °F, my oven has °C. What now?", Fraction("176.667")),
    Question("worded", "My American friend weighs 180 pounds. What is that in kg?", Fraction("81.647")),
    Question("worded", "The marathon is 26.2 miles, but I think in km. How long is it?", Fraction("42.165")),
    Question("worded", "He is 6 feet tall. I only know cm, help me.", Fraction("182.88")),
    Question("worded", "The tank takes 15 US gallons. How much is it in litres?", Fraction("56.781")),
    Question("worded", "The wind blows with 40 knots, which is how many km/h?", Fraction("74.08")),
)  # fmt: skip
PLAIN: Final = tuple(
    Question("plain", text, "")
    for text in (
        "Hello!", "How are you?", "Thanks, that helped.", "Who are you?", "What can you do?",
        "Why is the sky blue?", "Write a short poem about the sea.", "What is the capital of France?",
        "Explain what a prime number is.", "How do I say good morning in Spanish?",
        "Tell me a joke about cats.", "What is photosynthesis?", "Give me three names for a dog.",
        "How do I boil an egg?", "Write a Python function that reverses a string.",
        "What is the difference between a list and a tuple in Python?", "I feel a bit tired today.",
        "Who wrote Hamlet?", "Suggest a title for a talk about bees.", "Good night!",
    )
)  # fmt: skip
KINDS: Final = ("sums", "days", "units", "worded", "plain")
