"""Servers elsewhere that fail: every answer ends, with a word for the person and none of the key."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from echo.generation import EngineUnavailable, Failed, Finished, InvalidRequest, QueueFull
from echo.remote import RemoteConfig, RemoteEngine, failures
from tests.remote.conftest import KEY, answer, asking, read
from tests.remote.hostile_server import TEXT, HostileServer
from tests.waiting import until

Make = Callable[..., RemoteEngine]

FAULTS = {
    # before the first word: what is said, and how often the one server is asked
    "garbage": (failures.GARBAGE, 1),
    "other json": (failures.GARBAGE, 1),
    "number": (failures.GARBAGE, 1),
    "broken letters": (failures.GARBAGE, 1),
    "page": (failures.GARBAGE, 1),
    "redirect": (failures.GARBAGE, 1),
    "proxy page": (failures.BROKEN, 4),
    "401": (failures.REFUSED_KEY, 1),
    "404": (failures.UNKNOWN_MODEL, 1),
    "429": (failures.CROWDED, 1),
    "500": (failures.BROKEN, 4),
    "silent": (failures.SILENT, 1),
    "headers only": (failures.SILENT, 1),
    "endless line": (failures.ENDLESS, 1),
    "flood": (failures.SILENT, 1),
}
LATER = {
    "garbage later": failures.GARBAGE,
    "error later": failures.BROKEN,
    "stuck": failures.STUCK,
    "cut": failures.CUT,
    "ends early": failures.CUT,
    "flood later": failures.STUCK,
}


@pytest.fixture
def server() -> Iterator[HostileServer]:
    """One of the test's own: a server that has failed rests."""
    server = HostileServer()
    yield server
    server.stop()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_before_the_first_word(
    engine: RemoteEngine, server: HostileServer, fault: str
) -> None:
    text, end = answer(engine, fault)
    assert isinstance(end, Failed)
    assert (text, end.text, server.times(fault)) == ("", *FAULTS[fault])
    assert end.usage.completion == 0


@pytest.mark.parametrize("fault", LATER)
def test_after_the_first_word_nothing_is_tried_again(
    engine: RemoteEngine, server: HostileServer, fault: str
) -> None:
    text, end = answer(engine, fault)
    assert isinstance(end, Failed)
    assert (text, end.text, server.times(fault)) == ("Half of", LATER[fault], 1)
    assert end.usage.completion == 1


@pytest.mark.parametrize("fault", ["429 first", "500 first", "503 first", "cut first"])
def test_what_passes_is_tried_again(
    engine: RemoteEngine, server: HostileServer, fault: str
) -> None:
    text, end = answer(engine, fault)
    assert isinstance(end, Finished), end
    assert (text, server.times(fault)) == (TEXT, 2)


