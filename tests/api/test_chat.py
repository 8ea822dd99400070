"""`POST /chat`: one prompt, one answer, as JSON or as server-sent events."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import eventlet
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from echo.extensions import db
from echo.models import Message, User
from tests.api.conftest import ANSWER
from tests.conftest import PATIENCE
from tests.waiting import until
from tests.web.browser import Browser

EVENTS = {"Accept": "text/event-stream"}


def events_of(text: str) -> list[tuple[str, Any]]:
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "event" in lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


def test_prompt_is_answered_as_json_and_stored(program: Browser, app: Flask) -> None:
    response = program.post("/chat", json={"prompt": "Hi"})
    assert response.status_code == 200
    answer = response.get_json()
    assert set(answer) == {"response", "conversation_id", "message_id", "finish_reason", "tokens"}
    assert (answer["response"], answer["finish_reason"]) == (ANSWER, "stop")
    assert answer["tokens"]["completion"] > 0
    row = db.session.get_one(Message, answer["message_id"])
    assert (row.text, row.status, row.conversation_id) == (
        ANSWER,
        "complete",
        answer["conversation_id"],
    )


def test_what_was_computed_comes_with_the_answer(program: Browser) -> None:
    answer = program.post("/chat", json={"prompt": "What is 23 * 17?"}).get_json()
    assert answer["steps"] == [{"tool": "calculator", "input": "23 × 17", "result": "391"}]


def test_conversation_goes_on(program: Browser) -> None:
    first = program.post("/chat", json={"prompt": "Hi"}).get_json()
    body = {"prompt": "More", "conversation_id": first["conversation_id"]}
    second = program.post("/chat", json=body).get_json()
    assert second["conversation_id"] == first["conversation_id"]
    question = db.session.get_one(Message, second["message_id"]).parent_id
    assert db.session.get_one(Message, question).parent_id == first["message_id"]


def test_answer_comes_as_server_sent_events(app: Flask, ada: User, login: Any) -> None:
    client = app.test_client()
    login(client, ada)
    response = client.post("/chat", json={"prompt": "Hi"}, headers=EVENTS)
    assert response.mimetype == "text/event-stream"
    events = events_of(response.text)
    names = [name for name, _ in events]
    assert names[0] == "started"
    assert names[-1] == "done"
    assert set(names[1:-1]) == {"message"}
    pieces = [data for name, data in events if name == "message"]
    assert "".join(piece["text"] for piece in pieces) == ANSWER == events[-1][1]["response"]
    seqs = [piece["seq"] for piece in pieces]
    assert seqs == sorted(set(seqs))
    assert events[0][1]["message_id"] == events[-1][1]["message_id"]


def test_line_breaks_and_any_signs_survive_the_event_stream(
    app: Flask, ada: User, login: Any
) -> None:
    client = app.test_client()
    login(client, ada)
    prompt = 'echo\n\nevent: done\ndata: {"x": 1}\r\n </style> 👩‍👩‍👧'
    response = client.post("/chat", json={"prompt": prompt}, headers=EVENTS)
    assert events_of(response.text)[-1][1]["response"] == prompt.replace("\r\n", "\n")


BAD = [
    ({}, "prompt"),
    ({"prompt": ""}, "prompt"),
    ({"prompt": " \n"}, "prompt"),
    ({"prompt": None}, "prompt"),
    ({"prompt": 7}, "prompt"),
    ({"prompt": ["Hi"]}, "prompt"),
    ({"prompt": "x" * 16_001}, "prompt"),
    ({"prompt": "Hi", "conversation_id": 7}, "conversation_id"),
    ({"prompt": "Hi", "model": "gpt"}, "model"),
    ({"prompt": "Hi", "model": 7}, "model"),
    ({"prompt": "Hi", "temperature": "hot"}, "temperature"),
    ({"prompt": "Hi", "temperature": 3}, "temperature"),
    ({"prompt": "Hi", "temperature": True}, "temperature"),
    ({"prompt": "Hi", "top_p": 0}, "top_p"),
    ({"prompt": "Hi", "top_k": -1}, "top_k"),
    ({"prompt": "Hi", "repetition_penalty": 9}, "repetition_penalty"),
    ({"prompt": "Hi", "max_new_tokens": 0}, "max_new_tokens"),
    ({"prompt": "Hi", "max_new_tokens": [1]}, "max_new_tokens"),
    ({"prompt": "Hi", "magic": 1}, "magic"),
]


@pytest.mark.parametrize(("body", "field"), BAD)
@pytest.mark.parametrize("headers", [{}, EVENTS], ids=["json", "events"])
def test_bad_input_names_its_field(
    body: dict[str, Any], field: str, headers: dict[str, str], program: Browser
) -> None:
    response = program.post("/chat", json=body, headers=headers)
    assert response.status_code == 400
    answer = response.get_json()
    assert (answer["status"], answer["field"]) == ("error", field)
    assert answer["message"]
    assert not db.session.scalar(select(func.count()).select_from(Message))


@pytest.mark.parametrize("raw", ["", "{", "[]", '"Hi"', "null", "NaN", "[" * 5000, b"\xff\xfe"])
def test_what_is_no_object_is_refused(raw: Any, program: Browser) -> None:
    for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
        response = program.post("/chat", data=raw, content_type=kind)
        assert response.status_code == 400, kind


def test_body_of_megabytes_is_refused(program: Browser) -> None:
    response = program.post("/chat", json={"prompt": "x" * 3_000_000})
    assert response.status_code in (400, 413)


def test_model_that_runs_may_be_named(program: Browser) -> None:
    assert program.post("/chat", json={"prompt": "Hi", "model": "scripted"}).status_code == 200


@pytest.mark.parametrize("headers", [{}, EVENTS], ids=["json", "events"])
def test_conversation_of_somebody_else_is_not_found(
    headers: dict[str, str],
    program: Browser,
    app: Flask,
    make_user: Callable[..., User],
    login: Callable[..., str],
) -> None:
    mine = program.post("/chat", json={"prompt": "Hi"}).get_json()
    eve = Browser(app, app.response_class, True)
    login(eve, make_user("eve"))
    body = {"prompt": "Hi", "conversation_id": mine["conversation_id"]}
    response = eve.post("/chat", json=body, headers=headers)
    assert (response.status_code, response.get_json()["field"]) == (404, "conversation_id")


def test_visitor_is_refused_as_json(client: Browser) -> None:
    response = client.post("/chat", json={"prompt": "Hi"})
    assert (response.status_code, response.get_json()["status"]) == (401, "error")


def test_csrf_token_is_needed_as_a_header(app: Flask, program: Browser) -> None:
    app.config.update(WTF_CSRF_ENABLED=True, WTF_CSRF_CHECK_DEFAULT=True)
    assert program.post("/chat", json={"prompt": "Hi"}).status_code == 400
    page = program.get("/").text
    token = page.split('name="csrf-token" content="')[1].split('"')[0]
    response = program.post("/chat", json={"prompt": "Hi"}, headers={"X-CSRFToken": token})
    assert response.status_code == 200, response.text


def test_failed_answer_is_a_503_with_words(program: Browser) -> None:
    response = program.post("/chat", json={"prompt": "break please"})
    assert response.status_code == 503
    assert response.get_json()["message"]


def test_failed_answer_ends_the_event_stream_with_an_error(
    app: Flask, ada: User, login: Any
) -> None:
    client = app.test_client()
    login(client, ada)
    response = client.post("/chat", json={"prompt": "break please"}, headers=EVENTS)
    assert events_of(response.text)[-1][0] == "error"


def read_started_and_leave(client: FlaskClient, **body: Any) -> dict[str, Any]:
    response = client.post("/chat", json=body, headers=EVENTS)
    started = events_of(next(response.iter_encoded()).decode())
    response.close()
    data: dict[str, Any] = started[0][1]
    return data


def test_program_that_leaves_stops_its_reply(app: Flask, ada: User, login: Any) -> None:
    client: FlaskClient = app.test_client()
    login(client, ada)
    started = read_started_and_leave(client, prompt="slow please")
    until(lambda: not app.extensions["turns"].live, "the turn has ended")
    with app.app_context():
        row = db.session.get_one(Message, started["message_id"])
        assert (row.status, row.finish_reason) == ("stopped", "cancelled")


def test_program_that_leaves_does_not_stop_what_a_tab_watches(
    app: Flask, ada: User, login: Any, open_tab: Callable[..., Any]
) -> None:
    client: FlaskClient = app.test_client()
    login(client, ada)
    first = client.post("/chat", json={"prompt": "Hi"}).get_json()
    chat = {"conversation_id": first["conversation_id"]}
    tab = open_tab(ada)
    tab.ask("open_conversation", chat)
    started = read_started_and_leave(client, prompt="Hi", **chat)
    assert tab.wait_for("message_finished", started["message_id"])["status"] == "complete"
    assert tab.text_of(started["message_id"]) == ANSWER


def test_deleting_the_conversation_ends_the_request(
    app: Flask, program: Browser, ada: User
) -> None:
    from echo.services.chats import conversations

    answers: list[Any] = []

    def ask() -> None:
        answers.append(program.post("/chat", json={"prompt": "slow please"}))

    asking = eventlet.spawn(ask)
    turns = app.extensions["turns"]
    with eventlet.Timeout(PATIENCE):
        while not turns.live or not next(iter(turns.live.values())).seq:
            eventlet.sleep(0.005)
        conversations.remove(ada.id, next(iter(turns.live.values())).conversation_id)
        asking.wait()
    assert answers[0].status_code == 200
    assert answers[0].get_json()["finish_reason"] == "cancelled"


def test_a_tab_hears_what_a_program_asks(
    app: Flask, program: Browser, ada: User, open_tab: Callable[..., Any]
) -> None:
    first = program.post("/chat", json={"prompt": "Hi"}).get_json()
    tab = open_tab(ada)
    tab.ask("open_conversation", {"conversation_id": first["conversation_id"]})
    body = {"prompt": "More", "conversation_id": first["conversation_id"]}
    second = program.post("/chat", json=body).get_json()
    tab.wait_for("message_finished", second["message_id"])
    assert tab.text_of(second["message_id"]) == ANSWER
