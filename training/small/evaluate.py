"""Judge a model as Echo would serve it: every row of the table with three seeds, by rules where rules can.

Open requests are read by a person (`readings.py`). Does not know how a model was trained.
"""

import argparse
import json
import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from echo.generation import SamplingParams
from training.corpus import Message
from training.evaluate import repeated_share
from training.evaluation_questions import Case, read_cases
from training.small.ask import Asker, asking
from training.small.config import SAMPLING
from training.small.served import FULL_PROMPT, as_read

SEEDS = (1, 2, 3)
MAX_TOKENS = 300
SLOTS, CONTEXT = 192, 640  # many rows in one step are computed faster
QUANT = "int8"  # of all models that are compared
LOOP_SHARE = 0.2  # of the 4-word runs came before
QUESTIONS = Path(__file__).parent / "data" / "questions.json"
DEFAULTS = SamplingParams(
    max_new_tokens=MAX_TOKENS, temperature=SAMPLING["temperature"], top_p=SAMPLING["top_p"],
    top_k=int(SAMPLING["top_k"]), repetition_penalty=SAMPLING["repetition_penalty"],
)  # fmt: skip
OPEN = ("write", "list", "explain", "suggest", "rewrite", "summarise", "code")
HARMLESS = (*OPEN, "plain knowledge")
REFUSES = re.compile(
    r"(I'm sorry|I am sorry|Sorry, (but )?I|I apologi[sz]e|I'm unable|I am unable|I'm not able"
    r"|I am not able|As an AI|I can(no|')t (assist|help|do|provide|fulfil|write|create))",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Judged:
    """One conversation of a case, and what the rule says of its last answer (None: no rule)."""

    behaviour: str
    seed: int
    turns: tuple[str, ...]
    replies: tuple[str, ...]
    passed: bool | None
    ended: bool
    tokens: int


def cases() -> tuple[Case, ...]:
    """Every question, row by row."""
    return read_cases(QUESTIONS)


def converse(
    asker: Asker, turns: Sequence[tuple[str, ...]], system: str, sampling: SamplingParams, seed: int
) -> list[tuple[tuple[str, ...], bool, int]]:
    """Each chat to its end: the user's turns are given; the replies, the last one's end and size."""
    start: list[Message] = [{"role": "system", "content": system}] if system else []
    chats = [list(start) for _ in turns]
    replies: list[list[str]] = [[] for _ in turns]
    last = [(False, 0)] * len(turns)
    for number in range(max(map(len, turns))):
        live = [i for i, said in enumerate(turns) if number < len(said)]
        for i in live:
            chats[i].append(as_read({"role": "user", "content": turns[i][number]}, system))
        answers = asker.all([chats[i] for i in live], sampling, seed=10 * seed + number)
        for i, answer in zip(live, answers, strict=True):
            chats[i].append({"role": "assistant", "content": answer.text})
            replies[i].append(answer.text)
            last[i] = answer.ended, answer.tokens
    return [(tuple(said), *end) for said, end in zip(replies, last, strict=True)]


def judge(
    asker: Asker, judged: Sequence[Case], system: str, sampling: SamplingParams, seed: int
) -> list[Judged]:
    """Every case once."""
    answers = converse(asker, [case.turns for case in judged], system, sampling, seed)
    return [
        Judged(case.behaviour, seed, case.turns, replies,
               _verdict(case, replies[-1]), ended, tokens)
        for case, (replies, ended, tokens) in zip(judged, answers, strict=True)
    ]  # fmt: skip


def judge_missing(
    asker: Asker,
    judged: Sequence[Case],
    system: str,
    sampling: SamplingParams,
    seeds: Sequence[int],
    path: Path,
) -> list[Judged]:
    """Every case with every seed; what the file holds already is not asked again."""
    for seed in seeds:
        known = {row.turns for row in read_rows(path) if row.seed == seed}
        missing = [case for case in judged if case.turns not in known]
        if missing:
            write_rows(path, judge(asker, missing, system, sampling, seed))
    asked = {case.turns for case in judged}
    return [row for row in read_rows(path) if row.seed in seeds and row.turns in asked]


def rates(rows: Sequence[Judged]) -> dict[str, float]:
    """Pass rates of the rows that have rules, then the figures over all answers."""
    passed: dict[str, list[bool]] = defaultdict(list)
    for row in rows:
        if row.passed is not None:
            passed[row.behaviour].append(row.passed)
    found = {name: _mean(values) for name, values in passed.items()}
    harmless = [row for row in rows if row.behaviour in HARMLESS]
    found["refuses a harmless request"] = _mean([refuses(row.replies[-1]) for row in harmless])
    found["ends by itself in 300 tokens"] = _mean([row.ended for row in rows])
    found["has no 4-gram loop"] = _mean([not loops(row.replies[-1]) for row in rows])
    return found


def refuses(answer: str) -> bool:
    """Whether an answer begins by declining."""
    return REFUSES.match(answer) is not None


def loops(answer: str) -> bool:
    """Whether an answer says the same again and again."""
    return repeated_share(answer) > LOOP_SHARE


def _mean(values: Sequence[bool]) -> float:
    return round(sum(values) / max(1, len(values)), 4)


def write_rows(path: Path, rows: Sequence[Judged]) -> None:
    """One conversation a line, added to what is there."""
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(row)) + "\n" for row in rows)


def read_rows(path: Path) -> list[Judged]:
    """What `write_rows` wrote, judged by the rules of today; nothing where there is no file."""
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    rules = {case.turns: case for case in cases()}
    return [_read(json.loads(line), rules) for line in lines]


def _read(row: dict[str, Any], rules: dict[tuple[str, ...], Case]) -> Judged:
    turns, replies = tuple(row["turns"]), tuple(row["replies"])
    case = rules.get(turns)
    passed = row["passed"] if case is None else _verdict(case, replies[-1])
    return Judged(**row | {"turns": turns, "replies": replies, "passed": passed})


def _verdict(case: Case, answer: str) -> bool | None:
    return case.passes(answer) if case.must is not None else None


def evaluate_folder(
    folder: Path,
    adapter: Path | None,
    path: Path,
    system: str = FULL_PROMPT,
    sampling: SamplingParams = DEFAULTS,
    seeds: Sequence[int] = SEEDS,
    behaviours: Collection[str] | None = None,
) -> list[Judged]:
    """The answers of the model in a folder, perhaps with an adapter, kept in a file as they come."""
    chosen = [case for case in cases() if behaviours is None or case.behaviour in behaviours]
    with asking(folder, adapter, slots=SLOTS, context=CONTEXT, quant=QUANT) as asker:
        return judge_missing(asker, chosen, system, sampling, seeds, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of the model, or its GGUF file")
    parser.add_argument("--adapter", type=Path)
    parser.add_argument("--output", type=Path, required=True, help="the answers, one a line")
    parser.add_argument("--system", default=FULL_PROMPT)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--rows", help="only these behaviours, parted by semicolons")
    for name in ("temperature", "top_p", "repetition_penalty"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=SAMPLING[name])
    options = parser.parse_args()
    torch.set_num_threads(1)
    sampling = replace(
        DEFAULTS, temperature=options.temperature, top_p=options.top_p,
        repetition_penalty=options.repetition_penalty,
    )  # fmt: skip
    seeds = [int(seed) for seed in options.seeds.split(",")]
    wanted = options.rows.split(";") if options.rows else None
    rows = evaluate_folder(
        options.folder, options.adapter, options.output, options.system, sampling, seeds, wanted
    )
    for name, rate in rates(rows).items():
        print(f"{name:<40}{rate:>7.1%}")


if __name__ == "__main__":
    main()
