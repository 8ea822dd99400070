"""An engine whose thread dies or hangs, or whose model keeps failing: told, logged, and started again."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest

from echo.generation import (
    Engine,
    EngineConfig,
    EngineUnavailable,
    Failed,
    Finished,
    ModelSpec,
    Script,
    ScriptedReply,
    supervisor,
)
from echo.generation.scripted_runner import ScriptedRunner

from .conftest import StartEngine
from .helpers import engine_of, request
from .test_scripted_engine import ENDLESS, FAST, script, scripted, wait_for


def fault(how: str, **more: Any) -> ScriptedReply:
    """A reply that breaks off after one piece."""
    reply = {"match": how, "text": "a b c", "delay_ms": 1, "first_delay_ms": 20, "crash_after": 1}
    return ScriptedReply(**{**reply, "crash_how": how, "crash_times": 1, **more})


FAULTS = {"die": {}, "hang": {"step_seconds": 0.2}}


@pytest.mark.parametrize("how", FAULTS)
def test_the_thread_is_replaced_and_everybody_is_told(
    how: str, start_engine: StartEngine, caplog: pytest.LogCaptureFixture
) -> None:
    faulty = script(fault(how, hang_seconds=1.0), default=ENDLESS)
    engine, reader = start_engine(scripted(faulty, slots=2, **FAULTS[how]))
    with caplog.at_level(logging.WARNING):
        streams = [engine.submit(request(text, owner=text)) for text in ("x", how, "y", "z")]
        reader.read(*streams)
        wait_for(lambda: engine.health().state == "ready")
        wait_for(lambda: "The engine has started again" in caplog.text)  # it is said afterwards
    for stream in streams:
        end = reader.end(stream)
        assert isinstance(end, Failed)
        assert end.code == "engine_failed"
    assert engine.health().restarts == 1
    assert "The engine is replaced" in caplog.text
    assert ("It hangs at" in caplog.text and "_crash" in caplog.text) is (how == "hang")
    again = engine.submit(request(how))
    reader.read(again)
    assert reader.text(again) == "a b c"
    assert (engine.counters().queued, engine.counters().running) == (0, 0)


def test_a_thread_that_comes_back_too_late_disturbs_nobody(start_engine: StartEngine) -> None:
    hold, closed = threading.Event(), threading.Event()

    class Stuck(ScriptedRunner):
        def step(self, plan: Any) -> Any:
            if not hold.is_set():
                hold.wait(20)
            return super().step(plan)

        def close(self) -> None:
            super().close()
            closed.set()

    config = EngineConfig(slots=1, step_seconds=0.2, restart_pause_seconds=0.01)
    engine, reader = start_engine(engine_of(lambda: Stuck(script(), config), config))
    late = engine.submit(request())
    reader.read(late)
    wait_for(lambda: engine.health().state == "ready")
    old = [one for one in threading.enumerate() if one.name == "echo-engine"]
    hold.set()
    assert closed.wait(10)  # it lets go of its memory
    after = engine.submit(request())
    reader.read(after)
    assert reader.text(after) == FAST.text
    assert isinstance(reader.end(late), Failed)
    wait_for(lambda: sum(one.is_alive() for one in old) < len(old))


def test_a_model_that_takes_long_to_load_does_not_hang(start_engine: StartEngine) -> None:
    config = EngineConfig(step_seconds=0.1)

    def build() -> ScriptedRunner:
        threading.Event().wait(0.6)
        return ScriptedRunner(script(), config)

    engine, reader = start_engine(engine_of(build, config))
    stream = engine.submit(request())
    reader.read(stream)
    assert isinstance(reader.end(stream), Finished)
    assert engine.health().restarts == 0


def test_pauses_double_and_questions_are_refused_meanwhile(
    start_engine: StartEngine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE_SECONDS", 0.3)
    deadly = script(fault("die", crash_times=5))
    engine, reader = start_engine(scripted(deadly, restart_pause_seconds=0.1, step_seconds=0.2))
    with caplog.at_level(logging.ERROR):
        for number in range(1, 4):
            reader.read(engine.submit(request("die")))
            wait_for(lambda: engine.health().state == "restarting")
            with pytest.raises(EngineUnavailable, match="try again"):
                engine.submit(request())
            wait_for(lambda n=number: engine.health() and engine.health().restarts == n)
            wait_for(lambda: engine.health().state == "ready")
    pauses = [text.split("again in ")[1] for text in caplog.messages if "again in" in text]
    assert pauses == ["0.1 s", "0.2 s", "0.3 s"]


def test_no_thread_starts_after_the_end() -> None:
    engine = Engine.scripted(script(fault("die")), EngineConfig(restart_pause_seconds=5))
    engine.start()
    stream = engine.submit(request("die"))
    wait_for(lambda: stream.done and engine.health().state == "restarting")
    engine.stop(5)
    with pytest.raises(EngineUnavailable):
        engine.submit(request())
    names = ("echo-engine", "echo-engine-watch")
    wait_for(lambda: not any(one.name in names for one in threading.enumerate()))


def test_other_models_are_offered_by_the_next_thread_too(start_engine: StartEngine) -> None:
    models = [ModelSpec("a", "a"), ModelSpec("b", "b")]
    config = EngineConfig(restart_pause_seconds=0.01, step_seconds=0.2)
    engine, reader = start_engine(
        lambda wake: Engine.scripted(script(fault("die")), config, wake, models)
    )
    reader.read(engine.submit(request("die", model="b")))
    wait_for(lambda: engine.health().state == "ready")
    stream = engine.submit(request(model="b"))
    reader.read(stream)
    assert reader.text(stream) == FAST.text


def test_a_model_that_was_given_up_is_tried_again_by_itself(
    start_engine: StartEngine, caplog: pytest.LogCaptureFixture
) -> None:
    crash = ScriptedReply(match="*", text="a b", first_delay_ms=0, crash_after=0, crash_times=3)
    engine, reader = start_engine(
        scripted(Script(replies=(crash,)), slots=1, failed_pause_seconds=0.3)
    )
    with caplog.at_level(logging.ERROR):
        streams = [engine.submit(request(owner=str(n))) for n in range(5)]
        reader.read(*streams)
        wait_for(lambda: "keeps failing; it is loaded again in" in caplog.text)
    assert all(isinstance(reader.end(stream), Failed) for stream in streams)
    wait_for(lambda: engine.health().state == "ready")
    stream = engine.submit(request())
    reader.read(stream)
    assert reader.text(stream) == "a b"


def test_a_script_says_how_it_crashes() -> None:
    with pytest.raises(ValueError, match="crash_how"):
        ScriptedReply(crash_how="explode")
