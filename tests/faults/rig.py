"""What schedules run on: a server with its database and Redis, a proxy before it; and what happens to all.

`ECHO_SOAK_DATABASE=postgresql` gives the server a PostgreSQL of its own, `ECHO_SOAK_REDIS=1` a Redis;
`ECHO_SOAK_PROCESSES=2` takes both, and lets so many processes serve one Echo behind a real nginx.
"""

from __future__ import annotations

import copy
import json
import os
import random
import resource
import secrets
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from tests.databases import PostgresServer, RedisServer
from tests.deploy.nginx import Nginx
from tests.faults.accounts import signed_in
from tests.faults.cutting_proxy import CuttingProxy
from tests.faults.schedule import SETTLED_WITHIN
from tests.faults.stored import Stored
from tests.live import census
from tests.live.server import LiveServer, Person, wait_until

SOAK: Final = {name: os.environ.get(f"ECHO_SOAK_{name}", "") for name in ("DATABASE", "REDIS")}
PROCESSES: Final = int(os.environ.get("ECHO_SOAK_PROCESSES", "1"))
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
        *(
            {
                "match": how,
                "text": "It takes all with it. " * 9,
                "delay_ms": 8,
                "crash_after": 3,
                "crash_how": how,
                "hang_seconds": 6,
            }
            for how in ("raise", "die", "hang")
        ),
    ]
}
TIMERS: Final = ("_send_ping", "_close_unless_connected", "connections", "rooms", "idle")
"""They end by themselves, a minute later: a polling client that was cut off is missed only then."""
QUIET_WITHIN: Final = 30.0
TIMERS_WITHIN: Final = 150.0


class Rig:
    """The real server and everything around it."""

    def __init__(self, folder: Path) -> None:
        with ExitStack() as started:  # what fails on the way leaves nothing behind
            self._start(folder, started)
            self.close = started.pop_all().close

    def _start(self, folder: Path, started: ExitStack) -> None:
        several = PROCESSES > 1
        self.postgres = (
            PostgresServer() if several or SOAK.get("DATABASE") == "postgresql" else None
        )
        self.redis = RedisServer(folder) if several or SOAK.get("REDIS") else None
        settings = {"ECHO_TRUSTED_PROXIES": "1", "ECHO_SCRIPT": str(folder / "faults.json")}
        settings |= {"ECHO_STEP_SECONDS": "2", "SECRET_KEY": secrets.token_urlsafe(32)}
        if self.postgres is not None:
            started.callback(self.postgres.remove)
            self.postgres.start()
            settings["DATABASE_URL"] = self.postgres.new_database()
        if self.redis is not None:
            started.callback(self.redis.stop)
            self.redis.start()
            settings["REDIS_URL"] = self.redis.url
        (folder / "faults.json").write_text(json.dumps(SCRIPT))
        self.processes = [
            self._process(folder / str(number), settings, started) for number in range(PROCESSES)
        ]
        self.server = self._front(started)
        self.proxy = CuttingProxy(self.server.port)
        started.callback(self.proxy.close)
        self.stored = Stored(self.server)
        root = self.server.member("root", role="super_admin")
        for process in self.processes:  # the first connection of all starts what looks after them
            person = Person(process, "root").sign_in()
            person.tab().close()
            person.http.close()
        root.http.close()
        self._at_rest = [self._settled(process) for process in self.processes]
        for held in self._at_rest:
            held |= {"connections": 0, "rooms": []}
            held["greenlets"].setdefault("run", ["housekeeping, if it was busy just now"])

    @staticmethod
    def _process(folder: Path, settings: dict[str, str], started: ExitStack) -> LiveServer:
        folder.mkdir()
        server = LiveServer(folder, **settings, **{census.VARIABLE: str(folder / "census")})
        started.callback(server.kill)
        return server.start()

    def _front(self, started: ExitStack) -> LiveServer:
        """Return the server as people see it: several are at nginx's address."""
        if len(self.processes) == 1:
            return self.processes[0]
        ways = (process.url.removeprefix("http://") for process in self.processes)
        nginx = started.enter_context(Nginx(*ways))
        front = copy.copy(self.processes[0])
        front.url, front.port = nginx.url, nginx.port
        return front

    def one_of_them(self) -> LiveServer:
        return random.choice(self.processes)

    @property
    def faults(self) -> dict[Callable[[Rig], None], int]:
        """What can happen here, and how often."""
        return {
            **COMMON,
            **({disk_full: 3} if self.postgres is None else {database_gone: 3}),
            **({redis_gone: 3} if self.redis is not None else {}),
            **({killed_for_long: 4, stands_still: 3} if len(self.processes) > 1 else {}),
        }

    # ── what is left over ───────────────────────────────────────────────────────────────────

    def _counts(self, server: LiveServer) -> dict[str, Any]:
        """Return what a server's process holds, and what the system says of it."""
        assert server.process
        process = Path(f"/proc/{server.process.pid}")
        names = [os.readlink(one) for one in process.joinpath("fd").iterdir() if one.is_symlink()]
        files = Counter(name for name in names if not name.startswith("socket:"))
        found = census.take(Path(server.environment[census.VARIABLE]))
        free = found.pop("pooled")  # as many as were once needed at the same moment, ten at most
        files -= Counter({n: free for n in files if n.endswith((".sqlite3", ".sqlite3-wal"))})
        pooled = {one.port for one in (self.postgres, self.redis) if one is not None}
        pooled |= {-1} if self.redis is not None else set()  # dead ones lie in its pool, deep down
        sockets = sum(port not in pooled for port in found.pop("peers"))
        sockets -= len(found["greenlets"].get("idle", []))
        return {**found, "sockets": sockets, "files": sorted(files.elements())}

    def _settled(self, server: LiveServer) -> dict[str, Any]:
        """Return the counts once what has just been closed is gone from them."""
        counts: list[dict[str, Any]] = []

        def same_again() -> bool:
            counts.append(self._counts(server))
            last = [(each["sockets"], each["connections"]) for each in counts[-3:]]
            return len(last) == 3 and len(set(last)) == 1 and last[0][1] == 0

        wait_until(same_again, "a server at rest", step=0.3)
        return counts[-1]

    def left_over(self, *, timers: bool, patience: float = TIMERS_WITHIN) -> dict[str, Any]:
        """Return what is held and was not at rest, with both values; waits for what ends soon."""
        found: dict[str, Any] = {}

        def nothing() -> bool:
            found.clear()
            for process, usual in zip(self.processes, self._at_rest, strict=True):
                found.update(self._more_than_at_rest(process, usual, timers))
            return not found

        try:
            wait_until(nothing, "", patience, step=0.3)
        except AssertionError:
            return found
        return {}

    def _more_than_at_rest(
        self, process: LiveServer, at_rest: dict[str, Any], timers: bool
    ) -> dict[str, Any]:
        try:
            now, before = self._counts(process), dict(at_rest)
        except OSError as failure:  # a descriptor that was closed while it was looked at
            return {"not counted": str(failure)}
        green, usual = now.pop("greenlets"), before.pop("greenlets")
        more: dict[str, Any] = {
            name: (len(usual.get(name, [])), where)
            for name, where in green.items()
            if len(where) > len(usual.get(name, []))
        }
        for name, value in now.items():
            if isinstance(value, list):
                if extra := Counter(value) - Counter(before[name]):
                    more[name] = list(extra.elements())
            elif value > before[name]:
                more[name] = (before[name], value)
        return {name: both for name, both in more.items() if timers or not name.endswith(TIMERS)}


