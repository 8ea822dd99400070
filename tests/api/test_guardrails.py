"""Guardrails as programs meet them: `/chat`, `/v1` in three forms, and `/api/decisions`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from echo.extensions import db
from echo.models import GuardDecision, GuardRule, KeptResponse, User
from echo.scopes import Scope
from echo.services.turns import Turns
from tests.api.conftest import ANSWER
from tests.api.keys import key_of, shows
from tests.web.browser import Browser

REASON = "We do not speak of that here."
Post = Callable[..., Any]


@pytest.fixture
def post(app: Flask, ada: User) -> Post:
    """Post JSON with a key."""
    http, headers = Browser(app, app.response_class, False), shows(key_of(ada, *Scope))
    return lambda path, body, **more: http.post(path, json=body, headers=headers, **more)


@pytest.fixture
def get(app: Flask, ada: User) -> Post:
    http, headers = Browser(app, app.response_class, False), shows(key_of(ada, *Scope))
    return lambda path: http.get(path, headers=headers)


@pytest.fixture
def requests(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the engine is asked, in order."""
    engine = Turns.of(app).engine
    asked: list[Any] = []
    submit = engine.submit
    monkeypatch.setattr(engine, "submit", lambda request: asked.append(request) or submit(request))
    return asked


def rule(what: str, act: str, place: str = "question") -> None:
    values = {"name": "A rule", "kind": "words", "reason": REASON, "is_on": True}
    db.session.add(GuardRule(what=what, act=act, place=place, **values))
    db.session.commit()


def rows() -> list[GuardDecision]:
    db.session.expire_all()
    return list(db.session.scalars(select(GuardDecision).order_by(GuardDecision.id)))


def completion(question: str, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": question}], **more}


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_what_was_said_in_distress_before_is_not_read_past_the_rules(
    post: Post, path: str, requests: list[Any]
) -> None:
    rule("secret", "refuse")
    rule("4111", "mask")
    said = [
        "I want to die. Tell me the secret.",
        "I am here.",
        "I want to die. Card 4111.",
        "Yes?",
        "Go on.",
    ]
    roles = ["user", "assistant"] * 3
    messages = [{"role": role, "content": text} for role, text in zip(roles, said, strict=False)]
    answer = post(path, {"model": "scripted", "messages": messages, "max_tokens": 20})
    assert answer.status_code == 200, answer.text
    read = [one.content for one in requests[-1].messages if one.role != "system"]
    assert read == ["I want to die. Card ████.", "Yes?", "Go on."]


DISTRESS = "I want to kill myself. "
HELLO = {"role": "user", "content": "Hello"}
MADE = {"id": "a", "type": "function", "function": {"name": "count", "arguments": "{}"}}
CALLED = [HELLO, {"role": "assistant", "tool_calls": [MADE]}]
COMPLETIONS, MESSAGES = "/v1/chat/completions", "/v1/messages"
PLACES: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "system": (
        COMPLETIONS,
        lambda text: {"messages": [{"role": "system", "content": text}, HELLO]},
    ),
    "developer": (
        COMPLETIONS,
        lambda text: {"messages": [HELLO, {"role": "developer", "content": text}]},
    ),
    "a tool, last": (
        COMPLETIONS,
        lambda text: {
            "messages": [*CALLED, {"role": "tool", "tool_call_id": "a", "content": text}]
        },
    ),
    "a tool, earlier": (
        COMPLETIONS,
        lambda text: {
            "messages": [*CALLED, {"role": "tool", "tool_call_id": "a", "content": text}, HELLO]
        },
    ),
    "Anthropic's system": (
        MESSAGES,
        lambda text: {"model": "scripted", "max_tokens": 9, "system": text, "messages": [HELLO]},
    ),
    "instructions": ("/v1/responses", lambda text: {"input": "Hello", "instructions": text}),
}


@pytest.mark.parametrize("distress", ["", DISTRESS])
@pytest.mark.parametrize("place", PLACES)
def test_what_no_question_says_is_refused_in_distress_as_without(
    post: Post, place: str, distress: str, requests: list[Any]
) -> None:
    rule("xyzzy", "refuse")
    path, body = PLACES[place]
    answer = post(path, body(f"{distress}xyzzy please"))
    assert answer.status_code == 200, answer.text
    assert REASON in answer.text
    assert [row.act for row in rows()] == ["refuse"]
    assert requests == []


@pytest.mark.parametrize("place", PLACES)
def test_what_no_question_says_in_distress_is_masked_and_read(
    post: Post, place: str, requests: list[Any]
) -> None:
    rule("4111", "mask")
    path, body = PLACES[place]
    assert post(path, body(f"{DISTRESS}Card 4111.")).status_code == 200
    said = " ".join(one.content for one in requests[-1].messages)
    assert f"{DISTRESS}Card ████." in said


def test_a_question_in_distress_gets_help_whatever_the_instructions(
    post: Post, requests: list[Any]
) -> None:
    rule("xyzzy", "refuse")
    said = [{"role": "system", "content": "Be kind."}, {**HELLO, "content": f"{DISTRESS}xyzzy"}]
    answer = post(COMPLETIONS, {"messages": said}).json["choices"][0]
    assert "emergency number" in answer["message"]["content"]
    assert (requests, rows()) == ([], [])


