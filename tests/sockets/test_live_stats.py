"""The live numbers: for those who may see charts, each second while somebody watches, and never else."""

import time
from collections.abc import Callable

import eventlet
import pytest
from flask import Flask

from echo.models import RoleName, User
from echo.services.sign_in import devices
from echo.sockets import live_stats
from tests.conftest import PATIENCE, Tab, give_role

PERIOD = 0.02


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_stats, "EACH_SECONDS", PERIOD)


@pytest.fixture
def analyst(make_user: Callable[..., User]) -> User:
    return make_user("ann", role=RoleName.ANALYST)


@pytest.fixture
def watcher(open_tab: Callable[[User], Tab], analyst: User) -> Tab:
    tab = open_tab(analyst)
    assert tab.ask("watch_stats", {}) == {"ok": True}
    return tab


@pytest.fixture
def reads(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one each time the engine is asked for its numbers."""
    noted: list[int] = []
    engine = app.extensions["turns"].engine
    counters = engine.counters
    monkeypatch.setattr(engine, "counters", lambda: noted.append(1) or counters())
    return noted


def several_periods() -> None:
    eventlet.sleep(PERIOD * 6)


def test_numbers_come_again_and_again(watcher: Tab) -> None:
    stats = watcher.wait_for("live_stats", count=3)
    assert set(stats) == {
        "generating", "waiting", "tokens_per_second", "connected", "engine", "restarts", "models",
        "processes",
    }  # fmt: skip
    assert stats["processes"] == 1
    assert (stats["generating"], stats["waiting"], stats["engine"]) == (0, 0, "ready")


def test_numbers_are_those_of_this_moment(
    watcher: Tab, open_tab: Callable[[User], Tab], ada: User
) -> None:
    alone = watcher.wait_for("live_stats")["connected"]
    writer = open_tab(ada)
    assert writer.ask("send_message", "slow")["ok"]
    with eventlet.Timeout(PATIENCE):
        while not (stats := watcher.named("live_stats")[-1])["tokens_per_second"]:
            eventlet.sleep(PERIOD)
    assert stats["generating"] == 1
    assert stats["connected"] == alone + 1
    (model,) = stats["models"]
    assert (model["running"], model["waiting"], model["failed"]) == (1, 0, 0)
    assert model["tokens_per_second"] > 0


def test_people_without_the_right_are_refused(
    make_user: Callable[..., User], open_tab: Callable[[User], Tab]
) -> None:
    tab = open_tab(make_user("eve"))
    assert tab.ask("watch_stats", {})["error"]["code"] == "forbidden"
    several_periods()
    assert tab.named("live_stats") == []


def test_who_has_not_asked_hears_nothing(
    watcher: Tab, open_tab: Callable[[User], Tab], analyst: User
) -> None:
    second = open_tab(analyst)
    watcher.wait_for("live_stats", count=3)
    assert second.named("live_stats") == []


def test_nothing_is_read_while_nobody_watches(watcher: Tab, reads: list[int]) -> None:
    watcher.wait_for("live_stats", count=2)
    watcher.socket.disconnect()
    several_periods()
    reads.clear()
    several_periods()
    assert reads == []


def test_it_begins_again_for_the_next_watcher(
    watcher: Tab, open_tab: Callable[[User], Tab], analyst: User
) -> None:
    watcher.wait_for("live_stats")
    watcher.socket.disconnect()
    several_periods()
    again = open_tab(analyst)
    again.ask("watch_stats", {})
    assert again.wait_for("live_stats", count=2)


def test_two_watchers_are_told_by_one_sender(
    watcher: Tab, open_tab: Callable[[User], Tab], analyst: User, reads: list[int]
) -> None:
    second = open_tab(analyst)
    second.ask("watch_stats", {})
    second.ask("watch_stats", {})
    watcher.wait_for("live_stats")
    reads.clear()
    began = time.monotonic()
    eventlet.sleep(PERIOD * 20)
    assert (
        0 < len(reads) <= (time.monotonic() - began) / PERIOD + 1
    )  # three senders: thrice as many
    assert second.named("live_stats")


@pytest.mark.parametrize("end", ["role", "device"])
def test_who_loses_the_right_hears_nothing_more(watcher: Tab, analyst: User, end: str) -> None:
    watcher.wait_for("live_stats")
    if end == "role":
        give_role(analyst, RoleName.USER)
    else:
        devices.revoke_all(analyst.id, reason="Gone.")
    with eventlet.Timeout(PATIENCE):
        while watcher.socket.is_connected():
            eventlet.sleep(0.01)
    watcher.socket.queue.clear()
    several_periods()
    assert watcher.socket.queue == []
