"""`/api/collections`: made, filled, shared by administrators, used by conversations and folders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from echo.extensions import db
from echo.limits import COLLECTION_NAME_CHARS, COLLECTIONS_PER_CHAT
from echo.models import AuditEvent, Document, RoleName, User
from echo.scopes import Scope
from tests.api.test_rest import Program, refused

PATH = "/api/collections"


@pytest.fixture
def program(app: Flask, ada: User) -> Program:
    return Program(app, ada)


@pytest.fixture
def root(app: Flask, make_user: Callable[..., User]) -> Program:
    return Program(app, make_user("root", role=RoleName.ADMIN), *Scope)


def document(user: User, name: str = "birds.md") -> str:
    row = Document(user_id=user.id, name=name, size_bytes=1, status="ready")
    db.session.add(row)
    db.session.commit()
    return row.id


def made(program: Program, **body: Any) -> dict[str, Any]:
    answer = program.ask("POST", PATH, json={"name": "Sea", **body})
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def test_a_collection_is_made_filled_renamed_deleted_and_comes_back(
    ada: User, program: Program
) -> None:
    birds, ships = document(ada), document(ada, "ships.txt")
    row = made(program, document_ids=[birds])
    assert (row["own"], row["least_role"]) == (True, None)
    at = f"{PATH}/{row['id']}"
    filled = program.ask("PUT", f"{at}/documents/{ships}").get_json()
    assert filled["documents"] == [
        {"id": birds, "name": "birds.md"},
        {"id": ships, "name": "ships.txt"},
    ]
    assert program.ask("DELETE", f"{at}/documents/{birds}").status_code == 204
    assert program.ask("PATCH", at, json={"name": " The  sea "}).get_json()["name"] == "The sea"
    assert [one["id"] for one in program.get(PATH)["data"]] == [row["id"]]
    assert program.ask("DELETE", at).status_code == 204
    assert program.get(PATH)["data"] == []
    assert refused(program.ask("GET", at))[:2] == (404, "not_found")
    assert program.ask("POST", f"{at}/restore").status_code == 200
    assert [one["name"] for one in program.get(at)["documents"]] == ["ships.txt"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * (COLLECTION_NAME_CHARS + 1)}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "Sea", "document_ids": "x"}, "document_ids"),
        ({"name": "Sea", "document_ids": [1]}, "document_ids[0]"),
        ({"name": "Sea", "least_role": "user"}, "least_role"),
    ],
)
def test_what_is_wrong_is_named(body: dict[str, Any], field: str, program: Program) -> None:
    assert refused(program.ask("POST", PATH, json=body)) == (400, "bad_payload", field)
    assert program.get(PATH)["data"] == []


def test_conversations_and_folders_use_collections(ada: User, program: Program) -> None:
    row = made(program)
    chat = program.made(collection_ids=[row["id"]])
    at = f"/api/conversations/{chat}"
    assert program.get(at)["collection_ids"] == [row["id"]]
    assert program.get("/api/conversations")["data"][0]["collection_ids"] == [row["id"]]
    changed = program.ask("PATCH", at, json={"collection_ids": [], "title": "B"}).get_json()
    assert (changed["collection_ids"], changed["title"]) == ([], "B")
    nothing = program.ask("PATCH", at, json={"collection_ids": ["none"], "title": "C"})
    assert refused(nothing) == (404, "not_found", "collection_id")
    assert program.get(at)["title"] == "B"
    many = ["x"] * (COLLECTIONS_PER_CHAT + 1)
    assert refused(program.ask("PATCH", at, json={"collection_ids": many}))[0] == 400
    folder = program.ask(
        "POST", "/api/folders", json={"name": "F", "collection_ids": [row["id"]]}
    ).get_json()
    assert folder["collection_ids"] == [row["id"]]
    at = f"/api/folders/{folder['id']}"
    assert program.ask("PATCH", at, json={"collection_ids": []}).get_json()["collection_ids"] == []
    program.ask("PATCH", at, json={"collection_ids": [row["id"]]})
    program.ask("DELETE", f"{PATH}/{row['id']}")
    assert program.get("/api/folders")["data"][0]["collection_ids"] == []


def test_an_administrator_shares_one_of_their_own(
    ada: User, program: Program, root: Program, app: Flask
) -> None:
    row = made(root)
    at = f"{PATH}/{row['id']}"
    assert program.get(PATH)["data"] == []
    answer = root.ask("PUT", f"{at}/sharing", json={"least_role": "user"})
    assert answer.get_json()["least_role"] == "user"
    (seen,) = program.get(PATH)["data"]
    assert (seen["id"], seen["own"]) == (row["id"], False)
    for method, path, body in (
        ("PATCH", at, {"name": "Mine"}),
        ("DELETE", at, None),
        ("PUT", f"{at}/documents/{document(ada)}", None),
    ):
        assert refused(program.ask(method, path, json=body))[0] == 404
    chat = program.made(collection_ids=[row["id"]])
    root.ask("PUT", f"{at}/sharing", json={"least_role": None})
    assert program.get(PATH)["data"] == []
    assert program.get(f"/api/conversations/{chat}")["collection_ids"] == []
    acts = [one.act for one in db.session.query(AuditEvent).order_by(AuditEvent.id)]
    assert acts[-2:] == ["collection.shared", "collection.unshared"]


def test_who_may_not_share_is_refused(
    ada: User, program: Program, root: Program, app: Flask
) -> None:
    mine, theirs = made(program), made(root)
    for asker in (Program(app, ada, *Scope), program):
        answer = asker.ask("PUT", f"{PATH}/{mine['id']}/sharing", json={"least_role": "user"})
        assert refused(answer)[0] == 403
    answer = root.ask("PUT", f"{PATH}/{mine['id']}/sharing", json={"least_role": "user"})
    assert refused(answer)[0] == 404  # an administrator shares nothing of another's
    wrong = root.ask("PUT", f"{PATH}/{theirs['id']}/sharing", json={"least_role": "everybody"})
    assert refused(wrong) == (400, "bad_payload", "least_role")
