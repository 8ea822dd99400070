"""The whole engine around scripted replies: no torch, every promise about streams."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from echo.generation import (
    Engine,
    EngineConfig,
    EngineUnavailable,
    Failed,
    Finished,
    FinishReason,
    InvalidConfig,
    MessageTooLong,
    QueueFull,
    Script,
    ScriptedReply,
    TokenStream,
    load_script,
)
from echo.generation.scripted_runner import ScriptedRunner

from .conftest import StartEngine
from .helpers import Reader, engine_of, request, status

FAST = ScriptedReply(text="one two three four five", delay_ms=1, first_delay_ms=1)
ENDLESS = ScriptedReply(text="word " * 5000, delay_ms=1, first_delay_ms=1)
HELD = ScriptedReply(text="never", first_delay_ms=600_000)


def scripted(script: Script, **changes: Any) -> Any:
    settings = {"slots": 4, "restart_pause_seconds": 0.01, **changes}
    return lambda wake: Engine.scripted(script, EngineConfig(**settings), wake)


def script(*replies: ScriptedReply, default: ScriptedReply = FAST) -> Script:
    return Script(replies=replies, default=default)


def wait_for(condition: Any, timeout: float = 60.0) -> None:
    """Polls what has no event of its own."""
    bell = threading.Event()
    for _ in range(int(timeout / 0.005)):
        if condition():
            return
        bell.wait(0.005)
    raise AssertionError("it did not happen")


def test_a_reply_comes_whole_with_usage_and_timing(start_engine: StartEngine) -> None:
    engine, reader = start_engine(scripted(script()))
    stream = engine.submit(request("12345678", request_id="r1"))
    reader.read(stream)
    assert reader.text(stream) == "one two three four five"
    end = reader.end(stream)
    assert isinstance(end, Finished)
    assert end.reason is FinishReason.STOP
    assert (end.usage.prompt, end.usage.completion) == (2, 5)
    assert reader.tokens(stream) == 5
    assert end.timing.first_token_ms is not None
    assert 0 <= end.timing.queue_ms <= end.timing.first_token_ms <= end.timing.total_ms
    assert stream.request_id == "r1"


def test_replies_interleave_and_match_by_text(start_engine: StartEngine) -> None:
    slow = ScriptedReply(match="slow", text="a b c", delay_ms=30, first_delay_ms=60)
    engine, reader = start_engine(scripted(script(slow)))
    first = engine.submit(request("be slow please"))
    second = engine.submit(request("anything"))
    reader.read(second)
    assert not first.done
    reader.read(first)
    assert reader.text(first) == "a b c"


def test_default_reply_echoes_the_question(start_engine: StartEngine) -> None:
    engine, reader = start_engine(scripted(Script()))
    stream = engine.submit(request("Why is the sky blue?", max_new_tokens=1000))
    reader.read(stream)
    assert "Why is the sky blue?" in reader.text(stream)
    assert "```python" in reader.text(stream)


def test_length_and_stop_strings_end_a_reply(start_engine: StartEngine) -> None:
    engine, reader = start_engine(scripted(script()))
    short = engine.submit(request(max_new_tokens=2))
    stopped = engine.submit(request(stop=("ree f",)))
    reader.read(short, stopped)
    assert reader.text(short) == "one two"
    assert reader.end(short).reason is FinishReason.LENGTH  # type: ignore[union-attr]
    assert reader.text(stopped) == "one two th"
    assert reader.end(stopped).reason is FinishReason.STOP  # type: ignore[union-attr]


def test_a_failing_row_fails_alone(start_engine: StartEngine) -> None:
    bad = ScriptedReply(match="bad", text="a b c d", delay_ms=1, first_delay_ms=1, fail_after=2)
    engine, reader = start_engine(scripted(script(bad)))
    streams = [engine.submit(request(text)) for text in ("good", "bad", "good")]
    reader.read(*streams)
    end = reader.end(streams[1])
    assert isinstance(end, Failed)
    assert end.code == "engine_failed"
    assert reader.text(streams[1]) == "a b"
    assert all(reader.text(one) == FAST.text for one in (streams[0], streams[2]))
    assert engine.health().state == "ready"
    assert status(engine).failed == 1


def test_a_crash_fails_the_running_and_keeps_the_waiting(start_engine: StartEngine) -> None:
    crash = ScriptedReply(
        match="crash", text="a b c", delay_ms=1, first_delay_ms=20, crash_after=1, crash_times=1
    )
    engine, reader = start_engine(scripted(script(crash, default=ENDLESS), slots=2))
    running = [engine.submit(request("other", owner="a")), engine.submit(request("crash"))]
    waiting = [engine.submit(request("x", owner=str(n), max_new_tokens=3)) for n in range(4)]
    reader.read(*running, *waiting)
    for stream in running:
        end = reader.end(stream)
        assert isinstance(end, Failed)
        assert end.code == "engine_failed"
    for stream in waiting:
        assert isinstance(reader.end(stream), Finished)
    assert engine.health().state == "ready"
    assert engine.health().restarts == 1
    again = engine.submit(request("crash"))
    reader.read(again)
    assert reader.text(again) == "a b c"


def test_an_engine_that_keeps_crashing_gives_up_and_says_why(start_engine: StartEngine) -> None:
    crash = ScriptedReply(match="*", first_delay_ms=0, crash_after=0)
    engine, reader = start_engine(scripted(script(crash), slots=1))
    streams = [engine.submit(request(owner=str(n))) for n in range(5)]
    reader.read(*streams)
    assert all(isinstance(reader.end(stream), Failed) for stream in streams)
    wait_for(lambda: engine.health().state == "failed")
    assert "crash" in str(engine.health().error)
    with pytest.raises(EngineUnavailable, match="crash"):
        engine.submit(request())
    assert engine.counters().queued == 0


def test_a_builder_that_fails_is_tried_again(start_engine: StartEngine) -> None:
    config = EngineConfig(restart_pause_seconds=0.01)
    tries = []

    def build() -> ScriptedRunner:
        tries.append(1)
        if len(tries) < 3:
            raise RuntimeError("not yet")
        return ScriptedRunner(script(), config)

    engine, reader = start_engine(engine_of(build, config))
    stream = engine.submit(request())
    reader.read(stream)
    assert reader.text(stream) == FAST.text
    assert engine.health().restarts == 2


def test_stop_ends_every_stream(start_engine: StartEngine) -> None:
    engine, reader = start_engine(scripted(script(default=HELD), slots=2))
    streams = [engine.submit(request(owner=str(n))) for n in range(6)]
    wait_for(lambda: engine.counters().running == 2)
    engine.stop(5)
    reader.read(*streams)
    assert all(isinstance(reader.end(stream), Failed) for stream in streams)
    assert engine.health().state == "stopped"
    with pytest.raises(EngineUnavailable):
        engine.submit(request())


def test_stop_ends_streams_even_when_the_thread_does_not_come_back() -> None:
    hold = threading.Event()

    class Stuck(ScriptedRunner):
        def step(self, plan: Any) -> Any:
            hold.wait(20)
            return super().step(plan)

    reader, config = Reader(), EngineConfig(slots=1)
    engine = engine_of(lambda: Stuck(script(), config), config)(reader.wake)
    reader.engine = engine
    engine.start()
    streams = [engine.submit(request()), engine.submit(request())]
    wait_for(lambda: engine.counters().running == 1)
    engine.stop(0.05)
    reader.read(*streams)
    hold.set()
    assert all(isinstance(reader.end(stream), Failed) for stream in streams)


def test_an_engine_that_was_never_started_still_ends_its_streams() -> None:
    reader = Reader()
    engine = Engine.scripted(script(), EngineConfig(), reader.wake)
    reader.engine = engine
    stream = engine.submit(request())
    assert stream.place is not None
    engine.stop(1)
    reader.read(stream)
    assert isinstance(reader.end(stream), Failed)


@pytest.mark.parametrize("waits", [False, True])
def test_cancel_ends_a_stream_and_frees_its_place(start_engine: StartEngine, waits: bool) -> None:
    engine, reader = start_engine(scripted(script(default=ENDLESS), slots=1))
    first = engine.submit(request(max_new_tokens=5000))
    second = engine.submit(request(max_new_tokens=5000, owner="b"))
    wait_for(lambda: engine.counters().running == 1 and status(engine).generated_tokens > 3)
    stream, other = (second, first) if waits else (first, second)
    stream.cancel()
    reader.read(stream)
    end = reader.end(stream)
    assert isinstance(end, Finished)
    assert end.reason is FinishReason.CANCELLED
    assert not other.done
    wait_for(lambda: engine.counters().running == 1 and engine.counters().queued == 0)
    assert status(engine).cancelled == 1


def test_cancel_comes_within_two_tokens(start_engine: StartEngine) -> None:
    """Cancelled while a step is computed; each step has one token."""
    steps: list[int] = []
    config = EngineConfig(slots=1)
    streams: list[TokenStream] = []

    class Counting(ScriptedRunner):
        def step(self, plan: Any) -> Any:
            outcome = super().step(plan)
            steps.append(len(outcome.rows))
            if sum(steps) == 5 and not streams[0].cancelled:
                streams[0].cancel()
            return outcome

    engine, reader = start_engine(
        engine_of(lambda: Counting(script(default=ENDLESS), config), config)
    )
    streams.append(engine.submit(request(max_new_tokens=5000)))
    reader.read(streams[0])
    end = reader.end(streams[0])
    assert end.usage.completion == 4  # the fifth was computed, but it is not given out any more
    assert sum(steps) == 5


def test_cancel_while_the_model_is_loading(start_engine: StartEngine) -> None:
    hold, config = threading.Event(), EngineConfig()

    def build() -> ScriptedRunner:
        hold.wait(20)
        return ScriptedRunner(script(), config)

    engine, reader = start_engine(engine_of(build, config))
    stream, other = engine.submit(request()), engine.submit(request())
    assert engine.health().state == "loading"
    stream.cancel()
    reader.read(stream, timeout=5)  # long before the model is there
    hold.set()
    reader.read(other)
    assert reader.end(stream).reason is FinishReason.CANCELLED  # type: ignore[union-attr]
    assert reader.text(other) == FAST.text


def test_the_queue_is_bounded_and_says_how_long(start_engine: StartEngine) -> None:
    engine, _ = start_engine(
        scripted(script(default=HELD), slots=1, max_queue=4, max_queue_per_owner=2)
    )
    engine.submit(request(owner="a"))
    wait_for(lambda: engine.counters().running == 1)
    streams = [engine.submit(request(owner="a")) for _ in range(2)]
    with pytest.raises(QueueFull) as caught:
        engine.submit(request(owner="a"))
    assert caught.value.scope == "owner"
    assert caught.value.retry_after >= 1
    # b is served at once, out of a's turn: a has one row and b none, but one row each is fair
    streams += [engine.submit(request(owner="b")) for _ in range(2)]
    with pytest.raises(QueueFull) as caught:
        engine.submit(request(owner="c"))
    assert caught.value.scope == "engine"
    streams[0].cancel()
    wait_for(lambda: engine.counters().queued == 3)
    engine.submit(request(owner="c"))


def test_waiters_see_their_place(start_engine: StartEngine) -> None:
    engine, _ = start_engine(scripted(script(default=HELD), slots=1))
    streams = [engine.submit(request(owner=name)) for name in "abc"]
    wait_for(lambda: streams[0].place is None and streams[2].place is not None)
    wait_for(lambda: streams[1].place is not None and streams[1].place.position == 1)
    assert streams[2].place is not None
    assert streams[2].place.position == 2
    streams[1].cancel()
    wait_for(lambda: streams[2].place is not None and streams[2].place.position == 1)


def test_an_owner_with_all_slots_gives_one_to_a_newcomer(start_engine: StartEngine) -> None:
    long = ScriptedReply(text="w " * 300, delay_ms=2, first_delay_ms=0)
    quick = ScriptedReply(match="quick", text="done", delay_ms=0, first_delay_ms=0)
    engine, reader = start_engine(scripted(script(quick, default=long), slots=2))
    greedy = [engine.submit(request(owner="a", max_new_tokens=300)) for _ in range(2)]
    wait_for(lambda: status(engine).generated_tokens > 10)
    modest = engine.submit(request("quick", owner="b"))
    reader.read(modest)
    assert not any(stream.done for stream in greedy)
    reader.read(*greedy)
    for stream in greedy:  # the one that was taken back went on where it had been
        assert reader.text(stream).strip() == long.text.strip()
        assert reader.end(stream).usage.completion == 300
    assert engine.counters().queued == 0


def test_a_reader_that_never_drains_does_not_grow_memory(start_engine: StartEngine) -> None:
    engine, reader = start_engine(
        scripted(script(default=ENDLESS), stream_buffer_tokens=20, stalled_reader_seconds=0.2)
    )
    lazy = engine.submit(request(max_new_tokens=5000))
    wait_for(lambda: lazy.done)
    reader.read(lazy)
    assert reader.end(lazy).reason is FinishReason.CANCELLED  # type: ignore[union-attr]
    assert reader.tokens(lazy) <= 21
    assert engine.counters().running == 0


def test_a_reader_that_comes_back_gets_everything(start_engine: StartEngine) -> None:
    reply = ScriptedReply(text="w " * 200, delay_ms=0, first_delay_ms=0)
    engine, reader = start_engine(scripted(script(default=reply), stream_buffer_tokens=20))
    stream = engine.submit(request(max_new_tokens=500))
    wait_for(lambda: stream.paused)
    reader.read(stream)
    assert reader.tokens(stream) == len(reply.text.split()) + 1  # the last space is a piece


def test_one_wake_per_step_and_a_broken_wake_is_survived(start_engine: StartEngine) -> None:
    calls: list[int] = []

    def broken() -> None:
        calls.append(1)
        raise OSError("closed")

    config = EngineConfig(slots=8)
    engine = engine_of(lambda: ScriptedRunner(script(), config), config)(broken)
    engine.start()
    streams = [engine.submit(request(owner=str(n))) for n in range(8)]
    wait_for(lambda: all(stream.done for stream in streams))
    assert len(calls) <= 8 * 7  # never one per token and stream together with ends and starts
    assert len(engine.drain_ready()) == 8
    engine.stop(5)


def test_too_long_messages_are_refused(start_engine: StartEngine) -> None:
    engine, reader = start_engine(scripted(script(), context_length=100))
    wait_for(lambda: engine.health().state == "ready")
    engine.check("a" * 180, "be kind", 50)
    with pytest.raises(MessageTooLong) as caught:
        engine.check("a" * 300, "", 50)
    assert (caught.value.tokens, caught.value.limit) == (75, 50)
    with pytest.raises(MessageTooLong):
        engine.check("a" * 1_000_000, "", 50)
    stream = engine.submit(request("a" * 300, max_new_tokens=50))
    reader.read(stream)
    end = reader.end(stream)
    assert isinstance(end, Failed)
    assert end.code == "too_long"


def test_checks_before_the_model_is_there() -> None:
    engine = Engine.scripted(script(), EngineConfig(context_length=100))
    engine.check("a" * 300, "", 50)
    with pytest.raises(MessageTooLong):
        engine.check("a" * 1000, "", 50)
    with pytest.raises(EngineUnavailable, match="not loaded"):
        engine.tokenize("12345")
    assert engine.defaults() == EngineConfig().defaults
    assert engine.health().state == "loading"


def test_script_files(tmp_path: Path) -> None:
    file = tmp_path / "script.json"
    file.write_text('{"replies": [{"match": "hi", "text": "Hello", "delay_ms": 1}], "log": true}')
    loaded = load_script(file)
    assert loaded.log
    assert loaded.reply_for("hi there").text == "Hello"
    assert "scripted" in loaded.reply_for("else").text
    for bad in ("{", '{"replies": [{"texxt": 1}]}', "[]", '{"nonsense": 1}'):
        file.write_text(bad)
        with pytest.raises(InvalidConfig):
            load_script(file)
    with pytest.raises(InvalidConfig):
        load_script(tmp_path / "none.json")


def test_a_scripted_engine_never_imports_torch() -> None:
    code = """
import sys, types, importlib.machinery, threading
package = types.ModuleType("echo"); package.__path__ = ["echo"]; sys.modules["echo"] = package
from echo.generation import *
bell = threading.Event()
engine = Engine.scripted(Script(default=ScriptedReply(text="a", first_delay_ms=0)), EngineConfig(), bell.set)
engine.start()
stream = engine.submit(GenerationRequest((ChatMessage("user", "x"),)))
while not stream.done:
    bell.wait(5); bell.clear()
engine.stop(5)
bad = {"torch", "transformers", "flask", "eventlet", "sqlalchemy"} & set(sys.modules)
assert not bad, bad
"""
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