# ── what happens to all at once ─────────────────────────────────────────────────────────────


def nothing(_rig: Rig) -> None:
    """Only what the schedules themselves do."""


def held(rig: Rig) -> None:
    rig.proxy.hold()
    time.sleep(1.0)
    rig.proxy.flow()


def killed(rig: Rig) -> None:
    one = rig.one_of_them()
    one.kill()
    one.start()


def restarted(rig: Rig) -> None:
    one = rig.one_of_them()
    one.stop()
    one.start()


def killed_for_long(rig: Rig) -> None:
    """The others have noticed it, and ended its answers, before it comes back."""
    one = rig.one_of_them()
    one.kill()
    time.sleep(12.0)
    one.start()


def stands_still(rig: Rig) -> None:
    """A process that does nothing for so long that the others take it for dead, and that then goes on."""
    one = rig.one_of_them()
    assert one.process
    one.process.send_signal(signal.SIGSTOP)
    time.sleep(12.0)
    one.process.send_signal(signal.SIGCONT)


def locked(rig: Rig) -> None:
    rig.stored.lock(2.0)


def disk_full(rig: Rig) -> None:
    """Nothing can be written to any file, the log among them."""
    process = rig.processes[0].process
    assert process
    _, most = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, most))
    time.sleep(2.0)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most, most))


def database_gone(rig: Rig) -> None:
    assert rig.postgres
    rig.postgres.stop()
    time.sleep(2.0)
    rig.postgres.start()


def redis_gone(rig: Rig) -> None:
    assert rig.redis
    rig.redis.stop()
    time.sleep(2.0)
    rig.redis.start()


def engine_crashes(rig: Rig) -> None:
    """A step raises: every answer of the moment breaks off, and the model is loaded anew."""
    _ask_as_root(rig, "raise")


def engine_dies(rig: Rig) -> None:
    """The engine's thread ends, and another one takes over."""
    _ask_as_root(rig, "die")


def engine_hangs(rig: Rig) -> None:
    """A step does not come back in time."""
    _ask_as_root(rig, "hang")


def _ask_as_root(rig: Rig, words: str) -> None:
    root = signed_in(rig.server, "root")
    body = {"prompt": words}
    root.http.headers["X-CSRFToken"] = root.csrf
    root.http.post(f"{rig.server.url}/chat", json=body, timeout=SETTLED_WITHIN)
    root.http.close()


COMMON: Final[dict[Callable[[Rig], None], int]] = {
    nothing: 6, held: 3, killed: 3, restarted: 2, locked: 3, engine_crashes: 2, engine_dies: 2,
    engine_hangs: 1,
}  # fmt: skip
