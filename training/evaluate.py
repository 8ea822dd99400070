"""Judge a model: held-out perplexity per source, behaviours as pass rates, loops and endings.

Does not know how it was trained; run it as `python -m training.evaluate`.
"""

import argparse
import json
import math
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as functional
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, Qwen2ForCausalLM

from training.config import WEIGHTS_DIR, corpus_dir
from training.corpus import Record, read_heldout
from training.dialogues.compose import SYSTEM_PROMPTS
from training.evaluation_questions import Case, cases
from training.export import Sampling
from training.pack import Encoder
from training.talk import Talker
from training.tokenizer import load_tokenizer

SEEDS = (1, 2, 3)
LOSS_BATCH = 16
LOSS_POSITIONS = 1024
RECORDS_PER_SOURCE = 40


@dataclass
class Report:
    """All figures of one evaluation."""

    perplexity: dict[str, float] = field(default_factory=dict)
    behaviours: dict[str, float] = field(default_factory=dict)
    repeated_4grams: float = 0.0
    looping_answers: float = 0.0
    ends_by_itself: float = 0.0
    answers: list[dict[str, object]] = field(default_factory=list)


@torch.no_grad()
def summed_losses(
    model: Qwen2ForCausalLM, rows: list[tuple[list[int], list[int]]]
) -> tuple[float, int]:
    """Sum of the losses on counted tokens, and their number, for rows padded to one length."""
    length = max(len(tokens) for tokens, _ in rows)
    tokens = torch.zeros(len(rows), length, dtype=torch.long)
    mask = torch.zeros(len(rows), length)
    for number, (row, counted) in enumerate(rows):
        tokens[number, : len(row)] = torch.tensor(row)
        mask[number, : len(row)] = torch.tensor(counted, dtype=torch.float)
    logits = model(input_ids=tokens[:, :-1]).logits.float()
    losses = functional.cross_entropy(
        logits.flatten(0, 1), tokens[:, 1:].flatten(), reduction="none"
    )
    weights = mask[:, 1:].flatten()
    return float((losses * weights).sum()), int(weights.sum())


def perplexities(
    model: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerFast, records: list[Record]
) -> dict[str, float]:
    """Per source, on the assistant's tokens of chats and on all tokens of prose."""
    by_source: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_source[record["source"]].append(record)
    encoder = Encoder(tokenizer)
    found = {}
    for source, group in sorted(by_source.items()):
        rows = sorted(encoder.records(group[:RECORDS_PER_SOURCE]), key=lambda row: len(row[0]))
        cut = [(t[:LOSS_POSITIONS], m[:LOSS_POSITIONS]) for t, m in rows]
        sums = [
            summed_losses(model, cut[i : i + LOSS_BATCH]) for i in range(0, len(cut), LOSS_BATCH)
        ]
        total, counted = sum(s for s, _ in sums), sum(c for _, c in sums)
        found[source] = round(math.exp(total / counted), 2)
    return found


def repeated_share(text: str) -> float:
    """The share of the 4-word runs that occurred before in the same text."""
    words = text.lower().split()
    runs = [tuple(words[i : i + 4]) for i in range(len(words) - 3)]
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def judge(talker: Talker, judged: tuple[Case, ...]) -> list[dict[str, object]]:
    """Every case with every seed, with and without the system prompt in turn."""
    found: list[dict[str, object]] = []
    for number, seed in enumerate(SEEDS):
        torch.manual_seed(seed)
        system = None if number == 1 else SYSTEM_PROMPTS[0]
        replies = talker.conversations([case.turns for case in judged], system)
        for case, said in zip(judged, replies, strict=True):
            text, ended = said[-1]
            found.append(
                {"behaviour": case.behaviour, "seed": seed, "turns": case.turns,
                 "replies": [reply for reply, _ in said], "passed": case.passes(text),
                 "judged": case.must is not None, "ended": ended}
            )  # fmt: skip
    return found


def _mean(values: list[float]) -> float:
    return round(sum(values) / max(1, len(values)), 4)


def summarize(answers: list[dict[str, object]]) -> Report:
    """Pass rates and the figures over all answers."""
    rates: dict[str, list[float]] = defaultdict(list)
    for answer in answers:
        if answer["judged"]:
            rates[str(answer["behaviour"])].append(float(bool(answer["passed"])))
    shares = [repeated_share(str(answer["replies"][-1])) for answer in answers]  # type: ignore[index]
    return Report(
        behaviours={name: _mean(passed) for name, passed in rates.items()},
        repeated_4grams=_mean(shares),
        looping_answers=_mean([float(share > 0.2) for share in shares]),
        ends_by_itself=_mean([float(bool(answer["ended"])) for answer in answers]),
        answers=answers,
    )


def evaluate(folder: Path, sampling: Sampling, *, with_perplexity: bool = True) -> Report:
    """All figures of the model in a folder."""
    tokenizer = load_tokenizer(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    report = summarize(judge(Talker(model, tokenizer, sampling), cases()))
    if with_perplexity:
        report.perplexity = perplexities(model, tokenizer, list(read_heldout(corpus_dir())))
    return report


def print_report(report: Report) -> None:
    """The figures as a table."""
    for name, rate in report.behaviours.items():
        print(f"{name:<55}{rate:>7.0%}")
    print(f"{'ends by itself':<55}{report.ends_by_itself:>7.1%}")
    print(f"{'answers that loop':<55}{report.looping_answers:>7.1%}")
    print(f"{'repeated 4-grams':<55}{report.repeated_4grams:>7.2%}")
    for source, value in report.perplexity.items():
        print(f"{source:<55}{value:>7.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=WEIGHTS_DIR)
    parser.add_argument("--output", type=Path)
    defaults = asdict(Sampling())
    for name, value in defaults.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    parser.add_argument("--quick", action="store_true", help="no perplexities")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    sampling = Sampling(**{name: getattr(arguments, name) for name in defaults})
    report = evaluate(arguments.folder, sampling, with_perplexity=not arguments.quick)
    print_report(report)
    if arguments.output:
        arguments.output.write_text(json.dumps(asdict(report), indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
