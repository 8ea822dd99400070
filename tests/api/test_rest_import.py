"""`POST /api/conversations/import`: previewed, kept, refused, told to tabs; larger than other bodies."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from echo import limits
from echo.models import User
from tests.api.test_rest import Program, refused
from tests.conftest import Tab
from tests.services.test_imports import GOOD, gpt, gpt_node


@pytest.fixture
def program(app: Flask, ada: User) -> Program:
    return Program(app, ada)


def send(program: Program, raw: bytes, query: str = "") -> Any:
    head = 'Content-Disposition: form-data; name="file"; filename="conversations.json"'
    body = b"--x\r\n" + head.encode() + b"\r\n\r\n" + raw + b"\r\n--x--\r\n"
    kind = "multipart/form-data; boundary=x"
    path = f"/api/conversations/import{query}"
    return program.ask("POST", path, data=body, content_type=kind)


def test_a_preview_then_the_chats(
    ada: User, program: Program, open_tab: Callable[[User], Tab]
) -> None:
    tab = open_tab(ada)
    circle = {**gpt(a=gpt_node("b", "user", "A"), b=gpt_node("a", "user", "B")), "title": "Round"}
    raw = json.dumps([GOOD, circle]).encode()
    told = {
        "created": 1,
        "skipped": [{"title": "Round", "reason": "Its messages go round in a circle."}],
        "chats": [{"title": "Sea cows", "messages": 1, "folder": None, "archived": False}],
    }
    assert send(program, raw, "?preview=true").get_json() == told
    assert program.get("/api/conversations")["data"] == []
    assert tab.named("folders_changed") == []
    assert send(program, raw).get_json() == told
    chat = program.get("/api/conversations")["data"][0]
    assert (chat["title"], chat["updated_at"]) == ("Sea cows", "2023-11-14T22:14:20.000Z")
    assert tab.wait_for("folders_changed") == {"folders": [], "moved": True}
    again = send(program, raw).get_json()
    assert (again["created"], len(again["skipped"])) == (0, 2)
    reply = program.ask("POST", "/chat", json={"prompt": "And?", "conversation_id": chat["id"]})
    assert reply.status_code == 200


def test_what_cannot_be_taken_is_named(program: Program) -> None:
    assert refused(send(program, b"hello")) == (400, "bad_payload", "file")
    nothing = program.ask("POST", "/api/conversations/import", data={})
    assert refused(nothing) == (400, "bad_payload", "file")


def test_a_large_file_is_taken_and_one_too_large_is_not(program: Program) -> None:
    padding = b" " * (limits.REQUEST_BYTES + 1_000)
    assert send(program, json.dumps([GOOD]).encode() + padding).get_json()["created"] == 1
    too_large = send(program, b" " * (limits.IMPORT_BYTES + 1))
    assert refused(too_large)[::2] == (400, "file")
    assert send(program, b" " * (limits.IMPORT_REQUEST_BYTES + 1)).status_code == 413
