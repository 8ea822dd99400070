"""`/v1/messages`: what its bodies become, and failures in Anthropic's form."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask

from echo.api.v1.body import read
from echo.api.v1.messages import Messages
from echo.errors import InvalidInput
from echo.generation import ChatMessage
from echo.models import User
from tests import cheap_apps
from tests.api.keys import key_of, shows
from tests.web.browser import Browser

HI = {"role": "user", "content": "Hi"}
USUAL = {"model": "scripted", "max_tokens": 9, "messages": [HI]}


def as_body(**change: Any) -> Messages:
    raw = json.dumps({**USUAL, **change})
    with cheap_apps.bare().test_request_context("/", method="POST", data=raw):
        return read(Messages)


def test_what_is_asked() -> None:
    begun = {"role": "assistant", "content": [{"type": "text", "text": "It is"}]}
    call = as_body(
        system=[{"type": "text", "text": "Be kind."}], messages=[HI, begun], top_k=3, top_p=0,
        temperature=1, stop_sequences=["x"], thinking={"type": "disabled"}, metadata={"user_id": "1"},
        output_config={"format": {"type": "json_schema", "schema": {"type": "array"}}},
    ).as_call()  # fmt: skip
    assert call.messages == (ChatMessage("system", "Be kind."), ChatMessage("user", "Hi"))
    assert (call.model, call.prefix) == ("scripted", "It is")
    assert call.sampling == {
        "max_new_tokens": 9, "temperature": 1.0, "top_p": 1e-6, "top_k": 3, "stop": ("x",),
        "json_schema": '{"type": "array"}',
    }  # fmt: skip
    assert as_body(output_config={}).as_call().sampling["json_schema"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"model": None}, "model"), ({"max_tokens": None}, "max_tokens"), ({"top_k": -1}, "top_k"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages[0].role"),
        ({"messages": [HI] * 2_001}, "messages"), ({"temperature": 1.1}, "temperature"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "thinking.type"),
        ({"tools": [{"name": "x"}]}, "tools"), ({"stop_sequences": "x"}, "stop_sequences"),
        ({"output_config": {"format": {"type": "xml"}}}, "output_config.format.type"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        as_body(**change)
    assert refusal.value.field == field


def test_failures_have_anthropics_form(app: Flask, ada: User) -> None:
    browser, key = Browser(app, app.response_class, False), shows(key_of(ada))

    def asked(headers: dict[str, str], **body: Any) -> tuple[int, str]:
        answer = browser.post("/v1/messages", json={**USUAL, **body}, headers=headers)
        found = answer.get_json()
        assert (found["type"], set(found["error"])) == ("error", {"type", "message"})
        return answer.status_code, found["error"]["type"]

    assert asked({}) == (401, "authentication_error")
    assert asked(key, max_tokens=0) == (400, "invalid_request_error")
    assert asked(key, system="x" * 2_100_000) == (413, "request_too_large")
    assert asked(key, messages=[{"role": "user", "content": "break"}]) == (503, "api_error")
    assert asked(key, model="claude") == (404, "not_found_error")
