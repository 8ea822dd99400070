"""Whether answers are right with the tools: 40 sums, 10 questions about days, 10 on units, in four ways.

    python -m benchmarks tools --model FOLDER [--adapter FOLDER] [--label NAME] [--threads 1]

Alone; with what the plain rule computed beside the question; with functions that the model may call (where
its template knows them); with both. Two sets more: 20 questions that the rule does not recognise, and 20 that
ask for nothing to be computed, where what counts is that nothing is called.

All are asked in one engine, greedily, with the prompts that turns make. It judges by rules: a sum or a count
is right where that number stands in the answer, a quantity where a number within half a hundredth of it does,
a day where its name or its date does. The sixty are worded as the tools' rules expect them.
"""

from __future__ import annotations

import argparse
import re
import time
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from benchmarks.asking import Asking
from benchmarks.common import machine, save
from benchmarks.tool_questions import DAYS, KINDS, PLAIN, UNITS, WORDED, Question, sums
from echo.config import Settings
from echo.generation import ChatMessage, GenerationRequest, SamplingParams, TextPiece
from echo.policies import RoleName
from echo.services import help, tools
from echo.services.library import ModelFiles
from echo.services.serving import spec_of
from echo.services.site_settings import SiteSettings
from echo.services.tools import functions
from echo.services.turns.calling import CallingStream
from echo.services.turns.reading import as_read
from echo.services.turns.toolbox import ERROR, TOOLS

WAYS: Final = ("alone", "both")
"""Alone, with and without the rule's note; and that note beside the functions."""
WINDOW: Final = 4096
NOW: Final = datetime(2026, 11, 29, 9, 45, tzinfo=ZoneInfo("Europe/Berlin"))
OFFERED: Final = tuple(one for one in TOOLS if one.name != functions.SEARCH)
NEAR: Final = Fraction(1, 200)
NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")


@dataclass
class Said:
    """An answer, and what was called while it was written: name and arguments, and what that was answered."""

    question: str = ""
    text: str = ""
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    steps: list[tools.Step] = field(default_factory=list)

    def answer(self, name: str, written: str) -> str:
        try:
            arguments = functions.read(name, written, [one.name for one in OFFERED])
            step = functions.compute(name, arguments, NOW)
            self.steps += [] if step in self.steps else [step]
            told = tools.said(step)
        except functions.WrongCall as wrong:
            told = ERROR.format(wrong)
        self.calls.append((name, written, told))
        return told

    def as_noted(self) -> tuple[ChatMessage, ...]:
        return prompt(self.question, self.steps)


def main() -> None:
    options = read_options()
    everything = [*sums(), *DAYS, *UNITS, *WORDED, *PLAIN]
    questions = [one for one in everything if one.kind in options.kinds]
    steps = [tools.compute(one.text, NOW) for one in questions]
    print(f"recognised: {sum(map(bool, steps))} of {len(questions)}")
    report: dict[str, Any] = {"machine": machine(), "options": vars(options)}
    alone = [prompt(one.text, ()) for one in questions]
    known = [at for at, step in enumerate(steps) if step]
    noted = [prompt(questions[at].text, steps[at]) for at in known]
    began = time.perf_counter()
    engine = asking(options)
    ways = {"called": ask_offering(engine, questions, alone, options)}
    if "alone" in options.ways:
        ways["alone"] = [Said(text=one.text) for one in engine.ask(alone)]
        noted_alone = [Said(text=one.text) for one in engine.ask(noted)]
        ways["rule"] = _instead(ways["alone"], known, noted_alone)
    if "both" in options.ways:
        asked = [questions[at] for at in known]
        ways["both"] = _instead(ways["called"], known, ask_offering(engine, asked, noted, options))
    report["seconds"] = round(time.perf_counter() - began)
    report["right"] = {
        way: {kind: counted(kind, questions, said) for kind in options.kinds}
        for way, said in ways.items()
    }
    report["answers"] = [
        {"asked": one.text, "right": str(one.right), "recognised": bool(step),
         **{way: {"text": said[at].text, "calls": said[at].calls, "right": is_right(one, said[at])}
            for way, said in ways.items()}}
        for at, (one, step) in enumerate(zip(questions, steps, strict=True))
    ]  # fmt: skip
    for way, found in report["right"].items():
        print(f"{way:8}", ", ".join(f"{kind} {right}" for kind, right in found.items()))
    print(f"\n{save(f'tools-{options.label}', report)}")


