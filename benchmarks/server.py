"""The web server: health while replies stream, many watchers, bytes, memory, start.

    python -m benchmarks.server [--watchers 250] [--seconds 5] [--streams 32]

Each part starts the real `run.py`; those who load it are processes of their own. It does not measure
the engine: see `benchmarks/engine.py`.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import selectors
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import websocket

from benchmarks import common
from tests.live.server import ROOT, LiveServer, LiveTab, Person

WEIGHTS = ROOT / "weights" / "echo-mini"
PIECES_PER_SECOND = 100
END = b"message_finished"
SEED = 7  # the prompts' order; the scripted engine itself uses no chance
QUESTION = "Please tell me a long story about a walrus, a lighthouse and the sea."


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the web server.")
    parser.add_argument("--watchers", type=int, default=250)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--streams", type=int, default=32)
    parser.add_argument(
        "--idle", type=int, default=1000, help="idle sockets whose memory is measured"
    )
    options = parser.parse_args()
    report: dict[str, Any] = {"machine": common.machine(), "options": vars(options), "seed": SEED}
    report["start"] = measure_start(options.idle)
    report["watchers"] = measure_watchers(options.watchers, options.seconds)
    report["health"] = measure_health(options.streams, options.seconds)
    show(report)
    print(f"\n{common.save('server', report)}")


@contextmanager
def served(**settings: str) -> Iterator[LiveServer]:
    """A server on a fresh instance folder, stopped at the end."""
    with tempfile.TemporaryDirectory() as folder:
        server = LiveServer(Path(folder), ECHO_MAX_QUEUE_PER_USER="256", **settings)
        try:
            yield server
        finally:
            server.kill()


def measure_start(idle: int) -> dict[str, float]:
    """Time to the first ready answer without a model, memory then, and what idle sockets add."""
    with served() as server:
        first = timed(server.start)
        server.stop()
        second = timed(server.start)
        assert server.process
        memory = common.memory_mb(server.process.pid)
        person = server.person("ada").sign_up()
        wires = [join(person) for _ in range(idle)]
        grown = common.memory_mb(server.process.pid) - memory
        for wire in wires:
            wire.close()
        return {
            "first_start_s": first,
            "start_s": second,
            "memory_mb": memory,
            "idle_sockets": idle,
            "idle_sockets_mb": grown,
        }


def timed(work: Any) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def join(person: Person, conversation_id: str | None = None) -> socket.socket:
    """Connect one socket, cheaply: only the bare wire is kept."""
    url = person.server.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    wire = websocket.create_connection(url, cookie=person.cookie, timeout=30)
    wire.recv()
    wire.send("40")
    wire.recv()
    if conversation_id is not None:
        wire.send(f'420["open_conversation",{json.dumps({"conversation_id": conversation_id})}]')
        while not str(wire.recv()).startswith("430"):
            pass
    bare: socket.socket = wire.sock
    return bare


def measure_watchers(count: int, seconds: float) -> dict[str, float]:
    """All watch one scripted stream; ideal: everybody has the end when the last piece is written."""
    pieces = int(seconds * PIECES_PER_SECOND)
    with served() as server:
        script = {
            "replies": [
                {
                    "match": "stream",
                    "text": " ".join(f"word{n:04}" for n in range(pieces)),
                    "delay_ms": 1000 / PIECES_PER_SECOND,
                    "first_delay_ms": 0,
                }
            ],
            "default": {"text": "Hello.", "delay_ms": 0},
        }
        Path(server.environment["ECHO_SCRIPT"]).write_text(json.dumps(script))
        person = server.start().person("ada").sign_up()
        tab = LiveTab(person)
        chat = tab.send("hello")["conversation_id"]
        wires = [join(person, chat) for _ in range(count)]
        began = time.monotonic()
        tab.socket.emit("send_message", {"text": "stream", "conversation_id": chat})
        ends, received = read_to_the_end(wires)
        tab.close()
        late = [end - began for end in ends]
        return {
            "watchers": count,
            "pieces": pieces,
            "ideal_s": seconds,
            "all_done_s": max(late),
            "first_done_s": min(late),
            "bytes_per_1000_tokens": received / count / pieces * 1000,
        }


def read_to_the_end(wires: list[socket.socket]) -> tuple[list[float], int]:
    """Read all wires until each has seen the end; return the times and all bytes."""
    selector = selectors.DefaultSelector()
    for wire in wires:
        wire.setblocking(False)
        selector.register(wire, selectors.EVENT_READ, bytearray())
    ends, received = [], 0
    while len(ends) < len(wires):
        for key, _ in selector.select(timeout=60):
            data = key.fileobj.recv(65536)  # type: ignore[union-attr]
            received += len(data)
            tail: bytearray = key.data
            tail += data
            if END in tail or not data:
                ends.append(time.monotonic())
                selector.unregister(key.fileobj)
            del tail[: -len(END)]
    for wire in wires:
        wire.close()
    return ends, received


def measure_health(streams: int, seconds: float) -> dict[str, Any]:
    """`/healthz` at rest, then while replies stream."""
    local = (WEIGHTS / "model.safetensors").exists()
    settings = {"ECHO_ENGINE": "local"} if local else {}
    with served(**settings) as server:
        person = server.start().person("ada").sign_up()
        quiet = probe(server.port, seconds)
        ready, stop = multiprocessing.Event(), multiprocessing.Event()
        load = multiprocessing.get_context("fork").Process(
            target=keep_streaming, args=(person, streams, ready, stop)
        )
        load.start()
        ready.wait(60)
        busy = probe(server.port, seconds)
        stop.set()
        load.join()
    return {"engine": "local" if local else "scripted", "streams": streams, **spread(quiet, busy)}


def spread(quiet: list[float], busy: list[float]) -> dict[str, float]:
    return {
        f"{name}_{label}_ms": common.percentile(values, share) * 1000
        for name, values in (("quiet", quiet), ("busy", busy))
        for label, share in (("p50", 0.5), ("p99", 0.99))
    }


def probe(port: int, seconds: float) -> list[float]:
    """Ask `/healthz` again and again over one connection, about 50 times a second."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    waits, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        waits.append(time.monotonic() - began)
        time.sleep(0.02)
    connection.close()
    return waits


