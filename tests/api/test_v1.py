"""`/v1`: models and chat completions in OpenAI's form, on the page's engine, limits and allowance."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from typing import Any

import eventlet
import eventlet.green.socket
import pytest
from flask import Flask
from sqlalchemy import func, select

from echo import hub
from echo.api import person_limits
from echo.extensions import db
from echo.models import ApiCall, ApiKey, Conversation, Message, RoleName, User
from echo.scopes import Scope
from echo.services.serving import Models, model_settings
from echo.services.sign_in import api_keys
from echo.services.turns import quotas
from tests.api.conftest import ANSWER
from tests.api.keys import key_of, shows
from tests.conftest import PATIENCE, superior, switch
from tests.waiting import until
from tests.web.browser import Browser
from tests.web.conftest import limits_on

__all__ = ["limits_on"]

AT = "/v1/chat/completions"
HI = [{"role": "user", "content": "Hi"}]


class Client:
    """A program with a key of its own."""

    def __init__(self, app: Flask, key: str) -> None:
        self.app = app
        self.key = key
        self.http = Browser(app, app.response_class, False)

    def ask(self, question: str = "Hi", **body: Any) -> Any:
        said = [{"role": "user", "content": question}]
        return self.http.post(AT, json={"messages": said, **body}, headers=shows(self.key))

    def get(self, path: str) -> Any:
        return self.http.get(path, headers=shows(self.key))


@pytest.fixture
def program(app: Flask, ada: User) -> Client:
    return Client(app, key_of(ada))


def chunks_of(text: str) -> list[Any]:
    """Return what the events of a stream hold; the last is [DONE] of one that is whole."""
    events = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    return [event if event == "[DONE]" else json.loads(event) for event in events]


def calls() -> list[ApiCall]:
    db.session.expire_all()
    return list(db.session.scalars(select(ApiCall).order_by(ApiCall.id)))


def text_of(chunks: list[Any]) -> str:
    deltas = [c["choices"][0]["delta"] for c in chunks if c != "[DONE]" and c.get("choices")]
    return "".join(delta.get("content", "") for delta in deltas)


def error_of(response: Any) -> tuple[int, str | None, str | None]:
    error = response.get_json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]
    return response.status_code, error["code"], error["param"]


# ── what is answered ────────────────────────────────────────────────────────────────────────


def test_an_answer_has_openais_form_and_leaves_only_what_it_took(
    program: Client, ada: User
) -> None:
    response = program.ask(model="scripted")
    assert response.status_code == 200, response.text
    answer = response.get_json()
    call = calls()[0]
    usage = answer["usage"]
    assert answer == {
        "id": f"chatcmpl-{call.id}",
        "object": "chat.completion",
        "created": int(call.created_at.timestamp()),
        "model": "scripted",
        "system_fingerprint": answer["system_fingerprint"],
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": ANSWER, "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 1,
            "completion_tokens": usage["completion_tokens"],
            "total_tokens": 1 + usage["completion_tokens"],
            "prompt_tokens_details": {"cached_tokens": 0},
        },
    }
    assert (call.user_id, call.route, call.status) == (ada.id, "chat.completions", "complete")
    assert (call.prompt_tokens, call.completion_tokens) == (1, usage["completion_tokens"])
    assert call.key_id == db.session.scalars(select(ApiKey.id)).one()
    for table in (Message, Conversation):
        assert db.session.scalar(select(func.count()).select_from(table)) == 0


@pytest.mark.parametrize("with_usage", [True, False])
def test_a_stream_has_openais_chunks(with_usage: bool, program: Client) -> None:
    options = {"stream_options": {"include_usage": True}} if with_usage else {}
    response = program.ask(stream=True, **options)
    assert (response.status_code, response.mimetype) == (200, "text/event-stream")
    *chunks, done = chunks_of(response.text)
    assert done == "[DONE]"
    usage = chunks.pop() if with_usage else None
    first, *pieces, last = chunks
    assert first["choices"] == [
        {
            "index": 0,
            "delta": {"role": "assistant", "content": "", "refusal": None},
            "logprobs": None,
            "finish_reason": None,
        }
    ]
    assert last["choices"] == [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}]
    assert (text_of(chunks), len(pieces) >= 1) == (ANSWER, True)
    heads = [{k: v for k, v in c.items() if k not in ("choices", "usage")} for c in chunks]
    assert all(head == heads[0] for head in heads)
    assert heads[0]["object"] == "chat.completion.chunk"
    assert heads[0]["id"] == f"chatcmpl-{calls()[0].id}"
    if usage is None:
        assert all("usage" not in chunk for chunk in chunks)
    else:
        assert all(chunk["usage"] is None for chunk in chunks)
        assert (usage["choices"], usage["usage"]["prompt_tokens"]) == ([], 1)
        assert usage["usage"]["completion_tokens"] == calls()[0].completion_tokens


def test_any_signs_survive_a_stream(program: Client) -> None:
    question = 'echo\n\ndata: [DONE]\n\n </script> 👩‍👩‍👧 "x" \u2028'
    assert text_of(chunks_of(program.ask(question, stream=True).text)) == question


def test_length_and_stop_strings_end_an_answer(program: Client) -> None:
    short = program.ask("echo one two three four", max_tokens=2).get_json()["choices"][0]
    assert (short["message"]["content"], short["finish_reason"]) == ("echo one", "length")
    cut = program.ask("echo one two three", stop=["two"]).get_json()["choices"][0]
    assert (cut["message"]["content"].rstrip(), cut["finish_reason"]) == ("echo one", "stop")


def test_an_answer_that_has_begun_goes_on(program: Client) -> None:
    begun = {"role": "assistant", "content": ANSWER[:10]}
    body = {"messages": [*HI, begun]}
    answer = program.http.post(AT, json=body, headers=shows(program.key)).get_json()
    assert answer["choices"][0]["message"]["content"] == ANSWER[10:]


def test_plain_distress_gets_the_fixed_words(program: Client) -> None:
    for answer in (
        program.ask("I want to kill myself").get_json()["choices"][0]["message"]["content"],
        text_of(chunks_of(program.ask("I want to kill myself", stream=True).text)),
    ):
        assert "emergency number" in answer


def test_models_are_listed_as_the_role_allows(program: Client, app: Flask) -> None:
    answer = program.get("/v1/models").get_json()
    assert answer["object"] == "list"
    (model,) = answer["data"]
    assert (model["id"], model["object"], model["is_default"]) == ("scripted", "model", True)
    assert program.get("/v1/models/scripted").get_json() == model
    assert error_of(program.get("/v1/models/gpt-4")) == (404, "model_not_found", "model")
    refused = program.ask(model="gpt-4").get_json()["error"]["message"]
    assert refused == "There is no model “gpt-4” here. Please choose another one."
    model_settings.change(superior(), "scripted", {"least_role": RoleName.ADMIN})
    assert program.get("/v1/models").get_json()["data"] == []
    assert error_of(program.get("/v1/models/scripted"))[0] == 404
    assert error_of(program.ask(model="scripted"))[0] == 403
    assert Models.of(app).engine.default_model == "scripted"


# ── what is refused ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"messages": []}, (400, "invalid_value", "messages")),
        ({"messages": [{"role": "wizard", "content": "x"}]}, (400, "invalid_value", "messages[0].role")),
        ({"messages": [{"role": "system", "content": "x"}]}, (400, "invalid_value", "messages")),
        ({"messages": HI, "n": 2}, (400, "invalid_value", "n")),
        ({"messages": HI, "model": "gpt-4"}, (404, "model_not_found", "model")),
        ({"messages": HI, "max_tokens": 1_000_001}, (200, None, None)),
        ({"messages": HI, "stop": [""]}, (400, "invalid_value", "stop")),
        ({"messages": HI, "stop": ["x"] * 17}, (400, "invalid_value", "stop")),
        (
            {
                "messages": HI,
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "x", "schema": {"type": "nonsense"}},
                },
            },
            (400, "invalid_value", "response_format"),
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stream", [True, False])
def test_bad_input_names_its_parameter(
    body: dict[str, Any],
    expected: tuple[int, str | None, str | None],
    stream: bool,
    program: Client,
) -> None:
    response = program.http.post(AT, json={**body, "stream": stream}, headers=shows(program.key))
    if expected[0] == 200:
        assert response.status_code == 200
    else:
        assert error_of(response) == expected
        assert calls() == []


@pytest.mark.parametrize("stream", [True, False])
def test_what_does_not_fit_the_window_is_refused_whole(stream: bool, program: Client) -> None:
    long = [
        {"role": "user", "content": "x" * 20_000},
        {"role": "assistant", "content": "x" * 20_000},
    ]
    body = {"messages": [*long, *HI], "stream": stream}
    response = program.http.post(AT, json=body, headers=shows(program.key))
    assert error_of(response) == (400, "context_length_exceeded", "messages")


def test_ten_thousand_messages_are_refused_at_once(program: Client) -> None:
    body = {"messages": HI * 10_000}
    began = time.process_time()
    response = program.http.post(AT, json=body, headers=shows(program.key))
    assert error_of(response) == (400, "invalid_value", "messages")
    assert time.process_time() - began < 1.0
    assert "2000" in response.get_json()["error"]["message"]


def test_a_body_that_is_too_large_is_refused(program: Client) -> None:
    response = program.ask("x" * 2_100_000)
    assert error_of(response) == (413, None, None)


def test_an_address_that_there_is_not_is_told_in_the_same_form(program: Client) -> None:
    assert error_of(program.get("/v1/nothing/here")) == (404, "not_found", None)
    assert error_of(program.get(AT))[0] == 404
    assert error_of(program.http.post("/v1/nothing", json={}, headers=shows(program.key)))[0] == 404


@pytest.mark.parametrize("key", [None, "", "echo_sk_", api_keys.PREFIX + "x" * 40, "sk-proj-123"])
def test_no_key_or_a_wrong_one_is_401(key: str | None, app: Flask, program: Client) -> None:
    headers = {} if key is None else shows(key)
    for response in (
        program.http.get("/v1/models", headers=headers),
        program.http.post(AT, json={"messages": HI}, headers=headers),
        program.http.post(AT, data=b"{", headers=headers),
    ):
        assert error_of(response) == (401, "invalid_api_key", None)
        assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_cookie_is_no_key(app: Flask, ada: User, login: Any) -> None:
    browser = Browser(app, app.response_class, True)
    login(browser, ada)
    assert error_of(browser.post(AT, json={"messages": HI}))[0] == 401
    assert error_of(browser.get("/v1/models"))[0] == 401


def test_a_key_without_the_scope_reads_models_and_asks_none(app: Flask, ada: User) -> None:
    reader = Client(app, key_of(ada, Scope.READ))
    assert reader.get("/v1/models").status_code == 200
    assert error_of(reader.ask())[0] == 403


# ── limits and allowance ────────────────────────────────────────────────────────────────────


def test_a_days_allowance_counts_the_page_and_programs_together(
    program: Client, ada: User, open_tab: Callable[..., Any]
) -> None:
    ada.role.daily_messages = 2
    db.session.commit()
    tab = open_tab(ada)
    sent = tab.ask("send_message", {"text": "Hi", "client_id": "1"})
    tab.wait_for("message_finished", sent["reply"]["id"])
    assert program.ask().status_code == 200
    assert quotas.status(ada.id).messages.used == 2
    refused = program.ask()
    assert error_of(refused) == (429, "insufficient_quota", None)
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.headers["x-should-retry"] == "false"
    assert (
        tab.ask("send_message", {"text": "Hi", "client_id": "2"})["error"]["code"]
        == "quota_exceeded"
    )
    assert tab.wait_for("quota_changed", count=3)["quota"]["messages"]["used"] == 2


def test_answers_in_the_making_count_already(program: Client, app: Flask, ada: User) -> None:
    ada.role.daily_messages = 1
    db.session.commit()
    slow = eventlet.spawn(program.ask, "slow please")
    live = app.extensions["turns"].calls.live
    until(lambda: live, "the first is being written")
    assert error_of(program.ask())[0] == 429
    next(iter(live.values())).stop()
    slow.wait()


def test_tokens_of_programs_count(program: Client, ada: User) -> None:
    program.ask()
    used = quotas.status(ada.id).tokens.used
    assert used == calls()[0].prompt_tokens + calls()[0].completion_tokens > 1
    ada.role.daily_tokens = used
    db.session.commit()
    assert error_of(program.ask())[0] == 429


def test_requests_are_counted_by_person_and_told(
    app: Flask, program: Client, ada: User, make_user: Any, limits_on: None, monkeypatch: Any
) -> None:
    monkeypatch.setattr(person_limits, "API_PER_PERSON", "2/minute")
    first = program.get("/v1/models")
    told = {name: first.headers[f"x-ratelimit-{name}-requests"] for name in ("limit", "remaining")}
    assert told == {"limit": "2", "remaining": "1"}
    assert first.headers["x-ratelimit-reset-requests"].endswith("s")
    other = Client(app, key_of(ada))
    assert other.ask().status_code == 200
    refused = program.ask()
    assert error_of(refused) == (429, "rate_limit_exceeded", None)
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.headers["x-ratelimit-remaining-requests"] == "0"
    assert Client(app, key_of(make_user("bob"))).ask().status_code == 200


# ── answers that end otherwise ──────────────────────────────────────────────────────────────


def test_an_answer_that_fails_says_so(program: Client) -> None:
    assert error_of(program.ask("break please")) == (503, "engine_failed", None)
    *chunks, last = chunks_of(program.ask("break please", stream=True).text)
    assert (text_of(chunks), set(last)) == ("This", {"error"})
    assert last["error"]["type"] == "server_error"
    assert [(call.status, call.error_code) for call in calls()] == [("failed", "engine_failed")] * 2


def test_a_program_that_leaves_stops_its_answer(program: Client, app: Flask) -> None:
    response = program.ask("slow please", stream=True)
    next(response.iter_encoded())
    response.close()
    until(lambda: not app.extensions["turns"].calls.live, "the call has ended")
    (call,) = calls()
    assert (call.status, call.finish_reason) == ("stopped", "cancelled")
    assert call.completion_tokens < 400


@pytest.mark.parametrize("how", ["revoked", "expired", "switched off"])
@pytest.mark.parametrize("stream", [True, False])
def test_a_key_that_ends_stops_what_is_written_for_it(
    how: str, stream: bool, program: Client, app: Flask, ada: User
) -> None:
    asking = eventlet.spawn(lambda: program.ask("slow please", stream=stream).text)
    live = app.extensions["turns"].calls.live
    with eventlet.Timeout(PATIENCE):
        while not live or not next(iter(live.values())).pieces:
            eventlet.sleep(0.005)
        key = api_keys.living(ada.id)[0]
        if how == "revoked":
            api_keys.revoke(key)
        elif how == "expired":
            key.expires_at = key.created_at
            db.session.commit()
        else:
            switch(ada, False)
        began = time.monotonic()
        text = asking.wait()
    assert time.monotonic() - began < 2.0  # a second, on a machine that others use too
    assert "key" in json.loads(text.strip().rpartition("data: ")[2])["error"]["message"]
    assert calls()[0].status == "stopped"


def test_calls_of_other_keys_go_on(app: Flask, program: Client, ada: User) -> None:
    other = Client(app, key_of(ada))
    asking = eventlet.spawn(lambda: program.ask("slow please", max_tokens=120).get_json())
    until(lambda: app.extensions["turns"].calls.live, "it is being written")
    row = api_keys.find(other.key)
    assert row is not None
    api_keys.revoke(row)
    assert asking.wait()["choices"][0]["finish_reason"] == "length"
    assert error_of(other.ask())[0] == 401


def test_a_reader_that_reads_nothing_is_given_up_and_holds_nobody_up(
    app: Flask, program: Client
) -> None:
    listener = hub.listen("127.0.0.1", 0)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # its connections have the same
    server = hub.Server(app, listener, silence_seconds=0.5)
    wire = eventlet.green.socket.socket()
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    wire.connect(("127.0.0.1", server.port))
    body = json.dumps({"messages": [{"role": "user", "content": "slow"}], "stream": True})
    head = f"POST {AT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {program.key}\r\n"
    wire.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    live = app.extensions["turns"].calls.live
    until(lambda: live, "it is being written")
    assert program.ask().status_code == 200
    until(lambda: not live, "it was given up")
    assert sorted(call.status for call in calls()) == ["complete", "stopped"]
    wire.close()
    server.stop_accepting()
    server.close()
