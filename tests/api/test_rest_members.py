"""Who is in a chat, by REST: invited by exact names, listed, taken out; guessing is counted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from echo.api.rest import members as routes
from echo.models import User
from echo.services import site_settings
from tests.api.test_rest import Program, refused
from tests.web.conftest import limits_on

__all__ = ["limits_on"]


@pytest.fixture
def program(app: Flask, ada: User) -> Program:
    return Program(app, ada)


@pytest.fixture
def guest(app: Flask, make_user: Callable[..., User]) -> Program:
    return Program(app, make_user("Ben"))


def test_somebody_is_invited_reads_asks_and_leaves(program: Program, guest: Program) -> None:
    chat = program.made(title="A")
    at = f"/api/conversations/{chat}"
    assert guest.ask("GET", at).status_code == 404
    answer = program.ask("PUT", f"{at}/members/ben").get_json()
    assert answer["data"] == [
        {"username": "ada", "owner": True, "you": True},
        {"username": "Ben", "owner": False, "you": False},
    ]
    assert (answer["possible"], answer["most"]) == (True, 20)
    assert guest.get(at)["together"] == {"owner": "ada", "own": False, "members": 1}
    assert [row["id"] for row in guest.get("/api/conversations")["data"]] == [chat]
    asked = guest.ask("POST", "/chat", json={"prompt": "Hello", "conversation_id": chat})
    assert asked.status_code == 200
    assert [row["author"] for row in program.get(f"{at}/messages")["data"]] == [{"name": "Ben"}] * 2
    for method, path, body in (
        ("PATCH", at, {"title": "B"}),
        ("DELETE", at, None),
        ("POST", f"{at}/share", {"visibility": "public"}),
        ("PUT", f"{at}/members/ada", None),
    ):
        assert guest.ask(method, path, json=body).status_code == 404, (method, path)
    assert guest.ask("DELETE", f"{at}/members/ada").status_code == 404  # is no member
    assert guest.ask("DELETE", f"{at}/members/ben").status_code == 204
    assert guest.ask("GET", at).status_code == 404
    assert len(program.get(f"{at}/messages")["data"]) == 2


def test_members_take_nobody_out(
    program: Program, guest: Program, app: Flask, make_user: Callable[..., User]
) -> None:
    chat = program.made(title="A")
    at = f"/api/conversations/{chat}/members"
    make_user("eve")
    for name in ("ben", "eve"):
        program.ask("PUT", f"{at}/{name}")
    assert guest.ask("DELETE", f"{at}/eve").status_code == 403
    assert program.ask("DELETE", f"{at}/eve").status_code == 204
    assert [each["username"] for each in guest.get(at)["data"]] == ["ada", "Ben"]


def test_nobody_is_invited_where_sharing_is_off(program: Program, guest: Program) -> None:
    chat = program.made(title="A")
    site_settings.change(None, sharing="off")
    answer = program.ask("PUT", f"/api/conversations/{chat}/members/ben")
    assert refused(answer) == (403, "forbidden", None)
    assert program.get(f"/api/conversations/{chat}/members")["possible"] is False


def test_guesses_are_counted(
    program: Program, guest: Program, limits_on: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "INVITATIONS_PER_ACCOUNT", "3/hour")
    chat = program.made(title="A")
    at = f"/api/conversations/{chat}/members"
    answers = [program.ask("PUT", f"{at}/{name}") for name in ("x1", "x2", "x3", "ben")]
    assert [refused(each) for each in answers[:3]] == [(404, "not_found", "username")] * 3
    assert len({each.get_json()["message"] for each in answers[:3]}) == 1
    assert refused(answers[3]) == (429, "rate_limited", "username")
    assert int(answers[3].headers["Retry-After"]) > 60
