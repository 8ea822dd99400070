"""Several models in one engine: loaded while others serve, in turn, within a bound of memory."""

import threading
from typing import Any

import pytest

from echo.generation import (
    Engine,
    EngineConfig,
    EngineUnavailable,
    Failed,
    Finished,
    InvalidRequest,
    ModelBusy,
    ModelSpec,
    Script,
    ScriptedReply,
)
from echo.generation.counters import ModelStatus
from echo.generation.model_source import ModelSize
from echo.generation.scripted_runner import ScriptedModels

from .conftest import StartEngine
from .helpers import request, status
from .test_scripted_engine import wait_for

NAMED = ScriptedReply(text="{model} says one two three", delay_ms=1, first_delay_ms=1)
ENDLESS = ScriptedReply(text="word " * 5000, delay_ms=1, first_delay_ms=1)
A, B, C = ModelSpec("a", "a"), ModelSpec("b", "b"), ModelSpec("c", "c")
TUNED = ModelSpec("a-tuned", adapter="somewhere", base="a")


def scripted(*models: ModelSpec, default: ScriptedReply = NAMED, **changes: Any) -> Any:
    names = Script.__dataclass_fields__
    script = {key: changes.pop(key) for key in list(changes) if key in names}
    config = EngineConfig(**{"slots": 4, "restart_pause_seconds": 0.01, **changes})
    return lambda wake: Engine.scripted(Script(default=default, **script), config, wake, models)


def states(engine: Engine) -> dict[str, str]:
    return {model.name: model.state for model in engine.models()}


def test_each_request_is_answered_by_the_model_it_names(start_engine: StartEngine) -> None:
    engine, reader = start_engine(scripted(A, B, TUNED))
    streams = [engine.submit(request(model=name)) for name in ("", "a", "b", "a-tuned")]
    reader.read(*streams)
    assert [reader.text(stream).split()[0] for stream in streams] == ["a", "a", "b", "a-tuned"]
    assert (status(engine, "a").finished, status(engine, "b").finished) == (2, 1)
    assert status(engine, "a-tuned").base == "a"
    with pytest.raises(InvalidRequest, match="there is no model 'z'"):
        engine.submit(request(model="z"))


def test_only_the_default_is_loaded_before_anybody_asks(start_engine: StartEngine) -> None:
    engine, reader = start_engine(scripted(A, B))
    wait_for(lambda: engine.health().state == "ready")
    assert states(engine) == {"a": "ready", "b": "installed"}
    reader.read(engine.submit(request(model="b")))
    assert states(engine) == {"a": "ready", "b": "ready"}


def test_a_model_is_loaded_while_another_serves(start_engine: StartEngine) -> None:
    engine, reader = start_engine(scripted(A, B, default=ENDLESS, load_ms=300))
    wait_for(lambda: engine.health().state == "ready")
    running = engine.submit(request(max_new_tokens=5000))
    wait_for(lambda: status(engine, "a").generated_tokens > 3)
    waiting = engine.submit(request(model="b", max_new_tokens=3))
    seen: list[ModelStatus] = []
    before = status(engine, "a").generated_tokens

    def loaded() -> bool:
        seen.append(status(engine, "b"))
        return seen[-1].state == "ready"

    wait_for(loaded)
    assert status(engine, "a").generated_tokens > before + 20
    assert any(one.state == "loading" and one.progress for one in seen)
    reader.read(waiting)
    running.cancel()
    reader.read(running)


def test_models_that_answer_get_equal_time(start_engine: StartEngine) -> None:
    """One model with four rows and one with a single row: both are stepped equally often."""
    engine, reader = start_engine(scripted(A, B, default=ENDLESS))
    streams = [
        engine.submit(request(model="a", max_new_tokens=400, owner=str(n))) for n in range(4)
    ]
    streams.append(engine.submit(request(model="b", max_new_tokens=100)))
    reader.read(streams[-1])
    assert 100 <= status(engine, "a").generated_tokens <= 1200
    for stream in streams[:-1]:
        stream.cancel()
    reader.read(*streams)