def test_chat_tells_what_was_decided(post: Post) -> None:
    rule("secret", "refuse")
    rule("hello", "flag", "answer")
    refused = post("/chat", {"prompt": "a secret"}).json
    assert (refused["response"], refused["finish_reason"]) == (REASON, "filtered")
    assert [one["act"] for one in refused["guard"]] == ["refuse"]
    flagged = post("/chat", {"prompt": "Hi"}).json
    assert flagged["response"] == ANSWER
    assert [(one["act"], one["place"]) for one in flagged["guard"]] == [("flag", "answer")]


def test_a_refused_question_ends_as_openai_and_anthropic_say_it(post: Post) -> None:
    rule("secret", "refuse")
    told = post("/v1/chat/completions", completion("a secret")).json["choices"][0]
    assert (told["message"]["content"], told["finish_reason"]) == (REASON, "content_filter")
    text = post("/v1/completions", {"prompt": "a secret"}).json["choices"][0]
    assert (text["text"], text["finish_reason"]) == (REASON, "content_filter")
    body = {"model": "scripted", "max_tokens": 9, **completion("a secret")}
    assert post("/v1/messages", body).json["stop_reason"] == "refusal"
    response = post("/v1/responses", {"input": "a secret"}).json
    assert response["status"] == "incomplete"
    assert response["incomplete_details"] == {"reason": "content_filter"}
    assert {(row.act, row.excerpt, row.message_id) for row in rows()} == {("refuse", "", None)}
    assert len(rows()) == 4


def test_a_streamed_answer_never_shows_what_is_masked(post: Post) -> None:
    rule("the api", "mask", "answer")
    answer = post("/v1/chat/completions", completion("Hi", stream=True)).text
    chunks = [json.loads(line[6:]) for line in answer.split("\n\n") if line.startswith("data: {")]
    text = "".join(one["choices"][0]["delta"].get("content") or "" for one in chunks)
    assert text == "Hello from ███████, word by word."
    assert "API" not in answer
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


def test_an_answer_that_is_refused_ends_there(post: Post) -> None:
    rule("the api", "refuse", "answer")
    told = post("/v1/chat/completions", completion("Hi")).json["choices"][0]
    assert (told["message"]["content"], told["finish_reason"]) == ("Hello from ", "content_filter")


def test_how_likely_tokens_were_is_not_told_where_words_are_hidden(post: Post) -> None:
    rule("the api", "mask", "answer")
    asked = completion("Hi", logprobs=True)
    refused = post("/v1/chat/completions", asked)
    assert refused.status_code == 400
    assert refused.json["error"]["param"] == "logprobs"


def test_what_is_masked_reaches_neither_model_nor_what_is_kept(post: Post) -> None:
    rule("walrus", "mask")
    said = [
        {"role": "user", "content": "echo walrus"},
        {"role": "assistant", "content": "a walrus"},
        {"role": "user", "content": "echo my walrus"},
    ]
    told = post("/v1/chat/completions", {"messages": said}).json["choices"][0]
    assert told["message"]["content"] == "echo my ██████"
    post("/v1/responses", {"input": "echo walrus"})
    kept = db.session.scalars(select(KeptResponse)).one()
    assert kept.said == [["user", "echo ██████"], ["assistant", "echo ██████"]]


CARD, BLOCKS = "4111222233334444", "█" * 16
ASIDE: dict[str, Callable[[str], dict[str, Any]]] = {
    "instructions": lambda card: {"instructions": f"My card is {card}."},
    "metadata": lambda card: {"metadata": {"card": card, card: "b"}},
    "user": lambda card: {"user": f"Ada {card}"},
    "text": lambda card: {
        "text": {
            "format": {
                "type": "json_schema",
                "name": card,
                "schema": {"type": "object", "properties": {card: {"enum": [card, 1, None]}}},
            }
        }
    },
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ASIDE)
def test_what_comes_along_with_a_question_is_kept_and_told_masked(
    post: Post, get: Post, name: str, stream: bool
) -> None:
    rule(CARD, "mask")
    answer = post("/v1/responses", {"input": "Hello", "stream": stream, **ASIDE[name](CARD)})
    assert answer.status_code == 200, answer.text
    assert CARD not in answer.text
    kept = db.session.scalars(select(KeptResponse)).one()
    assert kept.told[name] == ASIDE[name](BLOCKS)[name]
    assert get(f"/v1/responses/resp_{kept.id}").json[name] == kept.told[name]


def test_what_comes_along_stays_as_it_is_where_nothing_is_masked(post: Post) -> None:
    rule(CARD, "refuse")
    rule("json_schema", "mask")
    sent = {name: value for one in ASIDE.values() for name, value in one("4000").items()}
    answer = post("/v1/responses", {"input": "Hello", **sent}).json
    assert {name: answer[name] for name in sent} == sent
    assert answer["store"] is True


def test_decisions_are_listed_and_objected_to_by_their_person(post: Post, get: Post) -> None:
    rule("secret", "flag")
    post("/chat", {"prompt": "a secret"})
    [told] = get("/api/decisions").json["data"]
    assert told["message_id"] == rows()[0].message_id
    path = f"/api/decisions/{told['id']}/objection"
    assert post(path, {"objection": "x" * 501}).status_code == 400
    assert post(path, {"objection": "It is a book."}).json["objected"] is True
    assert post(path, {"objection": "Again."}).status_code == 409
    assert get("/api/decisions").json["data"][0]["objection"] == "It is a book."
    assert post("/api/decisions/nothing/objection", {"objection": "x"}).status_code == 404
    message = get(f"/api/messages/{told['message_id']}").json
    assert message["guard"][0]["objected"] is True
