"""Whatever is cut, held, killed or locked: every window ends with what the database has, and nothing is lost.

`make test` runs 40 schedules, `make soak` as many as ECHO_SCHEDULES says, on the database that
ECHO_SOAK_DATABASE names. A failure prints its seeds; with ECHO_SEED the rounds begin with that one.
"""

from __future__ import annotations

import os
import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.faults.rig import QUIET_WITHIN, Rig
from tests.faults.schedule import Schedule
from tests.faults.windows import Windows

SCHEDULES: Final = int(os.environ.get("ECHO_SCHEDULES", "40"))
FIRST_SEED: Final = int(os.environ.get("ECHO_SEED", "0")) or random.SystemRandom().randrange(10**9)
AT_ONCE: Final = 20
FAULT: Final = os.environ.get("ECHO_FAULT", "")  # this one in every round


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    rig = Rig(tmp_path_factory.mktemp("faults"))
    yield rig
    rig.close()


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windows]:
    node = shutil.which("node") or str(Path(".venv/bin/node").resolve())
    windows = Windows(node, tmp_path_factory.mktemp("windows") / "log.txt")
    yield windows
    windows.close()


@pytest.mark.slow
@pytest.mark.timeout(300 + SCHEDULES * 30)
def test_every_window_ends_with_what_is_stored(rig: Rig, windows: Windows) -> None:
    compared, played = 0, Counter[str]()
    for seed in range(FIRST_SEED, FIRST_SEED + SCHEDULES, AT_ONCE):
        by = random.Random(seed)
        faults = {one: often for one, often in rig.faults.items() if FAULT in ("", one.__name__)}
        fault = by.choices(list(faults), list(faults.values()))[0]
        began = time.monotonic()
        compared += play(rig, windows, seed, by, fault)
        played[fault.__name__] += AT_ONCE
        taken = time.monotonic() - began
        print(f"{compared} messages until now, {taken:.0f} s", flush=True)
    left = rig.left_over(timers=True)
    assert not left, f"the server holds more than at rest: {left}"
    assert compared > 4 * SCHEDULES  # windows had something to show
    print(dict(played))


def play(rig: Rig, windows: Windows, seed: int, by: random.Random, fault: Any) -> int:
    """Play one round and compare; return how many messages were compared."""
    print(f"{seed} {fault.__name__}: ", end="", flush=True)
    schedules = [Schedule(seed + n, rig.server, rig.proxy, windows) for n in range(AT_ONCE)]
    acting = [threading.Thread(target=one.run) for one in schedules]
    for each in acting:
        each.start()
    time.sleep(by.random() * 1.5)
    fault(rig)
    for each in acting:
        each.join()
    acted = time.monotonic()
    wrong = {one.seed: (one.done, found) for one in schedules if (found := one.check())}
    assert not wrong, f"round of seed {seed}, {fault.__name__}: {wrong}"
    checked = time.monotonic()
    left = rig.left_over(timers=False, patience=QUIET_WITHIN)
    print(
        f"checked in {checked - acted:.0f} s, at rest after {time.monotonic() - checked:.0f} s: ",
        end="",
    )
    assert not left, f"round of seed {seed}, {fault.__name__}: the server holds more: {left}"
    return sum(one.compared for one in schedules)


def test_what_is_wrong_is_seen(rig: Rig, windows: Windows) -> None:
    """A text that changed and a question that is lost are each found; without them nothing is."""
    schedule = Schedule(FIRST_SEED - 1, rig.server, rig.proxy, windows)
    schedule.run()
    schedule.ask_anew()  # one window shows something, whatever was cleared
    schedule.settle()
    schedule.sent.append("a question that nobody has stored")
    assert rig.stored.change_every_text_of(f"person{FIRST_SEED - 1}")
    wrong = schedule.check()
    assert any("stored is" in each for each in wrong)
    assert any("stored 0 times" in each for each in wrong)


def test_what_is_left_over_is_seen(rig: Rig) -> None:
    """A tab that stays open is a connection, a socket, rooms and green threads."""
    root = rig.server.person("root").sign_in()
    tab = root.tab()
    found = rig.left_over(timers=True, patience=1.0)
    tab.close()
    root.http.close()
    assert {"connections", "rooms", "sockets"} <= set(found), found
    assert rig.left_over(timers=True) == {}
