"""Bodies of chat completions: what they become, and what is wrong with those that are refused."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.api.v1.bodies import ChatCompletion
from echo.api.v1.body import read
from echo.errors import InvalidInput
from echo.generation import ChatMessage, Tool, ToolCall
from echo.services.turns import Call
from tests import cheap_apps

HI = {"role": "user", "content": "Hi"}
TOOL = {"type": "function", "function": {"name": "count", "parameters": {"type": "object"}}}
CALL = {"id": "1", "type": "function", "function": {"name": "count", "arguments": '{"of": 7}'}}
CALLED = {"role": "assistant", "content": None, "tool_calls": [CALL]}
ANSWERED = {"role": "tool", "content": "49", "tool_call_id": "1"}


def as_body(body: Any) -> ChatCompletion:
    raw = body if isinstance(body, bytes) else json.dumps(body)
    with cheap_apps.bare().test_request_context("/", method="POST", data=raw):
        return read(ChatCompletion)


def call_of(**fields: Any) -> Call:
    return as_body({"messages": [HI], **fields}).as_call()


def test_messages_become_instructions_then_turns() -> None:
    call = call_of(
        messages=[
            {"role": "system", "content": "Be kind."},
            HI,
            {"role": "assistant", "content": "Hello."},
            {"role": "developer", "content": [{"type": "text", "text": "Be "}, {"text": "short."}]},
            {"role": "user", "content": [{"type": "text", "text": "How are you?"}]},
        ]
    )
    assert call.messages == (
        ChatMessage("system", "Be kind.\n\nBe short."),
        ChatMessage("user", "Hi"),
        ChatMessage("assistant", "Hello."),
        ChatMessage("user", "How are you?"),
    )
    assert (call.prefix, call.model) == ("", None)


def test_an_answer_that_has_begun_is_continued() -> None:
    call = call_of(messages=[HI, {"role": "assistant", "content": "It is"}])
    assert (call.messages, call.prefix) == ((ChatMessage("user", "Hi"),), "It is")


@pytest.mark.parametrize(
    ("field", "value", "name", "wanted"),
    [
        ("temperature", 0, "temperature", 0.0), ("top_p", 0, "top_p", 1e-6),
        ("top_k", -1, "top_k", 0), ("top_k", 7, "top_k", 7), ("min_p", 0.5, "min_p", 0.5),
        ("seed", -1, "seed", 2**64 - 1), ("seed", 5, "seed", 5),
        ("stop", "END", "stop", ("END",)), ("stop", ["a", "b"], "stop", ("a", "b")),
        ("max_tokens", 3, "max_new_tokens", 3), ("max_completion_tokens", 4, "max_new_tokens", 4),
        ("frequency_penalty", -2, "frequency_penalty", -2.0),
        ("presence_penalty", 2.0, "presence_penalty", 2.0),
        ("repetition_penalty", 1.1, "repetition_penalty", 1.1),
        ("logprobs", True, "logprobs", 0), ("logprobs", False, "logprobs", None),
        ("response_format", {"type": "text"}, "json_schema", None),
        ("response_format", {"type": "json_object"}, "json_schema", '{"type": "object"}'),
        (
            "response_format",
            {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "array"}}},
            "json_schema", '{"type": "array"}',
        ),
    ],
)  # fmt: skip
def test_settings_get_the_engines_names(field: str, value: Any, name: str, wanted: Any) -> None:
    assert call_of(**{field: value}).sampling[name] == wanted


def test_what_is_not_given_is_left_to_what_is_usual() -> None:
    assert set(call_of().sampling.values()) == {None}
    nothing = dict.fromkeys(
        ("temperature", "top_p", "stop", "seed", "n", "stream", "tools", "logit_bias", "max_tokens")
    )
    assert call_of(**nothing) == call_of()
    assert call_of(user="ada", metadata={"a": 1}, store=False, nonsense=[1]) == call_of()
    assert call_of(n=1, tools=[], logit_bias={}, tool_choice="none") == call_of()
    assert call_of(tools=[TOOL], tool_choice="none") == call_of()


def test_functions_are_offered_called_and_answered() -> None:
    call = call_of(tools=[TOOL], messages=[HI, CALLED, ANSWERED], parallel_tool_calls=False)
    assert call.tools == (Tool("count", '{"type": "object"}'),)
    assert (call.forced, call.one_call) == ((), True)
    assert call.messages[1:] == (
        ChatMessage("assistant", "", calls=(ToolCall("1", "count", '{"of": 7}'),)),
        ChatMessage("tool", "49", answers="1", name="count"),
    )
    assert call_of(tools=[TOOL], tool_choice="required").forced == ("count",)
    named = {"type": "function", "function": {"name": "count"}}
    assert call_of(tools=[TOOL], tool_choice=named).forced == ("count",)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"messages": []}, "messages"),
    ({"messages": None}, "messages"),
    ({"messages": "Hi"}, "messages"),
    ({"messages": ["Hi"]}, "messages[0]"),
    ({"messages": [{}]}, "messages[0].role"),
    ({"messages": [HI, {"role": "wizard", "content": "x"}]}, "messages[1].role"),
    ({"messages": [HI, ANSWERED]}, "messages[1].tool_call_id"),
    ({"messages": [HI, CALLED, {**ANSWERED, "tool_call_id": "2"}]}, "messages[2].tool_call_id"),
    ({"messages": [HI, CALLED, {"role": "tool", "content": "x"}]}, "messages[2]"),
    ({"messages": [{**HI, "tool_call_id": "1"}]}, "messages[0]"),
    ({"messages": [{**HI, "tool_calls": [CALL]}]}, "messages[0]"),
    ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": [7]}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content"),
    ({"messages": [{"role": "assistant", "tool_calls": [{}]}, HI]}, "messages[0].tool_calls[0].id"),
    ({"messages": [HI] * 2_001}, "messages"),
    ({"model": 7}, "model"),
    ({"model": "x" * 65}, "model"),
    ({"temperature": True}, "temperature"),
    ({"temperature": "hot"}, "temperature"),
    ({"temperature": 2.1}, "temperature"),
    ({"top_p": -1}, "top_p"),
    ({"top_k": 1.5}, "top_k"),
    ({"n": 2}, "n"),
    ({"n": 0}, "n"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"max_completion_tokens": -5}, "max_completion_tokens"),
    ({"seed": 2**64}, "seed"),
    ({"stop": 7}, "stop"),
    ({"stop": ["a", 7]}, "stop[1]"),
    ({"stream": "yes"}, "stream"),
    ({"logit_bias": {"50256": -100}}, "logit_bias"),
    ({"logprobs": 5}, "logprobs"),
    ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
    ({"top_logprobs": 2}, "top_logprobs"),
    ({"stream_options": {"include_usage": True}}, "stream_options"),
    ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
    ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name"),
    ({"tools": [{"type": "function"}]}, "tools[0].function"),
    ({"tools": [TOOL], "tool_choice": "any"}, "tool_choice"),
    (
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "x"}}},
        "tool_choice",
    ),
    ({"tool_choice": "required"}, "tool_choice"),
    ({"tools": [TOOL], "logprobs": True}, "logprobs"),
    ({"functions": [{"name": "x"}]}, "functions"),
    ({"response_format": {"type": "xml"}}, "response_format.type"),
    ({"response_format": {"type": "json_schema"}}, "response_format"),
    ({"response_format": {"type": "json_schema", "json_schema": {}}}, "response_format"),
]


@pytest.mark.parametrize(("change", "field"), BAD)
def test_what_is_wrong_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        call_of(**change)
    assert refusal.value.field == field
    assert refusal.value.text


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b'"Hi"', b"null", b"7", b"\xff\xfe", b"[" * 5000, b'{"a":' * 5000]
)
def test_what_is_no_object_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidInput):
        as_body(raw)


def test_lone_surrogates_are_refused_and_any_other_sign_is_kept() -> None:
    with pytest.raises(InvalidInput):
        as_body(b'{"messages": [{"role": "user", "content": "\\ud800"}]}')
    text = "\0 \u202e 👩‍👩‍👧 \ufffd"
    assert call_of(messages=[{"role": "user", "content": text}]).messages[0].content == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(ChatCompletion.model_fields)), JSON))
def test_any_shape_is_taken_or_refused(body: dict[str, Any]) -> None:
    with contextlib.suppress(InvalidInput):
        assert as_body(body).as_call().messages
