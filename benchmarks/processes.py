"""What a second web process adds: how many watchers two serve, beside one. Needs PostgreSQL and Redis.

    python -m benchmarks.processes [--people 8] [--windows 30] [--seconds 10] [--rounds 3]

Each person asks once and watches the answer in many windows. The figure is processor time: what one process
needs for all of them, over what the busier of two needs; so it also holds on a machine whose cores those who
load it use too. `together`: all windows of a person are at one process, as a sticky proxy has it; `apart`:
half of them are at the other one. The scripted engine writes; it is no measure of engines.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks import common
from benchmarks.api import cpu_seconds
from benchmarks.server import join, read_to_the_end
from tests.databases import PostgresServer, RedisServer
from tests.live.server import LiveServer, LiveTab, Person

PIECES_PER_SECOND = 20
AIM = 1.7
SIDES = {"one": 1, "together": 2, "apart": 2}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what a second web process adds.")
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--windows", type=int, default=30, help="of each person")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    given = vars(parser.parse_args())
    rounds: dict[str, list[float]] = {side: [] for side in SIDES}
    for _ in range(given["rounds"]):
        for side in SIDES:
            rounds[side].append(busiest(side, given))
    report = {"machine": common.machine(), "options": given, "busiest_cpu_s": rounds}
    show(rounds, given)
    print(f"\n{common.save('processes', report)}")


@contextmanager
def served(count: int, seconds: float) -> Iterator[list[LiveServer]]:
    """So many processes of one Echo on PostgreSQL; several share a Redis."""
    with tempfile.TemporaryDirectory() as place, ExitStack() as started:
        folder = Path(place)
        postgres = PostgresServer()
        started.callback(postgres.remove)
        postgres.start()
        settings = {
            "DATABASE_URL": postgres.new_database(),
            "ECHO_INSTANCE": str(folder / "0" / "instance"),
            "ECHO_SCRIPT": str(folder / "script.json"),
            "ECHO_SLOTS": "64",
        }
        if count > 1:
            redis = RedisServer(folder)
            redis.start()
            started.callback(redis.stop)
            settings["REDIS_URL"] = redis.url
        (folder / "script.json").write_text(json.dumps(script(seconds)))
        servers = []
        for number in range(count):
            (folder / str(number)).mkdir()
            servers.append(LiveServer(folder / str(number), **settings).start())
            started.callback(servers[-1].kill)
        yield servers


def script(seconds: float) -> dict[str, Any]:
    words = " ".join(f"word{n:04}" for n in range(int(seconds * PIECES_PER_SECOND)))
    reply = {"match": "stream", "text": words, "delay_ms": 1000 / PIECES_PER_SECOND}
    return {"replies": [reply], "default": {"text": "Hello.", "delay_ms": 0}}


def busiest(side: str, given: dict[str, Any]) -> float:
    """Return the processor time of the busier process until every window has seen the end, in seconds."""
    with served(SIDES[side], given["seconds"]) as servers:
        tabs, wires, chats = [], [], []
        for number in range(given["people"]):
            home = servers[number % len(servers)]
            person = servers[0].member(f"person{number}")
            at = {server: person_at(person, server) for server in servers}
            tabs.append(LiveTab(at[home]))
            chats.append(tabs[-1].send("hello")["conversation_id"])
            for window in range(given["windows"]):
                place = servers[window % len(servers)] if side == "apart" else home
                wires.append(join(at[place], chats[-1]))
        before = [cpu_seconds(process_of(server)) for server in servers]
        for tab, chat in zip(tabs, chats, strict=True):
            tab.socket.emit("send_message", {"text": "stream", "conversation_id": chat})
        began = time.monotonic()
        ends, _received = read_to_the_end(wires)
        used = [
            cpu_seconds(process_of(server)) - start
            for server, start in zip(servers, before, strict=True)
        ]
        for tab in tabs:
            tab.close()
        late = max(ends) - began - given["seconds"]
        print(
            f"  {side:9}", *(f"{each:6.2f}" for each in used), f"s, the last end {late:.2f} s late"
        )
        return max(used)


def person_at(person: Person, server: LiveServer) -> Person:
    """Return the same person, signed in, as a browser that reaches this process."""
    there = Person(server, person.name)
    there.http.cookies = person.http.cookies
    return there


def process_of(server: LiveServer) -> int:
    assert server.process
    return int(server.process.pid)


def show(rounds: dict[str, list[float]], given: dict[str, Any]) -> None:
    one, together, apart = (statistics.median(rounds[side]) for side in SIDES)
    names = {"windows of a person together": one / together, "half of them apart": one / apart}
    rows = [
        (name, f"{more:.2f} times", f"≥ {AIM} times", f"{more / AIM:.2f}")
        for name, more in names.items()
    ]
    watchers = given["people"] * given["windows"]
    common.show(
        f"{watchers} watchers: processor time of one process, over that of the busier of two", rows
    )


if __name__ == "__main__":
    main()
