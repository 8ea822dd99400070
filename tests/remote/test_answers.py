"""What servers elsewhere answer arrives as it was sent, with its end and its figures."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from echo.generation import ChatMessage, Failed, Finished, FinishReason, GenerationRequest, Usage
from echo.generation.tool_calls import CallArguments, CallBegun, ToolCallReader
from echo.generation.tools import Tool, ToolCall
from echo.remote import RemoteEngine
from echo.remote.server_events import ServerEvents
from tests.remote.conftest import KEY, answer, asking, read
from tests.remote.hostile_server import TEXT, HostileServer
from tests.waiting import until

Make = Callable[..., RemoteEngine]


@pytest.mark.parametrize(
    "question", ["well", "bytewise", "no usage", "no end mark", "no reason", "whole"]
)
def test_an_answer_comes_as_it_was_sent(engine: RemoteEngine, question: str) -> None:
    text, end = answer(engine, question)
    assert text == TEXT
    assert isinstance(end, Finished)
    assert end.reason is FinishReason.STOP
    told = question in ("well", "bytewise", "whole")
    assert end.usage == (Usage(11, 3, 8) if told else Usage(None, None, 8))
    assert end.timing.first_token_ms is not None


def test_a_connection_is_kept_for_the_next_answer(
    engine: RemoteEngine, server: HostileServer
) -> None:
    before = len(server.connections)
    for question in ("well", "bytewise", "whole", "no end mark", "well"):
        assert answer(engine, question)[0] == TEXT
    assert len(server.connections) - before <= 1  # the list of models may have come over another


def test_a_kept_connection_that_the_server_has_closed_is_not_used(
    engine: RemoteEngine, server: HostileServer
) -> None:
    for _ in range(2):
        assert answer(engine, "well")[0] == TEXT
        for connection in server.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
    assert engine.models()[0].servers[0].error is None


@pytest.mark.parametrize("question", ["end without end", "flood after end"])
def test_what_does_not_end_after_its_last_word_is_not_waited_for(
    engine: RemoteEngine, server: HostileServer, question: str
) -> None:
    began = time.monotonic()
    text, end = answer(engine, question)
    assert (text, isinstance(end, Finished)) == (TEXT, True)
    assert time.monotonic() - began < 2
    assert end.usage == Usage(11, 3, 8)
    server.go_on.set()
    before = len(server.connections)
    assert answer(engine, "well")[0] == TEXT  # over a connection of its own
    assert len(server.connections) == before + 1


def test_an_end_by_length(engine: RemoteEngine) -> None:
    text, end = answer(engine, "long")
    assert text == "ab"
    assert isinstance(end, Finished)
    assert end.reason is FinishReason.LENGTH
    assert end.usage == Usage(11, 3, 8)


def test_halves_of_characters_are_joined_or_replaced(engine: RemoteEngine) -> None:
    assert answer(engine, "halves")[0] == "a 🦜 b\ufffd\ufffd"


def test_thoughts_are_marked(engine: RemoteEngine) -> None:
    assert answer(engine, "thinks")[0] == "<think>\nHm, well.\n</think>\n\nYes."


def test_what_is_asked(engine: RemoteEngine, server: HostileServer) -> None:
    answer(
        engine,
        "well",
        temperature=0.5,
        top_k=7,
        repetition_penalty=1.1,
        seed=2**64 - 1,
        stop=("X",),
    )
    body = server.bodies[-1]
    assert body == {
        "model": "hostile",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "well"},
        ],
        "max_tokens": 256,
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 7,
        "repetition_penalty": 1.1,
        "repeat_penalty": 1.1,
        "seed": 2**63 - 1,
        "stop": ["X"],
    }
    assert server.headers[-1]["Authorization"] == f"Bearer {KEY}"


def test_functions_are_offered_and_calls_come_back(
    engine: RemoteEngine, server: HostileServer
) -> None:
    schema = '{"type": "object", "properties": {"at": {"type": "string"}}}'
    before = ToolCall("c0", "look", '{"at": "sky"}')
    request = replace(
        asking("calls", "first", "…"),
        messages=(
            ChatMessage("user", "calls"),
            ChatMessage("assistant", "", calls=(before,)),
            ChatMessage("tool", "blue", answers="c0"),
        ),
        tools=(Tool("look", schema), Tool("wait", schema)),
        forced=("look",),
        one_call=True,
    )
    stream = engine.submit(request)
    text, end = read(stream)
    assert isinstance(end, Finished)
    assert end.reason is FinishReason.STOP
    reader = ToolCallReader(stream.tool_form)
    parts = [*reader.feed(text), *reader.finish()]
    assert [part.name for part in parts if isinstance(part, CallBegun)] == ["look", "wait"]
    arguments = ["", ""]
    for part in parts:
        if isinstance(part, CallArguments):
            arguments[part.index] += part.text
    assert arguments == ['{"at": "sea"}', "{}"]
    body = server.bodies[-1]
    assert body["messages"][1]["tool_calls"][0]["function"]["arguments"] == '{"at": "sky"}'
    assert body["messages"][2] == {"role": "tool", "content": "blue", "tool_call_id": "c0"}
    assert [tool["function"]["name"] for tool in body["tools"]] == ["look", "wait"]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "look"}}
    assert body["parallel_tool_calls"] is False


def test_a_reply_that_goes_on_and_a_raw_prompt(engine: RemoteEngine, server: HostileServer) -> None:
    read(engine.submit(GenerationRequest((ChatMessage("user", "well"),), prefix="Half of")))
    assert server.bodies[-1]["messages"][-1] == {"role": "assistant", "content": "Half of"}
    assert server.bodies[-1]["continue_final_message"] is True
    read(engine.submit(GenerationRequest((ChatMessage("user", "no reason"),), raw=True)))
    assert (server.paths[-1], server.bodies[-1]["prompt"]) == ("/v1/completions", "no reason")


def test_what_a_server_does_not_know_is_left_out_from_then_on(
    engine: RemoteEngine, server: HostileServer
) -> None:
    for _ in range(2):
        text, end = answer(engine, "picky", top_k=7, repetition_penalty=1.1, temperature=0.3)
        assert (text, isinstance(end, Finished)) == (TEXT, True)
    body = server.bodies[-1]
    assert (body["max_completion_tokens"], body["temperature"]) == (256, 0.3)
    assert server.times("picky") == 6  # four refusals the first time, none the second


def test_what_one_model_does_not_know_another_is_still_sent(make_engine: Make) -> None:
    server = HostileServer(("picky", "able"))
    engine = make_engine(server)
    with capture_logs() as logged:
        for model, question in [("picky", "picky"), ("able", "well"), ("picky", "picky")]:
            read(engine.submit(replace(asking(question, top_k=7), model=model)))
    server.stop()
    *_, able, last = server.bodies
    assert (able["model"], able["top_k"], able["max_tokens"]) == ("able", 7, 256)
    assert (last["model"], last.get("top_k"), last["max_completion_tokens"]) == ("picky", None, 256)
    learnt = [one for one in logged if "fields" in one]
    assert [(one["model"], one["fields"]) for one in learnt] == [
        ("picky", ["top_k"]),
        ("picky", ["max_tokens"]),
    ]


def test_a_wrong_value_is_not_left_out(engine: RemoteEngine, server: HostileServer) -> None:
    for _ in range(2):
        _, end = answer(engine, "wrong", temperature=1.5)
        assert isinstance(end, Failed)
        assert end.code == "bad_request"
    assert server.bodies[-1]["temperature"] == 1.5
    assert server.times("wrong") == 2


def test_the_oldest_exchanges_are_left_out_where_it_reads_less(
    engine: RemoteEngine, server: HostileServer
) -> None:
    before = [f"turn {n}" for n in range(8)]
    text, _ = read(engine.submit(asking("short", *before)))
    assert text == TEXT
    assert [one["content"] for one in server.bodies[-1]["messages"]] == ["Be kind.", "short"]


def test_a_window_that_is_told_is_kept_to(make_engine: Make) -> None:
    server = HostileServer(window=1000)
    engine = make_engine(server)
    before = ["x" * 600] * 8
    read(engine.submit(asking("well", *before, max_new_tokens=4096)))
    body = server.bodies[-1]
    assert len(body["messages"]) < 9
    assert body["max_tokens"] < 1000
    assert engine.window() == 1000
    server.stop()


def test_cancelling_closes_the_request(engine: RemoteEngine, server: HostileServer) -> None:
    stream = engine.submit(asking("endless", max_new_tokens=100_000))
    until(stream.take, "some words have come")
    stream.cancel()
    _, end = read(stream)
    assert isinstance(end, Finished)
    assert end.reason is FinishReason.CANCELLED
    assert end.usage.completion > 0
    until(server.hung_up.is_set, "the server sees the connection closed")
    assert engine.counters().running == 0


def test_an_answer_that_never_ends_is_bound(engine: RemoteEngine, server: HostileServer) -> None:
    text, end = answer(engine, "endless", max_new_tokens=20)
    assert text == "".join(f" word{n}" for n in range(20))
    assert isinstance(end, Finished)
    assert end.reason is FinishReason.LENGTH
    until(server.hung_up.is_set, "the server sees the connection closed")


def test_a_reader_that_does_not_read_holds_the_server_up(
    server: HostileServer, make_engine: Make
) -> None:
    engine = make_engine(server, stream_buffer_tokens=16, stalled_reader_seconds=0.2)
    stream = engine.submit(asking("endless", max_new_tokens=100_000))
    until(lambda: stream.done, "who reads nothing is taken for gone")
    text, end = read(stream)
    assert len(text.split()) == 16
    assert isinstance(end, Finished)
    assert end.reason is FinishReason.CANCELLED


def test_one_waits_while_the_places_are_taken(server: HostileServer, make_engine: Make) -> None:
    engine = make_engine(server, slots=1, first_seconds=20, pause_seconds=20)
    server.go_on.clear()
    first = engine.submit(asking("stuck"))
    second, third = engine.submit(asking("well")), engine.submit(asking("well"))
    assert [one.place.position for one in (second, third) if one.place] == [1, 2]
    assert (engine.counters().running, engine.counters().queued) == (1, 2)
    second.cancel()
    assert read(second)[0] == ""
    assert third.place is not None
    assert third.place.position == 1
    first.cancel()
    assert read(third)[0] == TEXT
    server.go_on.set()


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_events_are_whole_however_they_are_cut(ends: str, size: int) -> None:
    lines = [":x", "data: één", "event: y", "data:two", "", "", "data", "data: 3", ""]
    sent = ends.join(lines).encode() + ends.encode()
    events = ServerEvents()
    found = [data for n in range(0, len(sent), size) for data in events.feed(sent[n : n + size])]
    found += events.end()
    assert found == ["één\ntwo".encode(), b"3"]