@pytest.mark.parametrize("fault", ["429 at once", "503 long ago"])
def test_a_crowded_server_rests_though_it_says_that_it_need_not(
    engine: RemoteEngine, server: HostileServer, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr("echo.remote.failures.REST_SECONDS", 50.0)
    _, end = answer(engine, fault)
    assert isinstance(end, Failed)
    assert (end.text, server.times(fault)) == (failures.CROWDED, 1)
    assert engine.models()[0].servers[0].state == "resting"


@pytest.mark.parametrize("fault", ["401", "404", "429", "500", "page", "silent", "cut first"])
def test_another_server_takes_over(server: HostileServer, make_engine: Make, fault: str) -> None:
    good = HostileServer(behaves=True)
    engine = make_engine(server, good)
    try:
        found = [answer(engine, fault) for _ in range(2)]
        assert [text for text, _ in found] == [TEXT, TEXT]
        assert (server.times(fault), good.times(fault)) in ((1, 2), (2, 2), (2, 1))
    finally:
        good.stop()


def test_a_server_that_goes_and_comes_back(server: HostileServer, make_engine: Make) -> None:
    engine = make_engine(server)
    assert engine.health().state == "ready"
    server.stop()
    assert engine.models_changed()
    assert not engine.models_changed()
    _, end = answer(engine, "well")
    assert isinstance(end, Failed)
    assert end.text == failures.AWAY
    until(lambda: engine.health().state == "failed", "it is told")
    assert engine.models_changed()
    (status,) = engine.models()
    assert (status.state, status.servers[0].state) == ("failed", "resting")
    assert "no connection" in str(status.servers[0].error)
    server.start_again()
    until(lambda: engine.health().state == "ready", "it is found again")
    assert answer(engine, "well")[0] == TEXT


def test_nobody_is_there_at_the_start(server: HostileServer, make_engine: Make) -> None:
    server.stop()
    engine = make_engine(server)
    assert engine.names == ("elsewhere",)
    assert engine.health().state == "failed"
    with pytest.raises(EngineUnavailable, match="cannot be reached"):
        engine.submit(asking("well"))
    server.start_again()
    until(lambda: engine.names == ("hostile",), "its models are known")
    assert answer(engine, "well")[0] == TEXT


def test_a_server_that_lets_nobody_in_is_told_to_administrators(
    server: HostileServer, make_engine: Make
) -> None:
    server.locked = True
    engine = make_engine(server, models=("named",))
    assert engine.health().state == "failed"
    assert "it refuses the key (ECHO_ENGINE_KEY)" in str(engine.health().error)
    server.locked = False
    until(lambda: engine.health().state == "ready", "it is let in")


def test_the_least_busy_server_is_asked_and_a_conversation_stays(make_engine: Make) -> None:
    servers = [HostileServer(), HostileServer()]
    engine = make_engine(*servers, first_seconds=20, pause_seconds=20)
    streams = [engine.submit(asking("stuck")) for _ in range(6)]
    until(lambda: all(one.times("stuck") == 3 for one in servers), "they share the work")
    for stream in streams:
        stream.cancel()
        read(stream)
    for _ in range(3):
        read(engine.submit(replace(asking("well"), conversation="c")))
    assert sorted(one.times("well") for one in servers) == [0, 3]
    for _ in range(4):
        read(engine.submit(asking("long")))
    assert [one.times("long") for one in servers] == [2, 2]
    for one in servers:
        one.stop()


def test_each_model_is_asked_where_it_is(make_engine: Make) -> None:
    servers = [HostileServer(("a", "both")), HostileServer(("both", "b"))]
    engine = make_engine(*servers)
    assert engine.names == ("a", "both", "b")
    for model in ("a", "b", "b"):
        read(engine.submit(replace(asking("well"), model=model)))
    assert [[body["model"] for body in server.bodies] for server in servers] == [["a"], ["b", "b"]]
    with pytest.raises(InvalidRequest):
        engine.submit(replace(asking("well"), model="c"))
    for server in servers:
        server.stop()


def test_the_queue_is_bounded(server: HostileServer, make_engine: Make) -> None:
    engine = make_engine(
        server, slots=1, max_queue=3, max_queue_per_owner=2, first_seconds=20, pause_seconds=20
    )
    streams = [engine.submit(asking("stuck")) for _ in range(3)]
    with pytest.raises(QueueFull) as full:
        engine.submit(asking("stuck"))
    assert full.value.scope == "owner"
    streams.append(engine.submit(replace(asking("stuck"), owner="2")))
    with pytest.raises(QueueFull) as full:
        engine.submit(replace(asking("stuck"), owner="3"))
    assert (full.value.scope, full.value.retry_after >= 1) == ("engine", True)
    engine.stop(0)
    for stream in streams:
        _, end = read(stream)
        assert isinstance(end, Failed)
        assert end.text == "The engine was stopped."
    with pytest.raises(EngineUnavailable):
        engine.submit(asking("well"))


def test_the_key_is_in_no_log_and_no_status(
    engine: RemoteEngine, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        for fault in ("tells the key", "401"):
            _, end = answer(engine, fault)
            assert KEY not in repr(end)
    written = capsys.readouterr()
    told = "".join(
        (caplog.text, written.out, written.err, repr(engine.models()), repr(engine.health()))
    )
    assert "a server elsewhere failed" in told
    assert KEY not in told
    assert KEY not in repr(RemoteConfig(("http://a",), KEY))
