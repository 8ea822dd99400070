"""`/v1/responses`: answers in OpenAI's newer form, gone on from, kept and deleted."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from echo.api.v1.body import read
from echo.api.v1.responses import Responses
from echo.clock import utc_now
from echo.config import Settings
from echo.errors import InvalidInput
from echo.extensions import db
from echo.generation import ChatMessage
from echo.limits import KEPT_RESPONSE_DAYS
from echo.models import KeptResponse, User
from echo.scopes import Scope
from echo.services import site_settings
from echo.services.chats import kept_responses
from tests import cheap_apps
from tests.api.conftest import ANSWER
from tests.api.keys import key_of, shows
from tests.api.test_v1 import calls, error_of
from tests.web.browser import Browser

AT = "/v1/responses"


class Program:
    """A program with a key of its own."""

    def __init__(self, app: Flask, key: str) -> None:
        self.http = Browser(app, app.response_class, False)
        self.key = shows(key)

    def ask(self, said: Any = "Hi", **body: Any) -> Any:
        return self.http.post(AT, json={"input": said, **body}, headers=self.key)

    def get(self, response_id: str, rest: str = "") -> Any:
        return self.http.get(f"{AT}/{response_id}{rest}", headers=self.key)

    def forget(self, response_id: str) -> Any:
        return self.http.delete(f"{AT}/{response_id}", headers=self.key)


@pytest.fixture
def program(app: Flask, ada: User) -> Program:
    return Program(app, key_of(ada))


def kept() -> list[KeptResponse]:
    db.session.expire_all()
    return list(db.session.scalars(select(KeptResponse).order_by(KeptResponse.id)))


def events_of(text: str) -> list[Any]:
    """Return what a stream's events hold; each names itself twice, and all are numbered."""
    found = []
    for block in text.strip().split("\n\n"):
        name, _, data = block.partition("\n")
        event = json.loads(data.removeprefix("data: "))
        assert (name, event["sequence_number"]) == (f"event: {event['type']}", len(found))
        found.append(event)
    return found


def text_of(response: Any) -> str:
    text: str = response["output"][0]["content"][0]["text"]
    return text


# ── what is answered ────────────────────────────────────────────────────────────────────────


def test_an_answer_has_openais_form_and_is_kept_for_its_owner(program: Program, ada: User) -> None:
    answer = program.ask(instructions="Be kind.", metadata={"a": "b"}, temperature=0).get_json()
    call = calls()[0]
    assert (answer["id"], answer["object"]) == (f"resp_{call.id}", "response")
    assert (answer["status"], answer["error"], answer["incomplete_details"]) == (
        "completed", None, None,
    )  # fmt: skip
    assert answer["output"] == [
        {
            "id": f"msg_{call.id}", "type": "message", "role": "assistant", "status": "completed",
            "content": [
                {"type": "output_text", "text": ANSWER, "annotations": [], "logprobs": []}
            ],
        }
    ]  # fmt: skip
    assert answer["usage"] == {
        "input_tokens": call.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": call.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": call.prompt_tokens + call.completion_tokens,
    }
    assert (answer["instructions"], answer["metadata"]) == ("Be kind.", {"a": "b"})
    assert (call.route, call.status) == ("responses", "complete")
    assert program.get(answer["id"]).get_json() == answer
    (row,) = kept()
    assert (row.user_id, row.said) == (ada.id, [["user", "Hi"], ["assistant", ANSWER]])


def test_a_stream_has_openais_events_and_ends_with_what_is_kept(program: Program) -> None:
    response = program.ask(stream=True)
    assert (response.status_code, response.mimetype) == (200, "text/event-stream")
    events = events_of(response.text)
    kinds = [event["type"].removeprefix("response.") for event in events]
    opening = ["created", "in_progress", "output_item.added", "content_part.added"]
    assert kinds[:4] == opening
    assert kinds[-4:] == [
        "output_text.done", "content_part.done", "output_item.done", "completed",
    ]  # fmt: skip
    assert set(kinds[4:-4]) == {"output_text.delta"}
    assert "".join(event["delta"] for event in events[4:-4]) == ANSWER
    whole = events[-1]["response"]
    assert (text_of(whole), events[-4]["text"]) == (ANSWER, ANSWER)
    assert (whole["id"], whole["status"]) == (events[0]["response"]["id"], "completed")
    assert program.get(whole["id"]).get_json() == whole


def test_an_answer_that_is_cut_is_incomplete(program: Program) -> None:
    answer = program.ask("echo one two three", max_output_tokens=2).get_json()
    assert (answer["status"], text_of(answer)) == ("incomplete", "echo one")
    assert answer["incomplete_details"] == {"reason": "max_output_tokens"}
    events = events_of(program.ask("echo one two", max_output_tokens=2, stream=True).text)
    assert events[-1]["type"] == "response.incomplete"