def _instead(said: list[Said], known: list[int], others: list[Said]) -> list[Said]:
    """Return answers with others in the place of those that the rule knows: the rest is asked alike."""
    found = dict(zip(known, others, strict=True))
    return [found.get(at, one) for at, one in enumerate(said)]


def ask_offering(
    asking: Asking,
    questions: list[Question],
    prompts: list[tuple[ChatMessage, ...]],
    options: argparse.Namespace,
) -> list[Said]:
    """Return the answers to prompts whose model may call the tools, all but the search in documents."""
    given = [Said(one.text) for one in questions]
    open_ = {
        number: CallingStream(_offering(number, prompt, options), asking.engine.submit, said)
        for number, (prompt, said) in enumerate(zip(prompts, given, strict=True))
    }
    while open_:
        asking.wait()
        for number, stream in list(open_.items()):
            for event in stream.take():
                if isinstance(event, TextPiece):
                    given[number].text += event.text
                else:
                    del open_[number]
    return given


def _offering(
    number: int, prompt: tuple[ChatMessage, ...], options: argparse.Namespace
) -> GenerationRequest:
    wanted = {"tools": OFFERED, "optional_tools": True, "one_call": True}
    return GenerationRequest(prompt, _sampling(options), request_id=str(number), **wanted)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", required=True, help="a model folder")
    parser.add_argument("--adapter", default="", help="a folder that changes it")
    parser.add_argument("--label", default="model", help="a name for the model in the results")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--slots", type=int, default=8)
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS, help="of questions")
    parser.add_argument("--ways", nargs="*", default=WAYS, choices=WAYS, help="besides called")
    parser.add_argument("--max-tokens", type=int, default=100)
    return parser.parse_args()


def prompt(question: str, steps: Any) -> tuple[ChatMessage, ...]:
    """Return what turns make of a question."""
    settings = Settings(_env_file=None)
    told = help.prompting(settings, SiteSettings(), RoleName.USER, WINDOW)
    system = told.system_prompt(settings.system_prompt)
    return as_read(system, [ChatMessage("user", question)], told, tools.before(steps, WINDOW))


def asking(options: argparse.Namespace) -> Asking:
    found = Asking(
        _sampling(options), model=options.model, threads=options.threads, slots=options.slots
    )
    if options.adapter:
        adapter = Path(options.adapter).resolve()
        base = found.engine.default_model
        found.engine.offer(spec_of(ModelFiles(name=adapter.name, adapter=adapter, base=base)))
        found.engine.use_by_default(adapter.name)
    return found


def _sampling(options: argparse.Namespace) -> SamplingParams:
    return SamplingParams(max_new_tokens=options.max_tokens, temperature=0.0)


def counted(kind: str, questions: list[Question], said: list[Said]) -> str:
    pairs = [(one, text) for one, text in zip(questions, said, strict=True) if one.kind == kind]
    calls = sum(bool(answer.calls) for _, answer in pairs)
    return f"{sum(is_right(*pair) for pair in pairs)} of {len(pairs)} ({calls} with calls)"


def is_right(question: Question, said: Said) -> bool:
    """Tell whether an answer holds what it should; of a plain question, whether it called nothing."""
    if question.kind == "plain":
        return not said.calls
    answer = said.text
    if isinstance(question.right, str):
        return _has_day(question.right, answer.lower())
    found = [Fraction(one) for one in NUMBER.findall(re.sub(r"(?<=\d),(?=\d{3})", "", answer))]
    is_near = question.kind == "units" or question in WORDED[14:]
    off = NEAR * question.right if is_near else 0
    return any(abs(number - question.right) <= off for number in found)


def _has_day(right: str, answer: str) -> bool:
    if right in answer:
        return True
    day, _, rest = right.partition(" ")
    month, _, year = rest.partition(" ")
    return bool(month) and re.search(rf"{month} {day}(?:st|nd|rd|th)?,? {year}", answer) is not None


if __name__ == "__main__":
    main()
