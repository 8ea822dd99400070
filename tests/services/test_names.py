"""Names and addresses: one mailbox however it is spelled, and names that nobody gives to themselves."""

from __future__ import annotations

from collections.abc import Callable

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import text

from echo.errors import Conflict, InvalidInput, RateLimited, WrongCredentials
from echo.extensions import db
from echo.models import RoleName, User
from echo.services.accounts import accounts, addresses, reserved_names
from echo.services.accounts.names import fold
from echo.services.people import administration, profile
from echo.services.sign_in import google, password_login
from tests.conftest import PASSWORD, superior

SPELLINGS = [
    "ada@müller.de", "ADA@MÜLLER.DE", "ada@xn--mller-kva.de", "Ada@XN--MLLER-KVA.de", "ada@mu\u0308ller.de",
    " ada@müller。de ",
]  # fmt: skip


@pytest.mark.parametrize("first", SPELLINGS[:5])
@pytest.mark.parametrize("second", SPELLINGS)
def test_a_mailbox_is_taken_in_every_spelling(app: Flask, first: str, second: str) -> None:
    user = accounts.sign_up("ada", first, PASSWORD)
    with pytest.raises(Conflict) as refusal:
        accounts.sign_up("other", second, PASSWORD)
    assert refusal.value.field == "email"
    assert password_login.check_password(second, PASSWORD).id == user.id
    assert user.email == first.strip(), "it is written to as its owner spells it"


def test_every_way_to_an_account_knows_the_mailbox(app: Flask, ada: User) -> None:
    user = accounts.sign_up("grace", "grace@müller.de", PASSWORD)
    punycode = "grace@xn--mller-kva.de"
    assert accounts.find(punycode) == user
    assert password_login.limit_key(punycode) == password_login.limit_key("grace@MÜLLER.de")
    with pytest.raises(Conflict):
        profile.change_profile(
            ada, username="ada", email=punycode, new_password="", password=PASSWORD, keep_device=""
        )
    with pytest.raises(Conflict):
        administration.edit_user(superior(), ada.id, username="ada", email=punycode, active=True)
    claims = google.identity_of({"sub": "7", "email": punycode, "email_verified": True})
    with pytest.raises(Conflict):
        google.refuse_new(claims)
    addresses.store_proven(user, punycode)  # its own: another spelling is no other mailbox
    assert user.email == punycode


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a@straße.de", "a@strasse.de"),
        ("a@müller.de", "a@muller.de"),
        ("é@example.org", "e@example.org"),
        ("a@xn--mller-kva.de", "b@xn--mller-kva.de"),
    ],
)
def test_other_mailboxes_stay_others(app: Flask, one: str, other: str) -> None:
    assert accounts.sign_up("one", one, PASSWORD).id != accounts.sign_up("two", other, PASSWORD).id


@pytest.mark.parametrize(
    "typed",
    ["a@" + "ü" * 5000, "ü@", "@ü", "a@xn--", "a@xn--zz--zz.de", "ü", "@", "a@" + "xn--" * 60],
)
def test_what_is_nobodys_address_finds_nobody(app: Flask, typed: str) -> None:
    assert fold(fold(typed)) == fold(typed)
    with pytest.raises((WrongCredentials, RateLimited)):
        password_login.check_password(typed, PASSWORD)


def test_accounts_of_before_are_found_by_either_spelling(app: Flask) -> None:
    before = {
        "one": "Ö@müller.de",
        "two": "x@müller.de",
        "same": "x@xn--mller-kva.de",
        "all": "a@b.org",
    }
    people = {name: accounts.sign_up(name, f"{name}@example.org", PASSWORD) for name in before}
    flask_migrate.downgrade(revision="0006")
    change = text("UPDATE users SET email = :email, email_key = :key WHERE id = :id")
    for name, address in before.items():
        db.session.execute(
            change, {"email": address, "key": address.casefold(), "id": people[name].id}
        )
    db.session.commit()
    flask_migrate.upgrade()
    db.session.expire_all()
    assert people["one"].email_key == "ö@xn--mller-kva.de"
    for spelling in ("ö@müller.de", "Ö@xn--mller-kva.de"):
        assert accounts.find(spelling) == people["one"]
    assert accounts.find("x@müller.de") == people["same"], "whose key it was already"
    assert [accounts.find(name) for name in before] == list(people.values())
    assert {name: user.email for name, user in people.items()} == before


RESERVED = [
    "admin", "Admin", "ADMIN", "adm1n", "admln", "A.d.m.i.n", "admin_2", "admin2", "adrnin", "the.admin",
    "r00t", "root", "Echo", "ech0", "e-c-h-o", "Echo.Support", "support", "you", "assistant", "deleted",
    "anonymous", "null", "postmaster", "no-reply", "super_admin", "Moderator", "login", "analyst",
]  # fmt: skip
FREE = [
    "ada",
    "grace",
    "echo.smith",
    "roman",
    "mina",
    "user1",
    "tester",
    "adam",
    "a-b",
    "x_1",
    "youssef",
]


@pytest.mark.parametrize("name", RESERVED)
def test_names_that_speak_for_echo_are_reserved(name: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        reserved_names.refuse(name)
    assert refusal.value.field == "username"


@pytest.mark.parametrize("name", FREE)
def test_other_names_are_free(name: str) -> None:
    reserved_names.refuse(name)


@pytest.mark.parametrize("name", ["admin", "Echo", "adm1n"])
def test_nobody_renames_themselves_so(ada: User, name: str) -> None:
    values = {"email": ada.email, "new_password": "", "password": "", "keep_device": ""}
    with pytest.raises(InvalidInput) as refusal:
        profile.change_profile(ada, username=name, **values)
    assert refusal.value.field == "username"
    assert ada.username == "ada"


def test_who_has_such_a_name_keeps_it_and_administrators_give_them(
    make_user: Callable[..., User],
) -> None:
    user = administration.create_user(
        superior(), username="admin", email="a@example.org", password=PASSWORD, role=RoleName.ADMIN
    )
    profile.change_profile(
        user, username="Admin", email=user.email, new_password="", password="", keep_device=""
    )
    assert user.username == "Admin"


@pytest.mark.parametrize("name", ["Admin", "Echo", "root"])
def test_google_gives_no_such_name(app: Flask, name: str) -> None:
    claims = {"sub": "1", "email": "ada@example.org", "email_verified": True, "name": name}
    assert google.create(google.identity_of(claims)).username == "ada"
