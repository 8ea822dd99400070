"""What a person said of answers to open requests: good or bad, and why. Does not judge by itself.

A reading is bound to the request and the exact answer: another answer needs another reading.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from training.small.config import SHIPPED_DIR
from training.small.evaluate import OPEN, Judged, read_rows

READINGS_FILE = "readings.jsonl"


@dataclass(frozen=True)
class Reading:
    """One answer that was read; `note` says what is wrong with a bad one."""

    model: str
    behaviour: str
    seed: int
    request: str
    answer: str
    good: bool
    note: str = ""


def to_read(rows: Sequence[Judged], seed: int = 1) -> list[Judged]:
    """The answers to open requests of one seed, row by row."""
    return [row for row in rows if row.behaviour in OPEN and row.seed == seed]


def readings(model: str, rows: Sequence[Judged], bad: dict[int, str]) -> list[Reading]:
    """All of `to_read`, good but for those whose number (from 1) `bad` names with a reason."""
    return [
        Reading(model, row.behaviour, row.seed, row.turns[-1], row.replies[-1], number not in bad,
                bad.get(number, ""))
        for number, row in enumerate(to_read(rows), start=1)
    ]  # fmt: skip


def read_verdicts(path: Path) -> dict[int, str]:
    """The bad answers by number: `12 why it is bad`, one a line."""
    lines = [line.split(" ", 1) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return {int(number): note.strip() for number, note in lines}


def write_readings(path: Path, rows: Sequence[Reading]) -> None:
    """One reading a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(asdict(row)) + "\n" for row in rows), "utf-8")


def read_readings(path: Path) -> list[Reading]:
    """What `write_readings` wrote; nothing where there is no file."""
    if not path.exists():
        return []
    return [Reading(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]


def rates(rows: Sequence[Reading], model: str) -> dict[str, float]:
    """The share of good answers of a model, over all and for each kind of request."""
    own = [row for row in rows if row.model == model]
    groups = {"all": own} | {kind: [r for r in own if r.behaviour == kind] for kind in OPEN}
    return {
        name: round(sum(row.good for row in group) / len(group), 4)
        for name, group in groups.items()
        if group
    }


def still_hold(rows: Sequence[Reading], model: str, judged: Sequence[Judged]) -> bool:
    """Whether every answer to be read has a reading of exactly this text."""
    known = {(row.request, row.answer) for row in rows if row.model == model}
    return all((row.turns[-1], row.replies[-1]) in known for row in to_read(judged))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="raw or tuned")
    parser.add_argument("answers", type=Path, help="as the evaluation wrote them")
    parser.add_argument(
        "--bad", type=Path, help="numbers of bad answers with reasons; adds the readings"
    )
    options = parser.parse_args()
    rows = read_rows(options.answers)
    if options.bad is None:
        for number, row in enumerate(to_read(rows), start=1):
            print(f"\n{number} [{row.behaviour}] {row.turns[-1]}\n{row.replies[-1]}")
        return
    path = SHIPPED_DIR / READINGS_FILE
    others = [row for row in read_readings(path) if row.model != options.model]
    own = readings(options.model, rows, read_verdicts(options.bad))
    write_readings(path, [*others, *own])
    print(rates(own, options.model))


if __name__ == "__main__":
    main()
