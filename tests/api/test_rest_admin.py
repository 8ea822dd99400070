"""`/api/users`, `/api/roles`, `/api/usage`: by the rules, the words and the audit trail of the pages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from echo.extensions import db
from echo.limits import PEOPLE_PER_PAGE
from echo.models import AuditEvent, Device, Role, RoleName, User
from echo.scopes import Scope
from echo.services.sign_in import devices
from tests.api.keys import shows
from tests.api.test_rest import Program, refused
from tests.conftest import PASSWORD, give_role
from tests.web.browser import Browser

GRACE = {"username": "grace", "email": "grace@example.org", "password": "correct horse battery"}


@pytest.fixture
def root(app: Flask, make_user: Callable[..., User]) -> Program:
    return Program(app, make_user("root", role=RoleName.SUPER_ADMIN), Scope.ADMIN)


@pytest.fixture
def admin(app: Flask, make_user: Callable[..., User]) -> Program:
    return Program(app, make_user("boss", role=RoleName.ADMIN), Scope.ADMIN)


def acts() -> list[str]:
    return list(db.session.scalars(select(AuditEvent.act).order_by(AuditEvent.id)))


def test_an_account_is_made_changed_switched_off_and_deleted(
    root: Program, client: Browser, ada: User
) -> None:
    made = root.ask("POST", "/api/users", json={**GRACE, "role": "analyst"})
    grace = made.get_json()
    assert (made.status_code, grace["role"], grace["active"]) == (201, "analyst", True)
    assert not {"password", "password_hash"} & set(grace)
    at = f"/api/users/{grace['id']}"
    assert root.get(at) == grace
    body = {"username": "hopper", "role": "user", "version": grace["version"]}
    changed = root.ask("PATCH", at, json=body).get_json()
    assert (changed["username"], changed["role"]) == ("hopper", "user")
    assert changed["email"] == grace["email"]
    again = root.ask("PATCH", at, json=body)
    assert refused(again) == (409, "conflict", "version")
    signed_in = client.post("/api/token", json={"username": "hopper", "password": PASSWORD})
    token = signed_in.get_json()["access_token"]
    assert root.ask("PATCH", at, json={"active": False}).get_json()["active"] is False
    assert client.get("/api/me", headers=shows(token)).status_code == 401
    assert refused(root.ask("DELETE", f"{at}?username=grace"))[2] == "username"
    assert refused(root.ask("DELETE", at))[2] == "username"
    assert root.ask("DELETE", f"{at}?username=hopper").status_code == 204
    assert refused(root.ask("GET", at))[0] == 404
    assert acts() == [
        "user.created", "user.edited", "user.role_given", "user.switched_off", "user.deleted",
    ]  # fmt: skip


def test_people_come_page_by_page_or_by_name(root: Program, ada: User) -> None:
    rows = [
        User(
            username=f"u{n:03}", username_key=f"u{n:03}", email=f"{n}@e.org", email_key=f"{n}@e.org",
            role=ada.role,
        )
        for n in range(PEOPLE_PER_PAGE)
    ]  # fmt: skip
    db.session.add_all(rows)
    db.session.commit()
    first = root.get("/api/users")
    second = root.get(f"/api/users?after={first['next']}")
    ids = [row["id"] for row in first["data"] + second["data"]]
    assert ids == sorted(set(ids))
    assert len(ids) == PEOPLE_PER_PAGE + 2
    assert second["next"] is None
    for name in ("ADA", "ada@example.org"):
        assert [row["id"] for row in root.get(f"/api/users?name={name}")["data"]] == [ada.id]
    assert root.get("/api/users?name=nobody") == {"data": [], "next": None}


def test_a_plain_admin_neither_gives_roles_nor_touches_admins(
    admin: Program, root: Program, ada: User, make_user: Callable[..., User]
) -> None:
    other = make_user("other", role=RoleName.ADMIN)
    asked = [
        admin.ask("POST", "/api/users", json={**GRACE, "role": "admin"}),
        admin.ask("PATCH", f"/api/users/{ada.id}", json={"role": "analyst"}),
        admin.ask("PATCH", f"/api/users/{other.id}", json={"username": "mine"}),
        admin.ask("DELETE", f"/api/users/{ada.id}?username=ada"),
        admin.ask("GET", "/api/roles"),
    ]
    assert {refused(each)[:2] for each in asked} == {(403, "forbidden")}
    assert (
        admin.ask("PATCH", f"/api/users/{ada.id}", json={"username": "lovelace"}).status_code == 200
    )
    assert admin.ask("POST", "/api/users", json=GRACE).status_code == 201


WRONG_ACCOUNTS = [
        ({"username": "ad"}, 400, "username"), ({"username": "a b c"}, 400, "username"),
        ({"username": "___"}, 400, "username"), ({"username": "ada"}, 409, "username"),
        ({"username": "a\0bc"}, 400, "username"), ({"username": None}, 400, "username"),
        ({"email": "no address"}, 400, "email"), ({"email": "x@y\n.z"}, 400, "email"),
        ({"email": "ada@example.org"}, 409, "email"), ({"email": "a" * 300}, 400, "email"),
        ({"password": "password"}, 400, "password"), ({"password": "x" * 129}, 400, "password"),
        ({"password": 12345678}, 400, "password"), ({"role": "king"}, 400, "role"),
        ({"role": 1}, 400, "role"), ({"active": True}, 400, "active"), ({"id": 1}, 400, "id"),
    ]  # fmt: skip


def test_wrong_accounts_name_their_field(root: Program, ada: User) -> None:
    for body, status, field in WRONG_ACCOUNTS:
        assert refused(root.ask("POST", "/api/users", json={**GRACE, **body}))[::2] == (
            status,
            field,
        )
        assert root.get("/api/users?name=grace")["data"] == []


NO_NUMBERS = ["0", "-1", "1.5", "x", "9" * 30, "9" * 5000, "%00", "٣"]


def test_numbers_that_no_account_has(root: Program) -> None:
    for number in NO_NUMBERS:
        assert refused(root.ask("GET", f"/api/users/{number}"))[0] == 404
        assert (
            refused(root.ask("PATCH", f"/api/roles/{number}", json={"description": "x"}))[0] == 404
        )


def test_roles_are_listed_and_settled(root: Program) -> None:
    roles = {row["name"]: row for row in root.get("/api/roles")["data"]}
    assert set(roles) == {role.value for role in RoleName}
    at = f"/api/roles/{roles['user']['id']}"
    changed = root.ask("PATCH", at, json={"daily_messages": 7, "version": roles["user"]["version"]})
    assert changed.get_json()["daily_messages"] == 7
    assert changed.get_json()["description"] == roles["user"]["description"]
    assert root.ask("PATCH", at, json={"daily_messages": None}).get_json()["daily_messages"] is None
    stale = {"daily_tokens": 1, "version": "old"}
    assert refused(root.ask("PATCH", at, json=stale)) == (409, "conflict", "version")
    for wrong, field in (
        ({"daily_messages": -1}, "daily_messages"), ({"daily_tokens": 2**31}, "daily_tokens"),
        ({"daily_tokens": 1.5}, "daily_tokens"), ({"description": "x" * 201}, "description"),
        ({"name": "x"}, "name"), ({}, None), ({"version": "x"}, None),
    ):  # fmt: skip
        assert refused(root.ask("PATCH", at, json=wrong)) == (400, "bad_payload", field), wrong
    assert acts() == ["role.edited", "role.edited"]


def test_use_of_the_day(root: Program, app: Flask, ada: User) -> None:
    from echo.services.numbers import rollups

    Program(app, ada).ask("POST", "/chat", json={"prompt": "Hi"})
    rollups.refresh()
    use = root.get("/api/usage?by=tokens&role=user")
    assert [(row["username"], row["messages"]) for row in use["people"]] == [("ada", 1)]
    assert [(row["role"], row["people"]) for row in use["roles"]] == [("user", 1)]
    assert root.get("/api/usage?user_id=999")["people"] == []
    for wrong in ("user_id=0", "user_id=" + "9" * 40, "user_id=x", "by=x", "role=x", "day=1"):
        answer = root.ask("GET", f"/api/usage?{wrong}")
        assert refused(answer)[::2] == (400, wrong.partition("=")[0])


def test_a_session_must_be_proved_anew_before_acts_on_others(
    app: Flask, client: Browser, root: Program, ada: User
) -> None:
    token = client.post("/api/token", json={"username": "root", "password": PASSWORD}).get_json()
    headers = shows(token["access_token"])
    at = f"/api/users/{ada.id}"
    assert client.patch(at, json={"active": True}, headers=headers).status_code == 200
    row = db.session.scalars(select(Device)).one()
    row.confirmed_at = row.created_at - 2 * devices.FRESH
    db.session.commit()
    answer = client.patch(at, json={"active": True}, headers=headers)
    assert refused(answer)[:2] == (401, "step_up_needed")
    assert client.get(at, headers=headers).status_code == 200


def test_a_lost_role_is_lost_to_its_keys(admin: Program, ada: User) -> None:
    boss = db.session.scalars(select(User).where(User.username == "boss")).one()
    give_role(boss, RoleName.USER)
    assert refused(admin.ask("GET", "/api/users"))[:2] == (403, "forbidden")
    assert db.session.scalars(select(Role)).first() is not None
