"""`/api/personas`, and conversations that are begun with one, by REST and by the event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from echo.models import RoleName, User
from echo.services.chats import personas, shared_personas
from tests.api.test_rest import Program
from tests.conftest import Tab

NOBODY = "0" * 26
FOX: dict[str, Any] = {
    "name": "Fox",
    "system_prompt": "You are a fox.",
    "settings": {"temperature": 0.5, "top_k": 5},
    "emoji": "🦊",
    "colour": 3,
}


@pytest.fixture
def program(app: Flask, ada: User) -> Program:
    return Program(app, ada)


@pytest.fixture
def stranger(app: Flask, make_user: Callable[..., User]) -> Program:
    return Program(app, make_user("bob"))


def made(program: Program, **body: Any) -> str:
    answer = program.ask("POST", "/api/personas", json={**FOX, **body})
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["id"])


def test_ones_own_come_first_then_those_of_the_role(
    program: Program, make_user: Callable[..., User]
) -> None:
    root = make_user("root", role=RoleName.ADMIN)
    for name, role in (("All", RoleName.USER), ("Few", RoleName.ADMIN)):
        shared_personas.share(root, {"name": name}, role)
    made(program, name="Zebra")
    found = program.get("/api/personas")["data"]
    assert [(row["name"], row["shared"]) for row in found] == [("Zebra", False), ("All", True)]
    assert found[0].items() >= {**FOX, "name": "Zebra", "description": "", "model": None}.items()
    assert program.get(f"/api/personas/{found[1]['id']}")["name"] == "All"
    for method in ("PATCH", "DELETE"):  # everybody's is nobody's to change
        answer = program.ask(method, f"/api/personas/{found[1]['id']}", json={"name": "Mine"})
        assert answer.status_code == 404


def test_one_is_changed_deleted_and_restored(program: Program) -> None:
    at = f"/api/personas/{made(program, model='scripted')}"
    changed = program.ask("PATCH", at, json={"model": None, "settings": {"top_p": 0.5}}).get_json()
    assert (changed["model"], changed["settings"], changed["name"]) == (None, {"top_p": 0.5}, "Fox")
    assert program.ask("DELETE", at).status_code == 204
    assert program.ask("GET", at).status_code == 404
    assert program.ask("POST", f"{at}/restore").get_json()["name"] == "Fox"
    assert program.ask("POST", f"{at}/restore").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"), ({"emoji": "x"}, "emoji"), ({"colour": 7}, "colour"),
        ({"settings": {"temperature": "hot"}}, "temperature"), ({"settings": {"x": 1}}, "x"),
        ({"description": "x" * 201}, "description"), ({"other": 1}, "other"), ({}, None),
    ],
)  # fmt: skip
def test_what_is_none_is_refused(program: Program, body: dict[str, Any], field: str) -> None:
    at = f"/api/personas/{made(program)}"
    answer = program.ask("PATCH", at, json=body)
    assert (answer.status_code, answer.get_json()["field"]) == (400, field), answer.text
    assert program.get(at).items() >= FOX.items()


def test_anothers_does_not_exist(program: Program, stranger: Program) -> None:
    mine = made(program)
    for method, path, body in (
        ("GET", f"/api/personas/{mine}", None),
        ("PATCH", f"/api/personas/{mine}", {"name": "x"}),
        ("DELETE", f"/api/personas/{mine}", None),
        ("POST", f"/api/personas/{mine}/restore", None),
        ("POST", "/api/conversations", {"persona_id": mine}),
    ):
        there = stranger.ask(method, path, json=body)
        absent = {"persona_id": NOBODY} if body and "persona_id" in body else body
        nowhere = stranger.ask(method, path.replace(mine, NOBODY), json=absent)
        assert there.status_code == nowhere.status_code == 404, path
        assert there.get_json()["message"] == nowhere.get_json()["message"]
    assert program.get("/api/personas")["data"][0]["name"] == "Fox"


def test_a_conversation_begins_with_one(program: Program) -> None:
    mine = made(program, model="gone-7b")
    chat = program.made(persona_id=mine, settings={"top_k": 7, "temperature": None})
    told = program.get(f"/api/conversations/{chat}")
    assert told["settings"] == {"top_k": 7, "system_prompt": "You are a fox."}
    shown = {"id": mine, "name": "Fox", "emoji": "🦊", "colour": 3, "picture": None}
    assert told["persona"] == shown
    program.ask("DELETE", f"/api/personas/{mine}")
    assert program.get(f"/api/conversations/{chat}")["persona"] is None
    assert program.get(f"/api/conversations/{program.made()}")["persona"] is None


def test_a_question_begins_a_chat_with_one(ada: User, open_tab: Callable[[User], Tab]) -> None:
    mine = personas.make(ada.id, FOX).id
    page = open_tab(ada)
    asked = page.ask("send_message", {"text": "Hi", "client_id": "a", "persona_id": mine})
    assert asked["ok"], asked
    opened = page.ask("open_conversation", {"conversation_id": asked["conversation_id"]})
    assert opened["conversation"]["persona"]["name"] == "Fox"
    assert opened["conversation"]["settings"]["system_prompt"] == "You are a fox."
    for wrong, code in (("0" * 26, "not_found"), (7, "bad_payload"), ("é", "bad_payload")):
        refused = page.ask("send_message", {"text": "Hi", "client_id": "b", "persona_id": wrong})
        assert refused["error"]["code"] == code