def keep_streaming(person: Person, streams: int, ready: Any, stop: Any) -> None:
    """Keep that many replies running until told to stop; each that ends is asked anew."""
    tab = LiveTab(person)
    settings = {"max_new_tokens": 512, "temperature": 0.8}
    for _ in range(streams):
        tab.send(QUESTION, settings=settings)
    tab.wait_for("receive_message", count=streams)
    ready.set()
    ended = 0
    while not stop.is_set():
        time.sleep(0.05)
        for _ in range(len(tab.named("message_finished")) - ended):
            ended += 1
            tab.socket.emit("send_message", {"text": QUESTION, "settings": settings})
    tab.close()


def show(report: dict[str, Any]) -> None:
    start, watch, health = report["start"], report["watchers"], report["health"]
    common.show(
        "Server without a model",
        [
            common.row("first start, with migrations", start["first_start_s"], 4, "s"),
            common.row("start", start["start_s"], 2, "s"),
            common.row("memory", start["memory_mb"], 150, "MB"),
            common.row(
                f"{start['idle_sockets']} idle sockets add",
                start["idle_sockets_mb"],
                150 * start["idle_sockets"] / 1000,
                "MB",
            ),
        ],
    )
    common.show(
        f"{watch['watchers']} watchers of one stream, {watch['pieces']} pieces in {watch['ideal_s']} s",
        [
            common.row("all done after", watch["all_done_s"], 1.2 * watch["ideal_s"], "s"),
            common.row("ideal", watch["all_done_s"], watch["ideal_s"], "s"),
            common.row("bytes per 1,000 tokens", watch["bytes_per_1000_tokens"], 40_000, "B"),
        ],
    )
    common.show(
        f"/healthz while {health['streams']} replies stream ({health['engine']} engine)",
        [
            common.row("p50 at rest", health["quiet_p50_ms"], 50, "ms"),
            common.row("p99 at rest", health["quiet_p99_ms"], 50, "ms"),
            common.row("p50 while streaming", health["busy_p50_ms"], 50, "ms"),
            common.row("p99 while streaming", health["busy_p99_ms"], 50, "ms"),
        ],
    )


if __name__ == "__main__":
    main()
