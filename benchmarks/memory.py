"""Memory while people chat for long: thousands of turns on the real server, with the model that Echo brings.

    python -m benchmarks.memory [--turns 10000] [--minutes 30] [--people 20] [--draw docs/img/memory.png]

It ends when so many turns are told *and* so much time has passed. People ask on, begin new chats, reload the
page, search, answer anew and delete; an administrator reads the dashboard. What is measured is the resident
memory of the server's process, and of the processes that it started, apart.
"""

from __future__ import annotations

import argparse
import itertools
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import common
from benchmarks.server import WEIGHTS, served
from tests.live.server import LiveServer, LiveTab, Person

SEED = 11
WARM_TURNS = 1000
AIM = 0.05
SAMPLE_SECONDS = 5.0
QUESTIONS = (
    "Hello!", "What is seven plus eight?", "Tell me about the sea.", "Who are you?", "Thank you!",
    "Write two lines about rain.", "What can I cook with rice?", "Why is the sky blue?",
)  # fmt: skip


@dataclass
class Told:
    """What all have done until now."""

    turns: int = 0
    until: float = 0.0
    least: int = 0
    failed: list[BaseException] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def go_on(self) -> bool:
        return not self.failed and (self.turns < self.least or time.monotonic() < self.until)

    def count(self) -> None:
        with self.lock:
            self.turns += 1


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure memory while people chat.")
    parser.add_argument("--turns", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--draw", type=Path, help="draw the curve into this file")
    options = parser.parse_args()
    report = {
        "machine": common.machine(), "options": vars(options) | {"draw": str(options.draw or "")},
        "seed": SEED, "samples": measure(options.turns, options.minutes * 60, options.people),
    }  # fmt: skip
    show(report["samples"])
    if options.draw:
        draw(report["samples"], options.draw)
    print(f"\n{common.save('memory', report)}")


def measure(turns: int, seconds: float, people: int) -> list[dict[str, float]]:
    """Return samples of time, turns and megabytes, until both are reached."""
    with served(ECHO_ENGINE="local", ECHO_MODEL=str(WEIGHTS), ECHO_MAX_NEW_TOKENS="64") as server:
        server.cold = True  # nothing of this process in its memory
        server.start()
        told = Told(until=time.monotonic() + seconds, least=turns)
        users = [server.member(f"ada{number}") for number in range(people)]
        works = [(keep_asking, user, number) for number, user in enumerate(users)]
        works.append((keep_reading, server.member("boss", "admin"), people))
        for _, user, _ in works:  # a connection that was idle may end while it is used again
            user.http.headers["Connection"] = "close"
        threads = [threading.Thread(target=_work, args=(told, *work)) for work in works]
        for thread in threads:
            thread.start()
        samples = list(_samples(server, told))
        for thread in threads:
            thread.join()
        if told.failed:
            ended = server.process.poll() if server.process else None
            print(
                f"the server's exit status: {ended}; its log ends:\n{server.log.read_text()[-3000:]}"
            )
            raise told.failed[0]
        return samples


def _samples(server: LiveServer, told: Told) -> Any:
    assert server.process
    began = time.monotonic()
    while told.go_on():
        yield {
            "seconds": time.monotonic() - began,
            "turns": told.turns,
            "server_mb": common.memory_mb(server.process.pid),
            "children_mb": sum(map(common.memory_mb, _children(server.process.pid))),
        }
        time.sleep(SAMPLE_SECONDS)


def _children(process: int) -> list[int]:
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def _work(told: Told, work: Any, person: Person, number: int) -> None:
    try:
        work(person, told, random.Random(SEED + number))
    except BaseException as error:
        told.failed.append(error)
        raise


def keep_asking(person: Person, told: Told, by: random.Random) -> None:
    """Ask on in one chat for some turns, then begin another; now and then do what people do besides."""
    tab = LiveTab(person)
    for chat_number in itertools.count():
        chat: str | None = None
        for _ in range(by.randint(1, 12)):
            if not told.go_on():
                tab.close()
                return
            chat = _turn(tab, told, by, **({"conversation_id": chat} if chat else {}))
        at = f"{person.server.url}/conversations"
        if chat_number % 3 == 0:
            headers = {"X-CSRFToken": person.csrf}
            person.http.post(f"{at}/{chat}/delete", headers=headers, timeout=60).raise_for_status()
        else:
            words = {"q": by.choice(("rice", "sea", "rain"))}
            person.http.get(at, params=words, timeout=60).raise_for_status()
        if chat_number % 5 == 4:
            tab.close()
            tab = LiveTab(person)


def _turn(tab: LiveTab, told: Told, by: random.Random, **where: Any) -> str:
    """Ask one question and wait for the end of its answer; one of ten is answered anew."""
    tab.heard.clear()
    question = {"text": by.choice(QUESTIONS), "settings": {"max_new_tokens": 48}}
    asked = _answered(tab, told, "send_message", **question, **where)
    if by.random() < 0.1:
        _answered(tab, told, "regenerate_message", message_id=asked["reply"]["id"])
    return str(asked["conversation_id"])


def _answered(tab: LiveTab, told: Told, event: str, **given: Any) -> dict[str, Any]:
    """Ask, as often as it takes where that was too fast for one person, and wait for the end."""
    while not (asked := tab.ask(event, given))["ok"]:
        if asked["error"]["code"] != "rate_limited":
            raise AssertionError(asked)
        time.sleep(asked["error"]["retry_after"])
    tab.wait_for("message_finished", asked["reply"]["id"])
    told.count()
    return asked


def keep_reading(person: Person, told: Told, by: random.Random) -> None:
    """Read the dashboard, as an administrator with a tab open does."""
    while told.go_on():
        days = by.choice((7, 30, 90))
        person.http.get(f"{person.server.url}/admin/?days={days}", timeout=60).raise_for_status()
        time.sleep(5)


def flatness(samples: list[dict[str, float]]) -> tuple[float, float]:
    """Return the least and the largest memory after the warm turns, as shares of that at their end."""
    warm = [one["server_mb"] for one in samples if one["turns"] >= WARM_TURNS]
    return min(warm) / warm[0], max(warm) / warm[0]


def show(samples: list[dict[str, float]]) -> None:
    least, most = flatness(samples)
    last = samples[-1]
    print(f"\n{last['turns']:,.0f} turns in {last['seconds'] / 60:.0f} minutes")
    for mark in range(0, int(last["turns"]) + 1, 1000):
        at = next((one for one in samples if one["turns"] >= mark), last)
        print(
            f"  {at['turns']:>6,.0f} turns  {at['server_mb']:.0f} MB  + {at['children_mb']:.0f} MB"
        )
    print(f"after {WARM_TURNS:,} turns: {least - 1:+.1%} to {most - 1:+.1%} (aim ± {AIM:.0%})")


def draw(samples: list[dict[str, float]], path: Path) -> None:
    """Draw memory over turns."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3), layout="constrained")
    axes = figure.subplots()
    turns = [one["turns"] for one in samples]
    axes.plot(turns, [one["server_mb"] for one in samples], label="server")
    axes.plot(turns, [one["children_mb"] for one in samples], label="its children")
    axes.set(xlabel="turns", ylabel="resident memory, MB", ylim=(0, None))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
