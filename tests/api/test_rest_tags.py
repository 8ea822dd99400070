"""Tags by REST: shown, set, listed, filtered, told to tabs; what is wrong is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from echo.limits import TAG_CHARS, TAGS_PER_CHAT
from echo.models import User
from echo.scopes import Scope
from tests.api.test_rest import Program, refused
from tests.conftest import Tab


@pytest.fixture
def program(app: Flask, ada: User) -> Program:
    return Program(app, ada)


def tag(program: Program, chat: str, *names: str) -> Any:
    return program.ask("PATCH", f"/api/conversations/{chat}", json={"tags": list(names)})


def ids(program: Program, query: str) -> list[str]:
    return [row["id"] for row in program.get(f"/api/conversations{query}")["data"]]


def test_a_chat_is_tagged_listed_and_told_to_tabs(
    ada: User, program: Program, open_tab: Callable[[User], Tab]
) -> None:
    tab = open_tab(ada)
    chat, other = program.made(title="A"), program.made(title="B")
    assert program.get(f"/api/conversations/{chat}")["tags"] == []
    assert tag(program, chat, " Work ", "work", "Later").get_json()["tags"] == ["Later", "Work"]
    assert tab.named("conversation_changed")[-1]["conversation"]["tags"] == ["Later", "Work"]
    tag(program, other, "WORK")
    assert program.get("/api/tags") == {
        "data": [{"name": "Later", "conversations": 1}, {"name": "Work", "conversations": 2}],
        "next": None,
    }
    assert ids(program, "?tag=later") == [chat]
    program.ask("PATCH", f"/api/conversations/{chat}", json={"archived": True})
    assert (ids(program, "?tag=work"), ids(program, "?tag=work&archived=true")) == ([other], [chat])
    exported = program.get(f"/api/conversations/{chat}/export")
    assert exported["conversation"]["tags"] == ["Later", "Work"]
    assert tag(program, chat).get_json()["tags"] == []
    assert program.get("/api/tags")["data"] == [{"name": "Work", "conversations": 1}]


@pytest.mark.parametrize(
    ("tags", "field"),
    [
        ("work", "tags"),
        ([1], "tags[0]"),
        ([""], "tags[0]"),
        (["x" * (TAG_CHARS + 1)], "tags[0]"),
        (["a\0b"], "tags[0]"),
        ([str(n) for n in range(TAGS_PER_CHAT + 1)], "tags"),
        (["wo\u200brk"], "tags"),
    ],
)
def test_what_is_wrong_is_named(program: Program, tags: Any, field: str) -> None:
    chat = program.made()
    answer = program.ask("PATCH", f"/api/conversations/{chat}", json={"tags": tags})
    assert refused(answer)[::2] == (400, field)
    assert program.get("/api/tags")["data"] == []


def test_nobody_sees_anothers(app: Flask, program: Program, make_user: Callable[..., User]) -> None:
    bob = Program(app, make_user("bob"))
    chat = program.made()
    tag(program, chat, "Work")
    assert bob.get("/api/tags")["data"] == bob.get("/api/conversations?tag=work")["data"] == []
    assert tag(bob, chat, "mine").status_code == 404


def test_reading_keys_set_none(app: Flask, ada: User, program: Program) -> None:
    chat = program.made()
    reader = Program(app, ada, Scope.READ)
    assert tag(reader, chat, "Work").status_code == 403
    assert reader.ask("GET", "/api/tags").status_code == 200
