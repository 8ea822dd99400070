"""The `openai` package, unchanged, against the real server: answers, streams, errors, hanging up."""

from __future__ import annotations

import itertools
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam

from tests.live.programs import key_on, revoke_all
from tests.live.server import PATIENCE, SLOW_TEXT, LiveServer, wait_until

HI: list[ChatCompletionMessageParam] = [{"role": "user", "content": "brief"}]
WORDS = SLOW_TEXT.split()


def asking(question: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "system", "content": "Be kind."}, {"role": "user", "content": question}]


@pytest.fixture(scope="module")
def key(server: LiveServer) -> str:
    return key_on(server, "programmer")


@pytest.fixture
def client(server: LiveServer, key: str) -> Iterator[OpenAI]:
    with OpenAI(
        base_url=f"{server.url}/v1", api_key=key, timeout=PATIENCE, max_retries=0
    ) as client:
        yield client


def rows(server: LiveServer) -> list[tuple[str, str, int]]:
    """Return the calls that have ended: status, model, tokens written; read as another process does."""
    with closing(sqlite3.connect(server.folder / "instance" / "echo.sqlite3")) as database:
        query = "SELECT status, model, completion_tokens FROM api_calls ORDER BY id"
        return list(database.execute(query))


def next_row(server: LiveServer, before: int) -> tuple[str, str, int]:
    found: tuple[str, str, int] = wait_until(lambda: rows(server)[before:], "the call has ended")[0]
    return found


def test_models(client: OpenAI) -> None:
    (model,) = list(client.models.list())
    assert client.models.retrieve(model.id) == model
    with pytest.raises(openai.NotFoundError) as refusal:
        client.models.retrieve("gpt-4")
    assert refusal.value.code == "model_not_found"


def test_an_answer(client: OpenAI, server: LiveServer) -> None:
    before = len(rows(server))
    answer = client.chat.completions.create(model="scripted", messages=HI, seed=1, temperature=0)
    choice = answer.choices[0]
    assert (choice.message.content, choice.finish_reason) == ("A brief answer.", "stop")
    assert answer.usage is not None
    assert rows(server)[before:] == [("complete", "scripted", answer.usage.completion_tokens)]


def test_a_stream_with_usage(client: OpenAI) -> None:
    stream = client.chat.completions.create(
        model="scripted",
        messages=asking("Hi"),
        stream=True,
        stream_options={"include_usage": True},
        max_tokens=30,
    )
    chunks = list(stream)
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == " ".join(f"piece{number}" for number in range(30))
    assert chunks[-2].choices[0].finish_reason == "length"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 30


def test_the_streams_helper_gathers_the_same(client: OpenAI) -> None:
    with client.chat.completions.stream(model="scripted", messages=HI) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert final.choices[0].message.content == "A brief answer."
    assert {"chunk", "content.delta", "content.done"} <= kinds


def test_pieces_arrive_while_the_answer_is_written(client: OpenAI) -> None:
    """A token each 300 ms: whoever gathered them would be seen to."""
    stream = client.chat.completions.create(
        model="scripted", messages=asking("drip"), stream=True, max_tokens=4
    )
    times = [
        time.monotonic() for chunk in stream if chunk.choices and chunk.choices[0].delta.content
    ]
    assert len(times) == 4
    assert min(later - sooner for sooner, later in itertools.pairwise(times)) > 0.1


def test_responses_go_on_from_each_other(client: OpenAI) -> None:
    first = client.responses.create(model="scripted", input="brief", instructions="Be kind.")
    assert (first.output_text, first.status) == ("A brief answer.", "completed")
    assert first.usage is not None
    with client.responses.stream(
        model="scripted", input="drift", previous_response_id=first.id
    ) as stream:
        pieces = [event.delta for event in stream if event.type == "response.output_text.delta"]
        second = stream.get_final_response()
    wanted = " ".join(f"piece{number}" for number in range(60))
    assert "".join(pieces) == second.output_text == wanted
    assert len(pieces) > 1
    assert (second.status, second.previous_response_id) == ("completed", first.id)
    assert client.responses.retrieve(second.id).output_text == second.output_text
    items = list(client.responses.input_items.list(second.id))
    assert [item.to_dict()["content"][0]["text"] for item in items] == ["drift"]  # type: ignore[index]
    client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(first.id)
    with pytest.raises(openai.BadRequestError, match="no such response"):
        client.responses.create(model="scripted", input="x", previous_response_id=second.id)