def test_a_question_goes_on_from_an_answer_and_from_what_is_before_it(program: Program) -> None:
    first = program.ask("one", instructions="Not for the next.").get_json()["id"]
    second = program.ask("two", previous_response_id=first, stream=True).text
    second_id = events_of(second)[-1]["response"]["id"]
    third = program.ask([{"role": "developer", "content": "Short."}, {"role": "user", "content": "3"}],
                        previous_response_id=second_id).get_json()  # fmt: skip
    assert third["previous_response_id"] == second_id
    said = "Short.one" + ANSWER + "two" + ANSWER + "3"  # the scripted model counts a quarter of it
    assert third["usage"]["input_tokens"] == sum(
        -(-len(text) // 4) for text in ("Short.", "one", ANSWER, "two", ANSWER, "3")
    ) > len(said) // 4  # fmt: skip
    items = program.get(third["id"], "/input_items?order=asc").get_json()
    assert [(one["role"], one["content"][0]["text"]) for one in items["data"]] == [
        ("developer", "Short."), ("user", "3"),
    ]  # fmt: skip
    assert program.get(third["id"], "/input_items").get_json()["data"][0]["role"] == "user"


def test_what_is_not_to_be_kept_is_not(program: Program) -> None:
    answer = program.ask(store=False).get_json()
    assert (answer["store"], kept()) == (False, [])
    assert error_of(program.get(answer["id"])) == (404, "not_found", None)
    gone_on = program.ask(previous_response_id=answer["id"])
    assert error_of(gone_on) == (400, "previous_response_not_found", "previous_response_id")


def test_an_answer_that_fails_or_is_left_is_not_kept(program: Program, app: Flask) -> None:
    assert error_of(program.ask("break please"))[:2] == (503, "engine_failed")
    *_, last = events_of(program.ask("break please", stream=True).text)
    assert (last["type"], last["response"]["status"]) == ("response.failed", "failed")
    assert last["response"]["error"]["code"] == "server_error"
    left = program.ask("slow please", stream=True)
    next(left.response)
    left.close()
    assert kept() == []


# ── whose it is, and how long ───────────────────────────────────────────────────────────────


def test_others_find_nothing_of_it(
    program: Program, app: Flask, make_user: Callable[..., User], ada: User
) -> None:
    mine = program.ask().get_json()["id"]
    stranger = Program(app, key_of(make_user("bob"), *Scope))
    for answer in (
        stranger.get(mine), stranger.forget(mine), stranger.get(mine, "/input_items"),
    ):  # fmt: skip
        assert error_of(answer) == (404, "not_found", None)
    refused = stranger.ask(previous_response_id=mine)
    assert error_of(refused) == (400, "previous_response_not_found", "previous_response_id")
    reader = Program(app, key_of(ada, Scope.READ))  # another key of the same person's
    assert reader.get(mine).status_code == 200
    assert error_of(reader.forget(mine))[0] == 403
    assert len(kept()) == 1


def test_a_deleted_answer_is_gone_and_a_chain_with_a_hole_says_so(program: Program) -> None:
    first = program.ask("one").get_json()["id"]
    second = program.ask("two", previous_response_id=first).get_json()["id"]
    assert program.forget(first).get_json() == {"id": first, "object": "response", "deleted": True}
    assert error_of(program.forget(first))[0] == 404
    assert program.get(second).status_code == 200
    refused = program.ask(previous_response_id=second)
    assert error_of(refused) == (400, "previous_response_not_found", "previous_response_id")
    assert [row.said[0][1] for row in kept()] == ["two"]


def test_what_is_not_used_for_long_goes(program: Program) -> None:
    first = program.ask("one").get_json()["id"]
    age(KEPT_RESPONSE_DAYS - 1)
    assert kept_responses.forget_old() == 0
    second = program.ask("two", previous_response_id=first).get_json()["id"]
    age(KEPT_RESPONSE_DAYS - 1)  # used when the second was asked
    assert kept_responses.forget_old() == 0
    assert program.ask("three", previous_response_id=second).status_code == 200
    age(KEPT_RESPONSE_DAYS + 1)
    assert program.get(first).status_code == 404  # before anybody has swept
    assert kept_responses.forget_old() == 3
    assert kept() == []


def test_a_site_that_keeps_less_keeps_these_no_longer(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = program.ask("one").get_json()["id"]
    age(8)
    assert program.get(first).status_code == 200
    few = site_settings.current().model_copy(update={"retention_days": 7})
    monkeypatch.setattr(site_settings, "current", lambda: few)
    assert program.get(first).status_code == 404
    assert kept_responses.forget_old() == 1


def age(days: int) -> None:
    """Let all of them have been used so long ago."""
    then = utc_now() - timedelta(days=days)
    db.session.execute(update(KeptResponse).values(used_at=then))
    db.session.commit()


# ── bodies ──────────────────────────────────────────────────────────────────────────────────


def body_of(**change: Any) -> Responses:
    raw = json.dumps({"input": "Hi", **change})
    with cheap_apps.bare().test_request_context("/", method="POST", data=raw):
        return read(Responses)


def test_what_is_asked() -> None:
    call = body_of(
        input=[
            {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
            {"type": "message", "role": "assistant", "content": [
                {"type": "output_text", "text": "Hello.", "annotations": []}]},
            {"role": "user", "content": "And?"},
        ],
        instructions="Be kind.", max_output_tokens=9, top_logprobs=3, truncation="auto",
        text={"format": {"type": "json_schema", "name": "x", "schema": {"type": "array"}}},
        reasoning={"effort": "low"}, include=["reasoning.encrypted_content"],
    ).as_call([])  # fmt: skip
    assert call.messages == (
        ChatMessage("system", "Be kind."), ChatMessage("user", "Hi"),
        ChatMessage("assistant", "Hello."), ChatMessage("user", "And?"),
    )  # fmt: skip
    wanted = {"max_new_tokens": 9, "logprobs": 3, "json_schema": '{"type": "array"}'}
    assert wanted.items() <= call.sampling.items()
    assert (call.route, call.whole) == ("responses", False)
    plain = body_of(text={"format": {"type": "text"}}, include=["message.output_text.logprobs"])
    assert plain.as_call([]).sampling["json_schema"] is None
    assert (plain.as_call([]).sampling["logprobs"], plain.as_call([]).whole) == (0, True)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"input": None}, "input"), ({"input": []}, "input"), ({"input": 7}, "input"),
        ({"input": [{"role": "tool", "content": "x"}]}, "input[0].role"),
        ({"input": [{"type": "function_call_output", "role": "user", "content": "x"}]}, "input[0].type"),
        ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": "x"}] * 2_001}, "input"),
        ({"tools": [{"type": "web_search"}]}, "tools"), ({"background": True}, "background"),
        ({"conversation": "conv_1"}, "conversation"), ({"prompt": {"id": "x"}}, "prompt"),
        ({"max_output_tokens": 0}, "max_output_tokens"), ({"top_logprobs": 21}, "top_logprobs"),
        ({"truncation": "middle"}, "truncation"), ({"text": {"format": {"type": "json_schema"}}}, "text"),
        ({"metadata": {"a": 1}}, "metadata.a"), ({"store": "yes"}, "store"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        body_of(**change)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"input": "x" * 40_000}, (400, "context_length_exceeded", "input")),
        ({"input": [{"role": "assistant", "content": "x"}]}, (400, "invalid_value", "input")),
        ({"model": "gpt-9"}, (404, "model_not_found", "model")),
        ({"previous_response_id": "resp_\0"}, (400, "previous_response_not_found", "previous_response_id")),
        ({"previous_response_id": "%"}, (400, "previous_response_not_found", "previous_response_id")),
        (
            {"text": {"format": {"type": "json_schema", "schema": {"type": "nonsense"}}}},
            (400, "invalid_value", "text"),
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stream", [True, False])
def test_what_is_refused_has_openais_names(
    change: dict[str, Any], expected: tuple[int, str, str], stream: bool, program: Program
) -> None:
    assert error_of(program.ask(**{"said": "Hi", "stream": stream, **_said(change)})) == expected
    assert kept() == []


def _said(change: dict[str, Any]) -> dict[str, Any]:
    return {("said" if name == "input" else name): value for name, value in change.items()}


def test_any_sign_is_kept_as_it_was(program: Program) -> None:
    said = 'echo \0 \u202e 👩‍👩‍👧 "x"'
    answer = program.ask(said).get_json()
    assert text_of(program.get(answer["id"]).get_json()) == text_of(answer)
    assert kept()[0].said[0] == ["user", said]


def test_a_chain_of_much_text_is_refused_unread(program: Program, ada: User) -> None:
    """A model would leave the oldest out; but all of it was taken into memory for each question."""
    said = [["user", "é" * 600_000], ["assistant", "so"]]
    for number in range(4):
        before = f"kept{number - 1}" if number else None
        row = KeptResponse(
            id=f"kept{number}", user_id=ada.id, previous_id=before, said=said, told={}
        )
        db.session.add(row)
    db.session.commit()
    refused = program.ask(previous_response_id="resp_kept3", truncation="auto")
    assert error_of(refused) == (400, "context_length_exceeded", "previous_response_id")
    one = program.ask(previous_response_id="resp_kept0", truncation="auto")
    assert one.status_code == 200


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_who_has_kept_as_much_as_there_may_be_is_told_before_an_answer_is_made(
    app: Flask, program: Program, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_responses, "MEGA", 1_000)
    monkeypatch.setattr(Settings.of(app), "kept_responses_mb", 1)
    first = program.ask("é" * 300).get_json()
    asked = len(calls())
    refused = program.ask("more")
    assert error_of(refused) == (409, "conflict", "store")
    assert "store: false" in refused.get_json()["error"]["message"]
    assert len(calls()) == asked
    assert program.ask("more", store=False).status_code == 200
    assert text_of(program.get(first["id"]).get_json()) == text_of(first)  # nothing is lost
    program.forget(first["id"])
    assert program.ask("more").status_code == 200


def test_a_chain_that_grew_too_long_is_refused(program: Program, ada: User) -> None:
    row = KeptResponse(user_id=ada.id, said=[["user", "x"]] * 2_000, told={"status": "completed"})
    db.session.add(row)
    db.session.commit()
    refused = program.ask(previous_response_id=f"resp_{row.id}")
    assert error_of(refused) == (400, "invalid_value", "input")
