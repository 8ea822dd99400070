"""`/v1/completions`: a prompt as it stands, in OpenAI's older form."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from echo.models import User
from tests.api.conftest import ANSWER
from tests.api.keys import key_of, shows
from tests.api.test_v1 import calls, chunks_of, error_of
from tests.web.browser import Browser


@pytest.fixture
def ask(app: Flask, ada: User) -> Any:
    browser, key = Browser(app, app.response_class, False), shows(key_of(ada))
    return lambda **body: browser.post("/v1/completions", json=body, headers=key)


def test_a_prompt_is_continued(ask: Any) -> None:
    answer = ask(prompt="Hi", model="scripted").get_json()
    call = calls()[0]
    assert answer == {
        "id": f"cmpl-{call.id}", "object": "text_completion", "model": "scripted",
        "created": int(call.created_at.timestamp()),
        "system_fingerprint": answer["system_fingerprint"],
        "choices": [{"index": 0, "text": ANSWER, "logprobs": None, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": 1, "completion_tokens": call.completion_tokens,
            "total_tokens": 1 + call.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": 0},
        },
    }  # fmt: skip
    assert (call.route, call.status) == ("completions", "complete")


def test_sixteen_tokens_are_usual(ask: Any) -> None:
    choice = ask(prompt=["slow"]).get_json()["choices"][0]
    assert (choice["text"].split(), choice["finish_reason"]) == (["tick"] * 16, "length")


def test_a_stream(ask: Any) -> None:
    response = ask(prompt="Hi", stream=True, stream_options={"include_usage": True})
    *chunks, last, usage, done = chunks_of(response.text)
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == ANSWER
    assert (last["choices"][0]["finish_reason"], last["choices"][0]["text"]) == ("stop", "")
    assert all(chunk["usage"] is None for chunk in [*chunks, last])
    assert (usage["choices"], usage["usage"]["prompt_tokens"], done) == ([], 1, "[DONE]")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "prompt"), ({"prompt": ""}, "prompt"), ({"prompt": None}, "prompt"),
        ({"prompt": ["a", "b"]}, "prompt"), ({"prompt": [1, 2]}, "prompt"), ({"prompt": 7}, "prompt"),
        ({"prompt": "a", "echo": True}, "echo"), ({"prompt": "a", "suffix": "b"}, "suffix"),
        ({"prompt": "a", "best_of": 2}, "best_of"), ({"prompt": "a", "n": 2}, "n"),
        ({"prompt": "a", "logprobs": 21}, "logprobs"), ({"prompt": "a", "max_tokens": 0}, "max_tokens"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(body: dict[str, Any], param: str, ask: Any) -> None:
    assert error_of(ask(**body)) == (400, "invalid_value", param)


def test_a_prompt_that_does_not_fit_is_refused_whole(ask: Any) -> None:
    assert error_of(ask(prompt="x" * 40_000)) == (400, "context_length_exceeded", "prompt")
