"""Functions in `/v1/chat/completions`: offered, called whole and streamed, answered."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from echo.models import User
from tests.api.keys import key_of, shows
from tests.api.test_v1 import AT, Client, chunks_of, error_of

COUNT = {
    "type": "function",
    "function": {
        "name": "count",
        "description": "Counts.",
        "parameters": {"type": "object", "properties": {"of": {"type": "string"}}},
    },
}
NAMED = {"type": "function", "function": {"name": "count"}}
ARGUMENTS = '{"of": "echo"}'
CALL = f'{{"name": "count", "arguments": {ARGUMENTS}}}'
IN_WORDS = f"Let me count.\n<tool_call>\n{CALL}\n</tool_call>"


@pytest.fixture
def program(app: Flask, ada: User) -> Client:
    return Client(app, key_of(ada))


def joined(text: str) -> tuple[str | None, list[dict[str, Any]], str]:
    """Return what a stream brings together: content, calls, and why it ended."""
    *chunks, done = chunks_of(text)
    assert done == "[DONE]"
    content: str | None = None
    calls: list[dict[str, Any]] = []
    for delta in (chunk["choices"][0]["delta"] for chunk in chunks):
        if delta.get("content"):
            content = (content or "") + delta["content"]
        for part in delta.get("tool_calls", ()):
            if "id" in part:
                assert part["index"] == len(calls)
                calls.append({**part, "function": dict(part["function"])})
            else:
                calls[part["index"]]["function"]["arguments"] += part["function"]["arguments"]
    return content, calls, chunks[-1]["choices"][0]["finish_reason"]


@pytest.mark.parametrize(
    ("question", "choice", "content", "reason"),
    [
        (IN_WORDS, "auto", "Let me count.", "tool_calls"),
        (CALL, "required", None, "tool_calls"),
        (CALL, NAMED, None, "stop"),
    ],
)
def test_a_call_has_openais_form_whole_and_streamed(
    question: str, choice: Any, content: str | None, reason: str, program: Client
) -> None:
    asked = {"tools": [COUNT], "tool_choice": choice}
    whole = program.ask(question, **asked).get_json()["choices"][0]
    assert (whole["message"]["content"], whole["finish_reason"]) == (content, reason)
    (call,) = whole["message"]["tool_calls"]
    assert call == {
        "id": call["id"], "type": "function", "function": {"name": "count", "arguments": ARGUMENTS},
    }  # fmt: skip
    assert (len(call["id"]), call["id"].isalnum()) == (9, True)
    text, calls, why = joined(program.ask(question, **asked, stream=True).text)
    assert (text, why) == (content, reason)
    assert [one["function"] for one in calls] == [call["function"]]


def test_an_answer_without_a_call_is_a_text(program: Client) -> None:
    question = "echo <tool_call> is a tag"
    whole = program.ask(question, tools=[COUNT]).get_json()["choices"][0]
    assert whole["message"]["content"] == question
    assert ("tool_calls" in whole["message"], whole["finish_reason"]) == (False, "stop")
    text, calls, why = joined(program.ask("echo words", tools=[COUNT], stream=True).text)
    assert (text, calls, why) == ("echo words", [], "stop")


def test_a_call_that_is_cut_ends_by_its_length(program: Client) -> None:
    whole = program.ask(IN_WORDS, tools=[COUNT], max_tokens=8).get_json()["choices"][0]
    assert whole["finish_reason"] == "length"


def test_a_tools_answer_is_asked_about(program: Client) -> None:
    made = {"id": "abc", "type": "function", "function": {"name": "count", "arguments": ARGUMENTS}}
    said = [
        {"role": "user", "content": "How many?"},
        {"role": "assistant", "content": None, "tool_calls": [made]},
        {"role": "tool", "tool_call_id": "abc", "content": "echo 49"},
    ]
    body = {"messages": said, "tools": [COUNT]}
    answer = program.http.post(AT, json=body, headers=shows(program.key)).get_json()
    assert answer["choices"][0]["message"]["content"] == "echo 49"


def test_plain_distress_gets_the_fixed_words_and_no_call(program: Client) -> None:
    answer = program.ask("I want to kill myself", tools=[COUNT], tool_choice="required").get_json()
    assert "emergency number" in answer["choices"][0]["message"]["content"]
    assert answer["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"tools": [COUNT, COUNT]}, "tools"),
        ({"tools": [COUNT], "response_format": {"type": "json_object"}}, "tools"),
        ({"tools": [COUNT], "tool_choice": "any"}, "tool_choice"),
        ({"tools": [{"type": "function", "function": {"name": "x", "parameters": {"type": "?"}}}],
          "tool_choice": "required"}, "tools"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(
    asked: dict[str, Any], param: str, stream: bool, program: Client
) -> None:
    assert error_of(program.ask(**asked, stream=stream)) == (400, "invalid_value", param)
