"""How many engines people need, and how long they wait: a simulation of queues, and the sums beside it.

    python -m benchmarks.scaling [--people 100,10000,1000000] [--seed 1] [--minutes 10]

Nothing is measured here: rates come from `benchmarks/results`, the one of a GPU is assumed. docs/scaling.md
shows the tables and says which figure is which. `benchmarks/queues.py` is the simulation.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from typing import Any

from benchmarks import common
from benchmarks.queues import ENGINES, Rates, Waits, Work, simulate

PATIENT_SECONDS = 3.0
"""95 of 100 questions wait no longer before their prompt is read."""
LARGEST_POOL = 40


@dataclass(frozen=True)
class Habits:
    """What people do; set by guess, and to be replaced by one's own `Admin → Charts`."""

    active_share: float = 0.3  # of all accounts, on a working day
    questions: float = 10.0  # of an active person's day
    busiest_hour: float = 0.15  # of a day's questions
    open_share: float = 0.1  # of all accounts have a tab open in that hour

    def questions_per_second(self, people: int) -> float:
        """In the busiest hour."""
        return people * self.active_share * self.questions * self.busiest_hour / 3600

    def turns_per_day(self, people: int) -> float:
        return people * self.active_share * self.questions


@dataclass(frozen=True)
class Measured:
    """Of one process (`server-20261121-025924.json`) and one database (docs/scaling.md)."""

    pieces_per_second: float = 19_200.0  # sent to watchers, without falling behind
    sockets: int = 4096  # hub.SERVER_PLACES: by construction
    socket_kb: float = 81.0
    bytes_per_token: float = 38.4
    turn_bytes: float = 2400.0  # question and reply with their indexes
    redis_emit_us: float = 170.0  # between two processes


def main() -> None:
    parser = argparse.ArgumentParser(description="Simulate queues at the loads of docs/scaling.md.")
    parser.add_argument("--people", default="100,10000,1000000")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=10.0)
    options = parser.parse_args()
    counts = [int(count) for count in options.people.split(",")]
    report: dict[str, Any] = {"options": vars(options), "people": {}}
    for people in counts:
        report["people"][str(people)] = told(people, options.minutes * 60, options.seed)
    show(report["people"])
    print(f"\n{common.save('scaling', report)}")


def told(people: int, seconds: float, seed: int) -> dict[str, Any]:
    """Return everything that so many people need."""
    rate = Habits().questions_per_second(people)
    engines = {}
    for rates in ENGINES:
        number, waits = enough(rates, rate, seconds, seed)
        fewer = less(rates, number, rate, seconds, seed)
        engines[rates.name] = {
            "engines": number,
            "waits": vars(waits),
            "with_30_percent_fewer": fewer and vars(fewer),
        }
    return {"questions_per_second": rate, "engines": engines, "beside": beside(people, rate)}


def enough(rates: Rates, rate: float, seconds: float, seed: int) -> tuple[int, Waits]:
    """Return the least number of engines with which people are patient enough, and how long they wait.

    Of many engines a part is simulated with its part of the questions: a larger pool gains no more.
    """
    least = rates.engine_seconds(Work(rate)) * rate
    parts = max(1.0, least / LARGEST_POOL)
    work = Work(rate / parts)

    def tried(number: int) -> Waits:
        return simulate(rates, number, work, seconds, seed)

    number = max(1, math.floor(least / parts))
    while (found := tried(number)).queue_p95 > PATIENT_SECONDS:
        number += max(1, number // 20)
    return math.ceil(number * parts), found


def less(rates: Rates, number: int, rate: float, seconds: float, seed: int) -> Waits | None:
    """Return how long people wait with 30 % fewer; None where there is one alone."""
    parts = max(1.0, number / LARGEST_POOL)
    fewer = math.floor(0.7 * number / parts)
    return simulate(rates, fewer, Work(rate / parts), seconds, seed) if fewer else None


def beside(people: int, rate: float) -> dict[str, float]:
    """Return what stands beside the engines in the busiest hour, and what grows by the day."""
    one, habits, work = Measured(), Habits(), Work(rate)
    tokens = rate * work.answer_tokens
    tabs = people * habits.open_share
    by_sockets = tabs / (one.sockets / 2)  # half full, so that one may go
    by_pieces = tokens / (one.pieces_per_second / 2)
    by_redis = tokens * one.redis_emit_us / 1e6 / 0.5 if by_sockets + by_pieces > 1 else 0.0
    turns = habits.turns_per_day(people)
    return {
        "tokens_per_second": tokens,
        "tabs": tabs,
        "web_processes": max(1, math.ceil(max(by_sockets, by_pieces, by_redis))),
        "socket_memory_gb": tabs * one.socket_kb / 1e6,
        "mbit_per_second": 8 * (tokens * one.bytes_per_token + rate * 1000) / 1e6,
        "rows_per_day": 2 * turns,
        "database_gb_per_year": turns * one.turn_bytes * 365 / 1e9,
        "commits_per_second": 2 * rate,
    }


def show(people: dict[str, Any]) -> None:
    """Print the tables of docs/scaling.md, in Markdown."""
    heads = (
        "people", "engine", "engines", "busy", "first word p50 / p95 / p99", "tokens/s for each",
        "queued p95", "with 30 % fewer",
    )  # fmt: skip
    print(f"\n| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    for count, each in people.items():
        for name, one in each["engines"].items():
            waits, fewer = one["waits"], one["with_30_percent_fewer"]
            late = f"{fewer['queue_p95']:,.0f} s" if fewer else "–"
            firsts = " / ".join(
                f"{waits[key]:.1f}" for key in ("first_p50", "first_p95", "first_p99")
            )
            print(
                f"| {int(count):,} | {name} | {one['engines']:,} | {waits['busy']:.0%} | {firsts} s "
                f"| {waits['speed_p50']:.0f} | {waits['queue_p95']:.1f} s | {late} |"
            )
    names = list(next(iter(people.values()))["beside"])
    print("\n| in the busiest hour | " + " | ".join(f"{int(count):,}" for count in people) + " |")
    print("| --- |" + " --- |" * len(people))
    for name in names:
        values = " | ".join(f"{each['beside'][name]:,.3g}" for each in people.values())
        print(f"| {name.replace('_', ' ')} | {values} |")


if __name__ == "__main__":
    main()
