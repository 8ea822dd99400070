"""`/api/folders`, and where conversations lie: made, changed, moved, archived, deleted, told to tabs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from echo.models import User
from tests.api.test_rest import Program, refused
from tests.conftest import Tab


@pytest.fixture
def program(app: Flask, ada: User) -> Program:
    return Program(app, ada)


def made(program: Program, **body: Any) -> str:
    answer = program.ask("POST", "/api/folders", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["id"])


def ids(program: Program, query: str = "") -> list[str]:
    return [row["id"] for row in program.get(f"/api/conversations{query}")["data"]]


def test_a_conversation_is_moved_and_archived(program: Program) -> None:
    work = made(program, name=" Work ", system_prompt="Be brief.")
    chat, other = program.made(title="A", folder_id=work), program.made(title="B")
    assert program.get(f"/api/conversations/{chat}")["folder_id"] == work
    assert set(ids(program)) == {chat, other}
    assert ids(program, f"?folder_id={work}") == [chat]
    at = f"/api/conversations/{chat}"
    changed = program.ask("PATCH", at, json={"archived": True}).get_json()
    assert (changed["archived"], changed["folder_id"]) == (True, work)
    assert (ids(program), ids(program, "?archived=true")) == ([other], [chat])
    back = program.ask("PATCH", at, json={"archived": False, "folder_id": None}).get_json()
    assert (back["archived"], back["folder_id"]) == (False, None)
    assert ids(program, f"?folder_id={work}") == []


def test_asking_in_the_archive_brings_back(program: Program) -> None:
    chat = program.made()
    program.ask("PATCH", f"/api/conversations/{chat}", json={"archived": True})
    program.ask("POST", "/chat", json={"prompt": "Hi", "conversation_id": chat})
    assert program.get(f"/api/conversations/{chat}")["archived"] is False


def test_folders_are_changed_ordered_deleted_and_restored(program: Program) -> None:
    first, second = made(program, name="First"), made(program, name="Second")
    at = f"/api/folders/{second}"
    said = program.ask("PATCH", at, json={"position": 0, "name": "New"}).get_json()
    assert said == {"id": second, "name": "New", "system_prompt": "", "collection_ids": []}
    assert [row["id"] for row in program.get("/api/folders")["data"]] == [second, first]
    chat = program.made(folder_id=second)
    assert program.ask("DELETE", at).status_code == 204
    assert program.get(f"/api/conversations/{chat}")["folder_id"] is None
    assert program.ask("POST", f"{at}/restore").get_json()["name"] == "New"
    assert program.ask("DELETE", f"{at}?conversations=delete").status_code == 204
    assert ids(program) == []
    program.ask("POST", f"{at}/restore")
    assert ids(program, f"?folder_id={second}") == [chat]


@pytest.mark.parametrize(
    ("method", "path", "how", "field"),
    [
        ("POST", "", {"json": {}}, "name"),
        ("POST", "", {"json": {"name": " "}}, "name"),
        ("POST", "", {"json": {"name": "x" * 61}}, "name"),
        ("POST", "", {"json": {"name": "x", "system_prompt": "x" * 2_001}}, "system_prompt"),
        ("PATCH", "/ID", {"json": {}}, None),
        ("PATCH", "/ID", {"json": {"position": -1}}, "position"),
        ("DELETE", "/ID?conversations=eat", {}, "conversations"),
    ],
)
def test_what_is_wrong_is_named(
    program: Program, method: str, path: str, how: dict[str, Any], field: str | None
) -> None:
    folder = made(program, name="Work")
    answer = program.ask(method, "/api/folders" + path.replace("ID", folder), **how)
    assert refused(answer)[::2] == (400, field)
    assert [row["name"] for row in program.get("/api/folders")["data"]] == ["Work"]


def test_tabs_hear_of_folders(ada: User, program: Program, open_tab: Callable[[User], Tab]) -> None:
    tab = open_tab(ada)
    work = made(program, name="Work")
    chat = program.made(folder_id=work)
    program.ask("DELETE", f"/api/folders/{work}?conversations=delete")
    heard = tab.named("folders_changed")
    assert [([row["name"] for row in told["folders"]], told["moved"]) for told in heard] == [
        (["Work"], False),
        ([], True),
    ]
    assert tab.named("conversation_changed")[0]["conversation"]["folder_id"] == work
    assert tab.named("conversation_removed") == [{"conversation_id": chat, "restorable": True}]


def test_a_new_chat_is_begun_in_a_folder(
    ada: User, program: Program, open_tab: Callable[[User], Tab]
) -> None:
    tab = open_tab(ada)
    work = made(program, name="Work")
    asked = tab.ask("send_message", {"client_id": "1", "text": "Hi", "folder_id": work})
    assert ids(program, f"?folder_id={work}") == [asked["conversation_id"]]
    lost = tab.ask("send_message", {"client_id": "2", "text": "Hi", "folder_id": "nothing"})
    assert (lost["ok"], lost["error"]["code"]) == (False, "not_found")
    assert len(ids(program)) == 1
