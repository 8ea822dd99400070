"""Bodies of very many small things: each costs its reader more than its bytes do."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from echo.errors import InvalidInput
from echo.json_shape import refuse_many_values
from echo.limits import API_MESSAGES, DOCUMENTS_WAITING
from echo.models import User
from echo.scopes import Scope
from echo.services.sign_in import api_keys
from echo.services.sign_in.api_keys import Wish
from tests.security.attacks.costs import cheap
from tests.web.browser import AJAX, Browser

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
ONES = [1] * 640_000
USER = {"role": "user", "content": "hi"}
TOOL = {"type": "function", "function": {"name": "f"}}
UNKNOWN = {f"k{number}": 1 for number in range(145_000)}
CHAT = {"messages": [USER]}
OF_ANTHROPIC = {"model": "scripted", "max_tokens": 2, **CHAT}

Program = Callable[[str, str], TestResponse]


@pytest.fixture
def program(ada: User, client: Browser) -> Program:
    """A program that sends a body with Ada's key."""
    _row, key = api_keys.make(ada, Wish("script", list(Scope)))
    headers = {"Authorization": f"Bearer {key}"}
    return lambda path, raw: client.post(path, data=raw, content_type=JSON, headers=headers)


# ── forms ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/language", "/login", "/forgot", "/signup"])
@pytest.mark.parametrize(
    ("sign", "count"), [("%FF", 60_000), ("%FF", 600_000), ("%F0%9F%98%80", 150_000)]
)
def test_visitors_form_of_odd_bytes_is_refused_at_once(
    client: FlaskClient, path: str, sign: str, count: int
) -> None:
    with cheap(f"{count} times {sign} to {path}"):
        answer = client.post(path, data="language=" + sign * count, content_type=FORM)
    assert answer.status_code in (400, 413)


@pytest.mark.parametrize("sign", ["%FF", "%41"])
def test_form_at_an_address_of_large_bodies_is_no_larger(sign: str, ada_browser: Browser) -> None:
    with cheap("a form of 12 MB"):
        answer = ada_browser.post("/documents", data="a=" + sign * 4_000_000, content_type=FORM)
    assert answer.status_code == 413


def test_longest_message_in_emoji_is_read(ada_browser: Browser) -> None:
    answer = ada_browser.ajax("/feedback", {"opinion": "\N{GRINNING FACE}" * 16_000, "rating": "5"})
    assert answer.status_code == 400  # read, and too long for its field
    assert "characters" in answer.get_json()["message"]


# ── JSON ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/api/token", "/api/token/refresh", "/passkeys/sign-in"])
@pytest.mark.parametrize("count", [15_000, 145_000])
def test_visitors_json_of_many_names_is_refused_at_once(
    client: FlaskClient, path: str, count: int
) -> None:
    body = json.dumps({f"k{number}": 1 for number in range(count)})
    with cheap(f"{count} names to {path}"):
        answer = client.post(path, data=body, content_type=JSON, headers=AJAX)
    assert answer.status_code in (400, 413)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {**CHAT, "stop": ONES}),
        ("/v1/chat/completions", {**CHAT, "tools": ONES}),
        ("/v1/chat/completions", {"messages": ONES}),
        ("/v1/chat/completions", {"messages": [USER, {"role": "assistant", "tool_calls": ONES}]}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": ONES}]}),
        ("/v1/chat/completions", {**CHAT, "tools": [TOOL] * 19_000}),
        ("/v1/chat/completions", {**CHAT, "stop": [1] * 40_000}),
        ("/v1/completions", {"prompt": ONES}),
        ("/v1/responses", {"input": "a", "include": ONES}),
        ("/v1/responses", {"input": ONES}),
        ("/v1/messages", {**OF_ANTHROPIC, "stop_sequences": ONES}),
        ("/v1/embeddings", {"input": ONES}),
        ("/api/conversations", UNKNOWN),
        ("/api/conversations", {"title": "x", "tags": ONES}),
    ],
)  # fmt: skip
def test_programs_json_of_many_values_is_refused_at_once(
    path: str, body: Any, program: Program
) -> None:
    raw = json.dumps(body)
    with cheap(f"{len(raw)} bytes to {path}"):
        answer = program(path, raw)
    assert answer.status_code == 400, answer.get_data(as_text=True)[:300]


def test_endless_number_hides_no_list(program: Program) -> None:
    """Python's reader gives up at it, another one does not."""
    raw = json.dumps({**CHAT, "stop": ONES})[:-1] + ', "n": ' + "9" * 5_000 + "}"
    with cheap("numbers after a list"):
        assert program("/v1/chat/completions", raw).status_code == 400


def test_what_programs_send_has_room() -> None:
    parts = [{"type": "text", "text": "a"}] * 3
    refuse_many_values({"messages": [{"role": "user", "content": parts}] * API_MESSAGES})
    refuse_many_values(
        {"schema": {"properties": {f"p{n}": {"type": "string"} for n in range(2_000)}}}
    )
    refuse_many_values("a text")
    with pytest.raises(InvalidInput):
        refuse_many_values([[[]] * 300] * 300)


# ── files ───────────────────────────────────────────────────────────────────────────────────


def test_form_of_very_many_files_is_refused(ada_browser: Browser) -> None:
    files = [(io.BytesIO(b"x"), f"{number}.txt") for number in range(DOCUMENTS_WAITING + 1)]
    with cheap("21 files"):
        answer = ada_browser.ajax("/documents", {"file": files}, content_type="multipart/form-data")
    assert answer.status_code == 400
    assert answer.get_json()["message"] == f"Choose at most {DOCUMENTS_WAITING} files at a time."