def test_functions_are_called(client: OpenAI) -> None:
    """What is called by a real model: tests/generation/test_tools.py."""
    tool: Any = {
        "type": "function",
        "function": {"name": "count", "parameters": {"type": "object"}},
    }
    with client.chat.completions.stream(
        model="scripted", messages=asking("call it"), tools=[tool]
    ) as stream:
        kinds = {event.type for event in stream}
        choice = stream.get_final_completion().choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls is not None
    (call,) = choice.message.tool_calls
    assert (call.type, call.function.name, call.function.arguments) == (
        "function", "count", '{"of": [7]}',
    )  # fmt: skip
    assert {"tool_calls.function.arguments.delta", "tool_calls.function.arguments.done"} <= kinds


def test_errors_are_the_packages_own(client: OpenAI, server: LiveServer) -> None:
    for create, kind, code in (
        ({"model": "gpt-4"}, openai.NotFoundError, "model_not_found"),
        ({"n": 2}, openai.BadRequestError, "invalid_value"),
        ({"messages": []}, openai.BadRequestError, "invalid_value"),
        ({"messages": asking("x" * 50_000)}, openai.BadRequestError, "context_length_exceeded"),
    ):
        body: dict[str, Any] = {"model": "scripted", "messages": HI, **create}
        with pytest.raises(kind) as refusal:
            client.chat.completions.create(**body)
        assert isinstance(refusal.value, openai.APIStatusError)
        assert refusal.value.code == code
    stranger = OpenAI(base_url=f"{server.url}/v1", api_key="sk-x", timeout=PATIENCE, max_retries=0)
    with pytest.raises(openai.AuthenticationError):
        stranger.models.list()


def test_an_answer_stops_within_two_tokens_when_its_reader_hangs_up(
    client: OpenAI, server: LiveServer
) -> None:
    before = len(rows(server))
    stream = client.chat.completions.create(model="scripted", messages=asking("drip"), stream=True)
    seen = ""
    for chunk in stream:
        seen += chunk.choices[0].delta.content or ""
        if len(seen.split()) >= 4:
            break
    stream.close()
    status, _model, tokens = next_row(server, before)
    assert status == "stopped"
    assert tokens <= len(seen.split()) + 2


def test_an_answer_that_is_not_streamed_stops_too(server: LiveServer, key: str) -> None:
    before = len(rows(server))
    impatient = OpenAI(base_url=f"{server.url}/v1", api_key=key, timeout=1.5, max_retries=0)
    with pytest.raises(openai.APITimeoutError):
        impatient.chat.completions.create(model="scripted", messages=asking("drip"))
    status, _model, tokens = next_row(server, before)
    assert status == "stopped"
    assert tokens <= 1.5 / 0.3 + 2 + 3  # a busy machine needs a moment to ask


def test_a_key_that_is_revoked_elsewhere_ends_its_stream(server: LiveServer) -> None:
    key = key_on(server, "revoked")
    client = OpenAI(base_url=f"{server.url}/v1", api_key=key, timeout=PATIENCE, max_retries=0)
    stream = client.chat.completions.create(model="scripted", messages=asking("slow"), stream=True)
    next(iter(stream))
    revoke_all(server, "revoked")
    began = time.monotonic()
    with pytest.raises(openai.APIError, match="key"):
        list(stream)
    assert time.monotonic() - began < 3.0  # a second, on a machine that others use too
    with pytest.raises(openai.AuthenticationError):
        client.models.list()


def test_thirty_two_at_once_get_each_their_own(server: LiveServer) -> None:
    keys = [key_on(server, f"crowd{number}") for number in range(8)]
    texts: dict[int, str] = {}

    def ask(number: int) -> None:
        client = OpenAI(base_url=f"{server.url}/v1", api_key=keys[number % 8], timeout=PATIENCE)
        stream = client.chat.completions.create(
            model="scripted", messages=asking("slow"), stream=True, max_tokens=20 + number
        )
        texts[number] = "".join(chunk.choices[0].delta.content or "" for chunk in stream)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert texts == {number: " ".join(WORDS[: 20 + number]) for number in range(32)}
