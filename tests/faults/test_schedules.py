"""Whatever is cut, held, killed or locked: every window ends with what the database has, and nothing is lost.

`make test` runs 100 schedules, `make soak` as many as ECHO_SCHEDULES says. A failure prints its seeds; with
ECHO_SEED the rounds begin with that one.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from tests.faults.cutting_proxy import CuttingProxy
from tests.faults.schedule import Schedule
from tests.faults.windows import Windows
from tests.live.server import LiveServer

SCHEDULES: Final = int(os.environ.get("ECHO_SCHEDULES", "100"))
FIRST_SEED: Final = int(os.environ.get("ECHO_SEED", "0")) or random.SystemRandom().randrange(10**9)
AT_ONCE: Final = 20
WORDS: Final = {"brief": 3, "some": 40, "long": 250}
SCRIPT: Final = {
    "replies": [
        *(
            {
                "match": kind,
                "text": " ".join(f"{kind}{n}" for n in range(count)),
                "delay_ms": 8,
                "first_delay_ms": 5,
            }
            for kind, count in WORDS.items()
        ),
        {"match": "fails", "text": "It breaks off here. " * 9, "delay_ms": 8, "fail_after": 12},
    ]
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("faults")
    (folder / "faults.json").write_text(json.dumps(SCRIPT))
    server = LiveServer(folder, ECHO_SCRIPT=str(folder / "faults.json")).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def proxy(server: LiveServer) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(server.port)
    yield proxy
    proxy.close()


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windows]:
    node = shutil.which("node") or str(Path(".venv/bin/node").resolve())
    windows = Windows(node, tmp_path_factory.mktemp("windows") / "log.txt")
    yield windows
    windows.close()


# ── what happens to all at once ─────────────────────────────────────────────────────────────


def nothing(_server: LiveServer, _proxy: CuttingProxy) -> None:
    """Only what the schedules themselves do."""


def held(_server: LiveServer, proxy: CuttingProxy) -> None:
    proxy.hold()
    time.sleep(1.0)
    proxy.flow()


def killed(server: LiveServer, _proxy: CuttingProxy) -> None:
    server.kill()
    server.start()


def restarted(server: LiveServer, _proxy: CuttingProxy) -> None:
    server.stop()
    server.start()


def locked(server: LiveServer, _proxy: CuttingProxy) -> None:
    writer = sqlite3.connect(server.folder / "instance" / "echo.sqlite3", isolation_level=None)
    writer.execute("begin immediate")
    time.sleep(2.0)
    writer.execute("rollback")
    writer.close()


FAULTS: Final[dict[Callable[[LiveServer, CuttingProxy], None], int]] = {
    nothing: 9, held: 3, killed: 3, restarted: 2, locked: 3,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(SCHEDULES * 30)
def test_every_window_ends_with_what_is_stored(
    server: LiveServer, proxy: CuttingProxy, windows: Windows
) -> None:
    compared = 0
    for seed in range(FIRST_SEED, FIRST_SEED + SCHEDULES, AT_ONCE):
        by = random.Random(seed)
        fault = by.choices(list(FAULTS), list(FAULTS.values()))[0]
        schedules = [Schedule(seed + n, server, proxy, windows) for n in range(AT_ONCE)]
        acting = [threading.Thread(target=one.run) for one in schedules]
        for each in acting:
            each.start()
        time.sleep(by.random() * 1.5)
        fault(server, proxy)
        for each in acting:
            each.join()
        wrong = {one.seed: (one.done, found) for one in schedules if (found := one.check())}
        assert not wrong, f"round of seed {seed}, {fault.__name__}: {wrong}"
        compared += sum(one.compared for one in schedules)
    assert compared > 4 * SCHEDULES  # windows had something to show


def test_what_is_wrong_is_seen(server: LiveServer, proxy: CuttingProxy, windows: Windows) -> None:
    """A text that changed and a question that is lost are each found; without them nothing is."""
    schedule = Schedule(FIRST_SEED - 1, server, proxy, windows)
    schedule.run()
    schedule.settle()
    schedule.sent.append("a question that nobody has stored")
    path = server.folder / "instance" / "echo.sqlite3"
    with closing(sqlite3.connect(path, timeout=30)) as database, database:
        changed = database.execute(
            "UPDATE messages SET text = text || '!' WHERE user_id = (SELECT max(id) FROM users)"
        )
        assert changed.rowcount
    wrong = schedule.check()
    assert any("stored is" in each for each in wrong)
    assert any("stored 0 times" in each for each in wrong)
