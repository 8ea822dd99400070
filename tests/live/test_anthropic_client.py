"""The `anthropic` package, unchanged but for its kind of key, against the real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic

from tests.live.programs import key_on
from tests.live.server import PATIENCE, SLOW_TEXT, LiveServer
from tests.live.test_openai_client import next_row, rows


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Iterator[Anthropic]:
    key = key_on(server, "claudette")
    with Anthropic(base_url=server.url, auth_token=key, timeout=PATIENCE, max_retries=0) as client:
        yield client


def asking(question: str, **how: Any) -> dict[str, Any]:
    said = [{"role": "user", "content": [{"type": "text", "text": question}]}]
    return {"model": "scripted", "max_tokens": 100, "messages": said, **how}


def test_an_answer(client: Anthropic, server: LiveServer) -> None:
    before = len(rows(server))
    answer = client.messages.create(
        **asking("brief", system="Be kind.", extra_body={"temperature": 0.5})
    )
    assert [block.text for block in answer.content if block.type == "text"] == ["A brief answer."]
    assert (answer.role, answer.stop_reason, answer.stop_sequence) == (
        "assistant",
        "end_turn",
        None,
    )
    assert answer.usage.output_tokens == rows(server)[before][2] > 0
    assert answer.usage.input_tokens > 0


def test_length_and_stop_sequences_are_told(client: Anthropic) -> None:
    short = client.messages.create(**asking("slow", max_tokens=3))
    assert (short.stop_reason, short.content[0].to_dict()["text"]) == (
        "max_tokens", "word0 word1 word2",
    )  # fmt: skip
    cut = client.messages.create(**asking("slow", stop_sequences=["word9", "word4"]))
    assert (cut.stop_reason, cut.stop_sequence) == ("stop_sequence", "word4")
    assert cut.content[0].to_dict()["text"].split() == ["word0", "word1", "word2", "word3"]


def test_the_streams_helper_gathers_the_same(client: Anthropic) -> None:
    with client.messages.stream(**asking("slow", max_tokens=20)) as stream:
        pieces = list(stream.text_stream)
        final = stream.get_final_message()
    assert "".join(pieces) == " ".join(SLOW_TEXT.split()[:20])
    assert len(pieces) > 1
    assert (final.stop_reason, final.usage.output_tokens) == ("max_tokens", 20)
    assert final.usage.input_tokens > 0
    assert final.content[0].to_dict()["text"] == "".join(pieces)


def test_events_come_in_their_order(client: Anthropic) -> None:
    names = [event.type for event in client.messages.create(**asking("brief"), stream=True)]
    assert names[:2] == ["message_start", "content_block_start"]
    assert names[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(names[2:-3]) == {"content_block_delta"}


def test_errors_are_the_packages_own(client: Anthropic, server: LiveServer) -> None:
    for change, kind in (
        ({"model": "claude-9"}, anthropic.NotFoundError),
        ({"max_tokens": 0}, anthropic.BadRequestError),
        ({"messages": []}, anthropic.BadRequestError),
        ({"extra_body": {"temperature": 1.5}}, anthropic.BadRequestError),
        ({"tools": [{"name": "x", "input_schema": {}}]}, anthropic.BadRequestError),
        ({"messages": [{"role": "user", "content": "x" * 50_000}]}, anthropic.BadRequestError),
    ):
        with pytest.raises(kind) as refusal:
            client.messages.create(**asking("brief", **change))
        assert refusal.value.body["type"] == "error"  # type: ignore[index,call-overload]
    for how in ({"auth_token": "sk-x"}, {"api_key": "sk-ant-x"}):
        stranger = Anthropic(base_url=server.url, timeout=PATIENCE, max_retries=0, **how)
        with pytest.raises(anthropic.AuthenticationError):
            stranger.messages.create(**asking("brief"))


def test_an_answer_stops_when_its_reader_hangs_up(client: Anthropic, server: LiveServer) -> None:
    before = len(rows(server))
    with client.messages.stream(**asking("drip")) as stream:
        seen = next(iter(stream.text_stream))
    status, _model, tokens = next_row(server, before)
    assert (status, tokens <= len(seen.split()) + 2) == ("stopped", True)
