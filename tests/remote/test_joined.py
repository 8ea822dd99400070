"""Models elsewhere and models here stand in one list; a name says who answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from echo.admin import model_words
from echo.generation import (
    Engine,
    EngineConfig,
    Failed,
    InvalidRequest,
    ModelSpec,
    Script,
    ScriptedReply,
)
from echo.generation.scripted_runner import ScriptedRunner
from echo.remote import JoinedEngines, RemoteEngine
from echo.services.serving import ModelView
from echo.services.serving.model_settings import NOTHING
from tests.remote.conftest import asking, read
from tests.remote.hostile_server import TEXT, HostileServer
from tests.waiting import until


@pytest.fixture
def joined(
    server: HostileServer, make_engine: Callable[..., RemoteEngine]
) -> Iterator[JoinedEngines]:
    script = Script(
        default=ScriptedReply(text="From here.", delay_ms=0, first_delay_ms=0),
        replies=(ScriptedReply(match="crash", first_delay_ms=0, crash_after=0, crash_times=1),),
        models=("own", "hostile"),
    )
    here = Engine.scripted(script, EngineConfig(model="own", restart_pause_seconds=0.01))
    joined = JoinedEngines(make_engine(server), here)
    joined.start()
    yield joined
    joined.stop(5)


def ask(joined: JoinedEngines, model: str = "") -> str:
    stream = joined.submit(replace(asking("well"), model=model))
    until(lambda: joined.drain_ready() or stream.done, "there is news")
    return read(stream)[0]


def test_one_list_with_those_elsewhere_first(joined: JoinedEngines) -> None:
    shown = [(one.name, one.state, bool(one.servers)) for one in joined.models()]
    assert shown == [("hostile", "ready", True), ("own", "installed", False)]
    assert joined.default_model == "hostile"
    assert joined.health().state == "ready"


def test_a_name_says_who_answers(joined: JoinedEngines) -> None:
    assert ask(joined) == TEXT
    assert ask(joined, "hostile") == TEXT  # not the one of that name here
    assert ask(joined, "own") == "From here."
    with pytest.raises(InvalidRequest):
        ask(joined, "neither")
    joined.use_by_default("own")
    assert (joined.default_model, ask(joined)) == ("own", "From here.")


def test_what_only_the_engine_here_counts_is_told(
    joined: JoinedEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScriptedRunner, "cache_tokens", 7)
    _, end = read(joined.submit(replace(asking("crash"), model="own")))
    assert isinstance(end, Failed)
    until(lambda: joined.health().restarts == 1, "the restart is told")
    assert (joined.health().model, joined.health().state) == ("hostile", "ready")
    assert ask(joined, "own") == "From here."
    assert joined.counters().cache_tokens == 7


def test_tokens_are_those_of_models_here(joined: JoinedEngines) -> None:
    joined.load("own")
    until(
        lambda: {one.name: one.state for one in joined.models()}["own"] == "ready", "it is loaded"
    )
    assert joined.tokenize("12345", "own") == [0, 1]
    with pytest.raises(InvalidRequest, match="elsewhere") as refusal:
        joined.tokenize("12345")
    assert refusal.value.field == "text"


def test_a_model_here_may_go_that_answers_nowhere_by_default(joined: JoinedEngines) -> None:
    joined.offer(ModelSpec("third", "third"))
    joined.withdraw("own")
    assert [one.name for one in joined.models()] == ["hostile", "third"]
    joined.use_by_default("third")
    with pytest.raises(InvalidRequest, match="default"):
        joined.withdraw("third")


def test_how_administrators_see_a_model_elsewhere(
    joined: JoinedEngines, server: HostileServer
) -> None:
    ask(joined)
    view = ModelView(joined.models()[0], NOTHING, None, "hostile", None, True)
    shown = model_words.shown(view)
    assert (shown.origin, shown.memory) == ("A model of other servers", "none here")
    assert (shown.computing, shown.settings) == ("elsewhere, on 1 server", "as the site says")
    assert not shown.can_unload
    ((address, words, error),) = shown.servers
    assert address == f"127.0.0.1:{server.port}"
    assert words.startswith("ready, 0 answering, ")
    assert "first word after 0.0 s" in words
    assert error == ""
    assert view.public()["elsewhere"] is True
