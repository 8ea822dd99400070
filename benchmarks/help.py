"""Whether Echo knows itself: questions about features find their entry, and the model names the place.

    python -m benchmarks help --model FOLDER [--label NAME] [--threads 1] [--half kept] [--answers 40]

Forty questions were used while the search was tuned twice over, forty were written afterwards and kept aside;
both halves are reported. Ordinary questions are answered with and without help, side by side for reading.
It judges by rules (the place is named or not); whether an answer is good is for people to read.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.asking import Answer, Asking
from benchmarks.common import machine, save
from echo.config import Settings
from echo.generation import (
    ChatMessage,
    SamplingParams,
)
from echo.policies import RoleName
from echo.services import help
from echo.services.help import Prompting, search
from echo.services.site_settings import SiteSettings

QUESTIONS = Path(__file__).with_name("help_questions.json")
WINDOW = 4096
REPEATS = 20


@dataclass
class Asked:
    """One question in one way: with help or without, and what came of it."""

    question: dict[str, Any]
    told: Prompting
    found: list[str] = field(default_factory=list)
    answer: Answer = field(default_factory=Answer)


def main() -> None:
    options = read_options()
    questions = json.loads(QUESTIONS.read_text("utf-8"))
    report: dict[str, Any] = {"machine": machine(), "options": vars(options)}
    report["retrieval"] = retrieval(questions)
    print_retrieval(report["retrieval"])
    if options.model:
        report["answers"] = answers(questions, options)
        print_answers(report["answers"])
    print(f"\n{save(f'help-{options.label}', report)}")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="", help="a model folder; without one, the search alone")
    parser.add_argument("--label", default="search", help="a name for the model in the results")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--slots", type=int, default=16)
    parser.add_argument("--half", choices=("tuning", "kept", "all"), default="all")
    parser.add_argument("--max-tokens", type=int, default=120)
    parser.add_argument("--temperature", type=float, default=0.0)
    return parser.parse_args()


# the search --------------------------------------------------------------------------------------


def retrieval(questions: dict[str, Any]) -> dict[str, Any]:
    """Return, for each half, how many questions found their entry and which ordinary ones found any."""
    rows = {}
    for half in ("tuning", "kept"):
        features = [q for q in questions["features"] if q["half"] == half]
        ordinary = [q for q in questions["ordinary"] if q["half"] == half]
        lost = [q["ask"] for q in features if not set(find(q)) & set(q["entries"])]
        dragged = [q["ask"] for q in ordinary if find(q)]
        rows[half] = {
            "features": len(features),
            "right": len(features) - len(lost),
            "first": sum(find(q)[:1] != [] and find(q)[0] in q["entries"] for q in features),
            "lost": lost,
            "ordinary": len(ordinary),
            "dragged_in": dragged,
        }
    return {**rows, "microseconds": microseconds(questions)}


def find(question: dict[str, Any]) -> list[str]:
    role = RoleName(question.get("who", "user"))
    return [entry.id for entry in search.find(question["ask"], role)]


def microseconds(questions: dict[str, Any]) -> float:
    """Return the median processor time of one search, without what it remembers."""
    spent = []
    for _ in range(REPEATS):
        search.forget()
        for question in (*questions["features"], *questions["ordinary"]):
            start = time.process_time()
            find(question)
            spent.append(time.process_time() - start)
    return round(statistics.median(spent) * 1e6)


# the model ---------------------------------------------------------------------------------------


def answers(questions: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    """Ask everything: features with help, ordinary questions with and without."""
    wanted = [q for q in questions["features"] if options.half in ("all", q["half"])]
    features = [Asked(q, prompting(q)) for q in wanted]
    helped = [Asked(q, prompting(q)) for q in questions["ordinary"]]
    alone = [Asked(q, prompting(q, wanted=False)) for q in questions["ordinary"]]
    everything = [*features, *helped, *alone]
    for one in everything:
        one.found = find(one.question) if one.told.is_on else []
    seconds = run(everything, options)
    return {
        "seconds": round(seconds),
        "features": [shown(one) for one in features],
        "ordinary": [
            {**shown(one), "without_help": other.answer.text}
            for one, other in zip(helped, alone, strict=True)
        ],
        "again": follow_up(features[0], options) if features else None,
        "summary": summary(features, helped, alone),
    }


def prompting(question: dict[str, Any], wanted: bool = True) -> Prompting:
    role = RoleName(question.get("who", "user"))
    return help.prompting(Settings(_env_file=None), SiteSettings(), role, WINDOW, wanted)


def messages(one: Asked) -> tuple[ChatMessage, ...]:
    system = one.told.system_prompt(Settings(_env_file=None).system_prompt)
    return ChatMessage("system", system), ChatMessage(
        "user", one.told.question(one.question["ask"])
    )


def run(everything: list[Asked], options: argparse.Namespace) -> float:
    """Answer all of them in one engine, many at once; returns the seconds."""
    with_engine = _asking(options)
    try:
        start = time.perf_counter()
        prompts = [messages(one) for one in everything]
        # the first alone, so that the others find its beginning cached
        given = with_engine.ask(prompts[:1]) + with_engine.ask(prompts[1:])
        for one, answer in zip(everything, given, strict=True):
            one.answer = answer
        return time.perf_counter() - start
    finally:
        with_engine.engine.stop(5)


def _asking(options: argparse.Namespace) -> Asking:
    sampling = SamplingParams(
        max_new_tokens=options.max_tokens, temperature=options.temperature, seed=1
    )
    return Asking(sampling, model=options.model, threads=options.threads, slots=options.slots)


def follow_up(one: Asked, options: argparse.Namespace) -> dict[str, int]:
    """Ask on in the same conversation: how much of the second prompt was found in the cache."""
    asking = _asking(options)
    try:
        first = asking.ask([messages(one)])[0]
        history = (
            *messages(one),
            ChatMessage("assistant", first.text),
            ChatMessage("user", "Thank you!"),
        )
        second = asking.ask([history])[0]
    finally:
        asking.engine.stop(5)
    return {
        "prompt": second.prompt_tokens,
        "cached": second.cached_tokens,
        "first_prompt": first.prompt_tokens,
    }


# judging -----------------------------------------------------------------------------------------


def names_the_place(one: Asked) -> bool:
    """Every rule of the question is met by the answer."""
    return all(re.search(rule, one.answer.text, re.IGNORECASE) for rule in one.question["place"])


def shown(one: Asked) -> dict[str, Any]:
    told = {"ask": one.question["ask"], "half": one.question["half"], "found": one.found}
    if "place" in one.question:
        told |= {"entries": one.question["entries"], "names_the_place": names_the_place(one)}
    return told | {"answer": one.answer.text}


def summary(features: list[Asked], helped: list[Asked], alone: list[Asked]) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    for half in ("tuning", "kept"):
        own = [one for one in features if one.question["half"] == half]
        found = [one for one in own if set(one.found) & set(one.question["entries"])]
        rows[half] = {
            "asked": len(own),
            "names_the_place": sum(map(names_the_place, own)),
            "found": len(found),
            "names_the_place_where_found": sum(map(names_the_place, found)),
        }
    changed = sum(
        one.answer.text != other.answer.text for one, other in zip(helped, alone, strict=True)
    )
    speaks = [one.question["ask"] for one in helped if SPEAKS_OF_ECHO.search(one.answer.text)]
    return {
        **rows,
        "ordinary_answers_that_differ": changed,
        "ordinary_that_speak_of_the_interface": speaks,
    }


SPEAKS_OF_ECHO = re.compile(
    r"<help>|bottom left|sidebar|ctrl ?\+ ?shift|under \**profile|help page", re.IGNORECASE
)


def print_retrieval(report: dict[str, Any]) -> None:
    for half in ("tuning", "kept"):
        row = report[half]
        print(
            f"search, {half}: right entry {row['right']} of {row['features']} (first {row['first']}), "
            f"dragged in {len(row['dragged_in'])} of {row['ordinary']} ordinary"
        )
    print(f"one search: {report['microseconds']} µs of processor time (median)")


def print_answers(report: dict[str, Any]) -> None:
    print(json.dumps(report["summary"], indent=2, ensure_ascii=False))
    print("follow-up:", report["again"])


if __name__ == "__main__":
    main()
