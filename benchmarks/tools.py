"""Whether answers are right with the tools: 40 sums, 10 questions about days, 10 on units, with and without.

    python -m benchmarks tools --model FOLDER [--adapter FOLDER] [--label NAME] [--threads 1]

Both ways are asked in one engine, greedily, with the prompts that turns make. It judges by rules: a sum or a
count is right where that number stands in the answer, a quantity where a number within half a hundredth of it
does, a day where its name or its date does. All questions are worded as the tools' rules expect them.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from benchmarks.asking import Asking
from benchmarks.common import machine, save
from echo.config import Settings
from echo.generation import ChatMessage, SamplingParams
from echo.policies import RoleName
from echo.services import help, tools
from echo.services.library import ModelFiles
from echo.services.serving import spec_of
from echo.services.site_settings import SiteSettings
from echo.services.turns.engine_requests import as_read

WINDOW: Final = 4096
SEED: Final = 14
NOW: Final = datetime(2026, 11, 29, 9, 45, tzinfo=ZoneInfo("Europe/Berlin"))
NEAR: Final = Fraction(1, 200)
NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")


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


def main() -> None:
    options = read_options()
    questions = [*sums(), *DAYS, *UNITS]
    steps = [tools.compute(one.text, NOW) for one in questions]
    print(f"recognised: {sum(map(bool, steps))} of {len(questions)}")
    report: dict[str, Any] = {"machine": machine(), "options": vars(options)}
    prompts = [
        *(prompt(one.text, ()) for one in questions),
        *(prompt(one.text, step) for one, step in zip(questions, steps, strict=True)),
    ]
    began = time.perf_counter()
    answers = [one.text for one in asking(options).ask(prompts)]
    report["seconds"] = round(time.perf_counter() - began)
    ways = {"without": answers[: len(questions)], "with": answers[len(questions) :]}
    report["right"] = {
        way: {kind: counted(kind, questions, said) for kind in ("sums", "days", "units")}
        for way, said in ways.items()
    }
    report["answers"] = [
        {"asked": one.text, "right": str(one.right), "recognised": bool(step),
         **{way: {"text": said[at], "right": is_right(one, said[at])} for way, said in ways.items()}}
        for at, (one, step) in enumerate(zip(questions, steps, strict=True))
    ]  # fmt: skip
    for way, found in report["right"].items():
        print(f"{way:8}", ", ".join(f"{kind} {right}" for kind, right in found.items()))
    print(f"\n{save(f'tools-{options.label}', report)}")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", required=True, help="a model folder")
    parser.add_argument("--adapter", default="", help="a folder that changes it")
    parser.add_argument("--label", default="model", help="a name for the model in the results")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--slots", type=int, default=8)
    parser.add_argument("--max-tokens", type=int, default=100)
    return parser.parse_args()


def prompt(question: str, steps: Any) -> tuple[ChatMessage, ...]:
    """Return what turns make of a question."""
    settings = Settings(_env_file=None)
    told = help.prompting(settings, SiteSettings(), RoleName.USER, WINDOW)
    system = told.system_prompt(settings.system_prompt)
    return as_read(system, [ChatMessage("user", question)], told, tools.before(steps))


def asking(options: argparse.Namespace) -> Asking:
    sampling = SamplingParams(max_new_tokens=options.max_tokens, temperature=0.0)
    found = Asking(sampling, model=options.model, threads=options.threads, slots=options.slots)
    if options.adapter:
        adapter = Path(options.adapter).resolve()
        base = found.engine.default_model
        found.engine.offer(spec_of(ModelFiles(name=adapter.name, adapter=adapter, base=base)))
        found.engine.use_by_default(adapter.name)
    return found


def counted(kind: str, questions: list[Question], said: list[str]) -> str:
    pairs = [(one, text) for one, text in zip(questions, said, strict=True) if one.kind == kind]
    return f"{sum(is_right(one, text) for one, text in pairs)} of {len(pairs)}"


def is_right(question: Question, answer: str) -> bool:
    if isinstance(question.right, str):
        return _has_day(question.right, answer.lower())
    found = [Fraction(one) for one in NUMBER.findall(re.sub(r"(?<=\d),(?=\d{3})", "", answer))]
    off = NEAR * question.right if question.kind == "units" else 0
    return any(abs(number - question.right) <= off for number in found)


def _has_day(right: str, answer: str) -> bool:
    if right in answer:
        return True
    day, _, rest = right.partition(" ")
    month, _, year = rest.partition(" ")
    return bool(month) and re.search(rf"{month} {day}(?:st|nd|rd|th)?,? {year}", answer) is not None


if __name__ == "__main__":
    main()
