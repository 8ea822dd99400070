"""Who is taken for dead, and who never, when Redis has been restarted without its memory."""

from __future__ import annotations

import time
from typing import Any

import pytest
from flask import Flask

from echo import hub
from echo.cluster import members
from echo.cluster.members import Members
from echo.errors import StorageUnavailable
from tests.databases import RedisServer
from tests.waiting import until


@pytest.fixture
def pair(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> tuple[Members, Members]:
    """Return two processes that know each other; their hearts beat when a test says so."""
    monkeypatch.setattr(members, "LIFE_SECONDS", 1)
    first, second = (Members(Flask("echo"), redis_server.url) for _ in range(2))
    for one in (first, second, first):
        one._beat(first=True)
    time.sleep(1.1)
    for one in (second, first):
        one._beat()
    return first, second


@pytest.mark.server
def test_a_process_that_has_not_beaten_since_redis_lost_its_memory_is_not_dead(
    pair: tuple[Members, Members], redis_server: RedisServer
) -> None:
    first, second = pair
    assert first.alive() == {first.node, second.node}
    lost: list[str] = []
    first.on_lost(lambda: lost.append(second.node))
    redis_server.stop()
    assert first.alive() is None
    redis_server.start()
    assert second.alive() is None
    first._beat()
    assert first.alive() is None
    assert second.alive() is None
    second._beat()
    time.sleep(1.1)
    second._beat()
    first._beat()
    hub.sleep(0.1)
    assert first.alive() == {first.node, second.node}
    assert not lost


@pytest.mark.server
def test_a_process_that_never_comes_back_after_that_is_dead(
    pair: tuple[Members, Members], redis_server: RedisServer
) -> None:
    first, second = pair
    lost: list[str] = []
    first.on_lost(lambda: lost.append(second.node))
    redis_server.stop()
    redis_server.start()
    first._beat()
    time.sleep(1.1)
    assert not lost
    first._beat()
    hub.sleep(0.1)  # whoever is told runs in a green thread
    assert first.alive() == {first.node}
    assert lost == [second.node]


@pytest.mark.server
def test_the_others_answers_are_gathered_and_who_fails_is_left_out(
    pair: tuple[Members, Members], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = pair

    def heard(name: str, _to: None, place: str, values: dict[str, Any]) -> None:
        second._answer(second._acts[name], {"place": place, "values": values})

    monkeypatch.setattr(first, "_publish", heard)  # nothing of this process is green
    second.on("weigh", lambda kilos: {"weighs": kilos})
    second.on("fail", lambda: 1 / 0)
    first.on("weigh", lambda kilos: "oneself is not asked")
    assert first.gather("weigh", kilos=7) == [{"weighs": 7}]
    assert first.gather("fail") == []
    assert first.ask("weigh", kilos=1)
    assert not first.ask("fail")


@pytest.mark.server
def test_who_is_silent_is_waited_for_shortly(
    pair: tuple[Members, Members], redis_server: RedisServer
) -> None:
    first, _silent = pair
    began = time.monotonic()
    assert first.gather("weigh", kilos=7) == []
    assert time.monotonic() - began < members.ANSWER_SECONDS + members.PATIENCE_SECONDS
    redis_server.stop()
    assert first.gather("weigh", kilos=7) == []


@pytest.mark.server
def test_after_a_silence_it_looks_again_until_it_has_seen(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database may be away when Redis is back."""
    monkeypatch.setattr(members, "BEAT_SECONDS", 0.05)
    one = Members(Flask("echo"), redis_server.url)
    looks, seen = [0], [0]

    def look() -> None:
        looks[0] += 1
        if looks[0] < 3:
            raise StorageUnavailable("away")

    one.on_hearing(look)
    one.on_hearing(lambda: seen.append(looks[0]))
    one._beat(first=True)
    one._hear({"from": "another", "to": None, "act": "look_again"})
    until(lambda: looks[0] == 3, "it has looked a third time")
    hub.sleep(0.2)
    assert (looks, seen) == ([3], [0, 1])  # what has succeeded is not done again