def test_what_cannot_be_loaded_leaves_the_others_alone(start_engine: StartEngine) -> None:
    engine, reader = start_engine(scripted(A, B, broken=("b",)))
    streams = [engine.submit(request(model=name)) for name in ("b", "a")]
    reader.read(*streams)
    end = reader.end(streams[0])
    assert isinstance(end, Failed)
    assert "broken" in end.text
    assert isinstance(reader.end(streams[1]), Finished)
    assert states(engine) == {"a": "ready", "b": "failed"}
    with pytest.raises(EngineUnavailable, match="broken"):
        engine.submit(request(model="b"))
    assert engine.health().state == "ready"
    engine.load("b")  # somebody has mended it, or hopes so
    wait_for(lambda: status(engine, "b").state == "failed")


def test_what_cannot_even_be_looked_at_leaves_the_others_alone(
    start_engine: StartEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that are damaged in a way that nobody thought of must not end the engine's thread."""
    size = ScriptedModels.size

    def looked_at(self: ScriptedModels, spec: ModelSpec) -> ModelSize:
        if spec.name == "b":
            raise ZeroDivisionError("no heads")
        return size(self, spec)

    monkeypatch.setattr(ScriptedModels, "size", looked_at)
    engine, reader = start_engine(scripted(A, B))
    broken = engine.submit(request(model="b"))
    reader.read(broken)
    assert isinstance(reader.end(broken), Failed)
    wait_for(lambda: status(engine, "b").state == "failed")
    assert "no heads" in str(status(engine, "b").error)
    good = engine.submit(request(model="a"))
    reader.read(good)
    assert isinstance(reader.end(good), Finished)


def test_a_crash_of_one_model_is_not_the_others(start_engine: StartEngine) -> None:
    crash = ScriptedReply(match="crash", first_delay_ms=1, crash_after=1, crash_times=1)
    engine, reader = start_engine(scripted(A, B, replies=(crash,), default=ENDLESS))
    wait_for(lambda: engine.health().state == "ready")
    steady = engine.submit(request(max_new_tokens=200))
    falling = engine.submit(request("crash", model="b"))
    reader.read(steady, falling)
    assert isinstance(reader.end(steady), Finished)
    assert isinstance(reader.end(falling), Failed)
    assert (status(engine, "a").restarts, status(engine, "b").restarts) == (0, 1)
    wait_for(lambda: status(engine, "b").state == "ready")


def test_idle_models_make_room_the_longest_unused_first(start_engine: StartEngine) -> None:
    engine, reader = start_engine(scripted(A, B, C, megabytes=100, memory_mb=250))
    for name in ("a", "b"):
        reader.read(engine.submit(request(model=name)))
    reader.read(engine.submit(request(model="a")))
    reader.read(engine.submit(request(model="c")))
    assert states(engine) == {"a": "ready", "b": "installed", "c": "ready"}


def test_a_model_that_answers_is_not_unloaded(start_engine: StartEngine) -> None:
    engine, reader = start_engine(scripted(A, B, default=ENDLESS, megabytes=100, memory_mb=150))
    running = engine.submit(request(max_new_tokens=5000))
    wait_for(lambda: status(engine, "a").generated_tokens > 0)
    refused = engine.submit(request(model="b"))
    reader.read(refused)
    end = reader.end(refused)
    assert isinstance(end, Failed)
    assert "needs 100 MB of memory; 50 MB are free" in end.text
    with pytest.raises(ModelBusy):
        engine.unload("a")
    running.cancel()
    reader.read(running)
    later = engine.submit(request(model="b", max_new_tokens=2))  # now there is room
    reader.read(later)
    assert isinstance(reader.end(later), Finished)
    assert states(engine) == {"a": "installed", "b": "ready"}


def test_a_model_that_can_never_fit_is_refused_with_both_numbers(start_engine: StartEngine) -> None:
    engine, _ = start_engine(scripted(A, megabytes=100, memory_mb=60))
    wait_for(lambda: engine.health().state == "failed")
    assert "needs 100 MB" in str(engine.health().error)
    assert "60 MB" in str(engine.health().error)


def test_unload_and_load_by_hand(start_engine: StartEngine) -> None:
    engine, _ = start_engine(scripted(A))
    wait_for(lambda: engine.health().state == "ready")
    engine.unload("a")
    wait_for(lambda: states(engine) == {"a": "installed"})
    engine.load("a")
    wait_for(lambda: states(engine) == {"a": "ready"})


def test_a_model_is_offered_and_withdrawn_while_the_engine_runs(start_engine: StartEngine) -> None:
    engine, reader = start_engine(scripted(A, default=ENDLESS))
    engine.offer(B)
    engine.offer(ModelSpec("b-tuned", adapter="somewhere", base="b"))
    with pytest.raises(InvalidRequest, match="is not installed"):
        engine.offer(ModelSpec("lost", adapter="somewhere", base="nothing"))
    running = [engine.submit(request(model=name, max_new_tokens=5000)) for name in ("b", "b-tuned")]
    wait_for(lambda: engine.counters().running == 2)
    with pytest.raises(InvalidRequest, match="default"):
        engine.withdraw("a")
    engine.withdraw("b")
    reader.read(*running)
    for stream in running:
        end = reader.end(stream)
        assert isinstance(end, Failed)
        assert "was removed" in end.text
    assert states(engine) == {"a": "ready"}
    with pytest.raises(InvalidRequest):
        engine.submit(request(model="b"))


def test_a_wish_for_a_model_that_was_withdrawn_meanwhile_harms_nobody(
    start_engine: StartEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wish waits in the engine's inbox while the model goes: the thread must outlive it."""
    engine, reader = start_engine(scripted(A, B))
    reader.read(engine.submit(request()))
    wishes = engine._inbox.wish
    late: list[Any] = []
    monkeypatch.setattr(engine._inbox, "wish", late.append)
    engine.load("b")
    engine.withdraw("b")
    for wish in reversed(late):  # first it is forgotten, then it is wished for
        wishes(wish)
    stream = engine.submit(request())
    reader.read(stream)
    assert isinstance(reader.end(stream), Finished)
    assert engine.health().state == "ready"


def test_an_adapter_can_be_withdrawn_alone(start_engine: StartEngine) -> None:
    engine, reader = start_engine(scripted(A, TUNED, default=ENDLESS))
    base = engine.submit(request(max_new_tokens=300))
    tuned = engine.submit(request(model="a-tuned", max_new_tokens=5000))
    wait_for(lambda: engine.counters().running == 2)
    engine.withdraw("a-tuned")
    reader.read(base, tuned)
    assert isinstance(reader.end(base), Finished)
    assert isinstance(reader.end(tuned), Failed)
    assert states(engine) == {"a": "ready"}


def test_the_default_can_change(start_engine: StartEngine) -> None:
    engine, reader = start_engine(scripted(A, B))
    engine.use_by_default("b")
    stream = engine.submit(request())
    reader.read(stream)
    assert reader.text(stream).startswith("b says")
    assert engine.health().model == "b"


def test_the_reader_is_woken_when_a_model_changes(start_engine: StartEngine) -> None:
    engine, reader = start_engine(scripted(A, B, load_ms=100))
    wait_for(lambda: engine.health().state == "ready")
    engine.models_changed()
    reader.bell.clear()
    engine.load("b")
    assert reader.bell.wait(5)
    wait_for(lambda: status(engine, "b").state == "ready")
    assert engine.models_changed()
    assert not engine.models_changed()


def test_an_engine_that_is_left_behind_ends_streams_that_have_not_been_looked_at() -> None:
    """Another thread may be changing the queues meanwhile: none of them is read."""
    hold = threading.Event()
    script = Script(default=NAMED, load_ms=0)
    engine = Engine.scripted(script, EngineConfig(), models=[A])
    engine._inbox.wish(lambda: hold.wait(20))  # type: ignore[arg-type,return-value]
    engine.start()
    streams = [engine.submit(request(owner=str(number))) for number in range(50)]
    engine.stop(0.05)
    assert all(stream.done for stream in streams)
    hold.set()
