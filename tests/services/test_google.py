"""Names for people who come by Google, and two of them at the same moment."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from echo.clock import utc_now
from echo.errors import Conflict, InvalidInput
from echo.extensions import db
from echo.limits import USERNAME_MAX, USERNAME_MIN, USERNAME_PATTERN
from echo.models import User
from echo.services.accounts import accounts
from echo.services.sign_in import google
from echo.services.sign_in.google import Identity
from tests.mail_server import MailServer


def identity(
    name: str = "Ada Lovelace", email: str | None = "ada@example.org", **more: str
) -> Identity:
    return Identity(**{"sub": "sub-1", "email": email, "name": name, "picture": "", **more})


NAMES = [
    ("Ada Lovelace", "ada.lovelace"),
    ("  Ada   Lovelace  ", "ada.lovelace"),
    ("Søren Ångström", "soren.angstrom"),
    ("Анна Каренина", "anna.karenina"),
    ("山田太郎", "shantiantailang"),
    ("<b>Ada</b>", "badab"),
    ("Ada, Countess of Lovelace", "ada.countess.of.lovelace"),
    ("a" * 100, "a" * 30),
    ("a" * 29 + " bc", "a" * 29),
    ("Jo", "ada"),
    ("", "ada"),
    ("...", "ada"),
    ("\0\u202e\ud800", "ada"),
]


@pytest.mark.parametrize(("name", "expected"), NAMES)
def test_name_becomes_a_username(name: str, expected: str) -> None:
    assert google.name_of(identity(name)) == expected


@pytest.mark.parametrize("email", ["a@example.org", "é@example.org", "+++@example.org"])
def test_name_that_gives_nothing_has_a_spare(email: str) -> None:
    assert google.name_of(identity("", email)) == google.SPARE_NAME


@pytest.mark.parametrize("name", [row[0] for row in NAMES] + ["😀😀😀", "-._-", "x" * 10_000])
@pytest.mark.parametrize("draw", [False, True])
def test_every_username_has_the_form_of_the_sign_up(app: Flask, name: str, draw: bool) -> None:
    free = google.free_name(identity(name), draw)
    assert re.fullmatch(USERNAME_PATTERN, free)
    assert USERNAME_MIN <= len(free) <= USERNAME_MAX


def test_taken_names_are_numbered_whatever_their_case(app: Flask, make_user: Any) -> None:
    for taken in ("Ada.Lovelace", "ada.lovelace2"):
        make_user(taken)
    assert google.free_name(identity()) == "ada.lovelace3"
    long = "b" * 30
    make_user(long)
    assert google.free_name(identity(long)) == "b" * 29 + "2"


def test_when_all_numbers_are_taken_digits_are_drawn(app: Flask, make_user: Any) -> None:
    make_user("ada.lovelace")
    for number in range(2, google.NUMBERED):
        make_user(f"ada.lovelace{number}")
    assert re.fullmatch(r"ada\.lovelace\d{6}", google.free_name(identity()))


def lose_race(
    monkeypatch: pytest.MonkeyPatch, intruder: Callable[[], None], times: int = 1
) -> None:
    """Let somebody else write just before the first writes of an account."""
    real, left = google.free_name, [times]

    def raced(*args: Any, **kwargs: Any) -> str:
        name = real(*args, **kwargs)
        if left[0]:
            left[0] -= 1
            intruder()
        return name

    monkeypatch.setattr(google, "free_name", raced)


def put(**values: Any) -> None:
    """Write a row by a connection of its own, as another process does."""
    columns = {
        "username": "x",
        "username_key": "x",
        "email": "x@example.org",
        "email_key": "x@example.org",
        "role_id": 1,
        "active": True,
        "in_ranking": True,
        "created_at": google.utc_now(),
        "updated_at": google.utc_now(),
        **values,
    }
    db.session.rollback()
    with db.engine.begin() as connection:
        connection.execute(User.__table__.insert().values(**columns))


def test_name_that_somebody_took_meanwhile(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    lose_race(monkeypatch, lambda: put(username="ada.lovelace", username_key="ada.lovelace"))
    user = google.create(identity())
    assert re.fullmatch(r"ada\.lovelace\d{6}", user.username)


def test_same_person_twice_at_once_has_one_account(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_race(monkeypatch, lambda: put(google_sub="sub-1"))
    user = google.create(identity())
    assert user.username == "x"
    assert len(list(db.session.scalars(select(User)))) == 1


def test_address_that_somebody_took_meanwhile(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    lose_race(monkeypatch, lambda: put(email="ada@example.org", email_key="ada@example.org"))
    with pytest.raises(Conflict, match="There is an account with this address"):
        google.create(identity())


def test_race_that_is_lost_each_time_ends_in_words(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(_work: object) -> None:
        raise IntegrityError("insert", {}, Exception("unique"))

    monkeypatch.setattr(google, "transaction", work)
    with pytest.raises(Conflict, match="try again"):
        google.create(identity())


def test_identity_connected_elsewhere_meanwhile(
    app: Flask, monkeypatch: pytest.MonkeyPatch, make_user: Callable[..., User]
) -> None:
    ada = make_user("ada")
    real, first = google._by_sub, [True]

    def raced(sub: str) -> User | None:
        found = real(sub)
        if first.pop() if first else False:
            put(google_sub=sub)
        return found

    monkeypatch.setattr(google, "_by_sub", raced)
    with pytest.raises(Conflict, match="another account"):
        google.connect(ada.id, identity())
    assert db.session.scalar(select(User.google_sub).where(User.id == ada.id)) is None


def test_owner_is_told_of_each_change(
    make_user: Callable[..., User], smtp_server: MailServer
) -> None:
    ada = make_user("ada")
    with pytest.raises(InvalidInput):
        google.connect(ada.id, identity())  # the address may be somebody else's
    accounts.get(ada.id).email_verified_at = utc_now()
    db.session.commit()
    google.connect(ada.id, identity())
    assert "A Google account was connected" in smtp_server.last(1).get_content()
    google.disconnect(ada.id)
    told = smtp_server.last(2)
    assert told["To"] == ada.email
    assert "Google was disconnected" in told.get_content()
