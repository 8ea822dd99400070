"""What `/v1` costs: tokens/s of streamed answers to programs, and of the same engine without a server.

    python -m benchmarks.api [--model weights/echo-mini] [--streams 32] [--tokens 128] [--rounds 3]

Both sides answer the same questions by the same engine settings, in turns: engine, server, engine, …; each
in processes of its own. It does not measure the engine against others: see `benchmarks/engine.py`.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import common
from benchmarks.engine_sides import questions
from tests.live.programs import key_on
from tests.live.server import ROOT, LiveServer

SEED = 7
PROMPT_TOKENS = 40
AIM = 1.05
PEOPLE = 4
PATIENCE = 600.0


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what the API for programs costs.")
    parser.add_argument("--model", default=str(ROOT / "weights" / "echo-mini"))
    parser.add_argument("--streams", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    given = vars(parser.parse_args())
    report: dict[str, Any] = {"machine": common.machine(), "options": given, "seed": SEED}
    sides: dict[str, list[Side]] = {"engine": [], "server": []}
    with tempfile.TemporaryDirectory() as folder:
        server = LiveServer(
            Path(folder),
            ECHO_ENGINE="local",
            ECHO_MODEL=given["model"],
            ECHO_MAX_QUEUE_PER_USER="256",
        ).start(PATIENCE)
        keys = [key_on(server, f"program{number}") for number in range(PEOPLE)]
        assert server.process
        where = (server.port, server.process.pid, keys, given)
        apart(through_server, *where)  # loads, and warms up
        with multiprocessing.get_context("spawn").Pool(1) as bare:
            bare.apply(in_engine, (given,))
            for _ in range(given["rounds"]):
                sides["engine"].append(bare.apply(in_engine, (given,)))
                sides["server"].append(apart(through_server, *where))
        server.stop()
    report["sides"] = sides
    show(sides)
    print(f"\n{common.save('api', report)}")


class Side(NamedTuple):
    """One round of one side. Processor time is fairer than the clock where others use the machine."""

    tokens_per_second: float
    cpu_ms_per_token: float


def cpu_seconds(process: int) -> float:
    """Return what all threads of a process have computed."""
    words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def apart(work: Any, *arguments: Any) -> Side:
    """Run those who ask in a process of their own, which has its own interpreter lock."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        measured: Side = pool.apply(work, arguments)
        return measured


engine: Any = None


def in_engine(given: dict[str, Any]) -> Side:
    """The engine alone; it stays loaded in its process."""
    from echo.generation import (
        ChatMessage,
        Engine,
        EngineConfig,
        GenerationRequest,
        SamplingParams,
        TextPiece,
    )

    global engine
    bell = threading.Event()
    if engine is None:
        engine = Engine.local(EngineConfig(model=given["model"], quant="auto"))
        engine.start()
    engine._inbox._wake = bell.set
    sampling = SamplingParams(max_new_tokens=given["tokens"], temperature=0.0)
    began, before = time.perf_counter(), cpu_seconds(os.getpid())
    for number, text in enumerate(questions(given["streams"], PROMPT_TOKENS, SEED)):
        said = (ChatMessage("user", text),)
        engine.submit(GenerationRequest(said, sampling, whole=True, owner=str(number % PEOPLE)))
    ends: list[Any] = []
    while len(ends) < given["streams"]:
        bell.wait(1.0)
        bell.clear()
        for stream in engine.drain_ready():
            ends += [event for event in stream.take() if not isinstance(event, TextPiece)]
    wall, computed = time.perf_counter() - began, cpu_seconds(os.getpid()) - before
    tokens = sum(end.usage.completion for end in ends)
    return Side(tokens / wall, 1000 * computed / tokens)


def through_server(port: int, process: int, keys: list[str], given: dict[str, Any]) -> Side:
    """As many programs, each with a connection of its own, all at once."""
    asked = questions(given["streams"], PROMPT_TOKENS, SEED)
    counts: list[int] = []

    def ask(number: int) -> None:
        body = {
            "messages": [{"role": "user", "content": asked[number]}],
            "max_tokens": given["tokens"],
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        wire = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        key = {"Authorization": f"Bearer {keys[number % PEOPLE]}"}
        wire.request("POST", "/v1/chat/completions", json.dumps(body), key)
        response = wire.getresponse()
        text = response.read()
        if response.status != 200:
            raise SystemExit(text.decode())
        usage = json.loads(text.split(b"data: ")[-2])["usage"]
        counts.append(usage["completion_tokens"])

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(asked))]
    began, before = time.perf_counter(), cpu_seconds(process)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall, computed = time.perf_counter() - began, cpu_seconds(process) - before
    return Side(sum(counts) / wall, 1000 * computed / sum(counts))


def show(sides: dict[str, list[Side]]) -> None:
    for name, rounds in sides.items():
        print(f"  {name:7}", *(f"{one.tokens_per_second:8,.0f}" for one in rounds), "tokens/s")
        print(f"  {'':7}", *(f"{one.cpu_ms_per_token:8.2f}" for one in rounds), "ms of CPU a token")
    bare, served = (zip(*sides[name], strict=True) for name in ("engine", "server"))
    (rate, cpu), (served_rate, served_cpu) = (
        map(statistics.median, side) for side in (bare, served)
    )
    rows = [
        common.row("tokens/s, engine / server", rate / served_rate, AIM, "times"),
        common.row("processor, server / engine", served_cpu / cpu, AIM, "times"),
    ]
    common.show("/v1", rows)


if __name__ == "__main__":
    main()
