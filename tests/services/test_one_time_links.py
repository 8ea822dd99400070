"""Links that work once, and small things that are taken once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from echo.clock import utc_now
from echo.errors import InvalidInput, NotFound
from echo.extensions import db
from echo.models import OneTimeLink, User
from echo.services.accounts import one_time_links
from echo.services.accounts.one_time_links import Purpose
from echo.services.sign_in import once


@pytest.fixture
def ada(make_user: object) -> User:
    return make_user("ada")  # type: ignore[operator, no-any-return]


def later(monkeypatch: pytest.MonkeyPatch, **delta: float) -> None:
    moment = utc_now() + timedelta(**delta)
    monkeypatch.setattr(one_time_links, "utc_now", lambda: moment)


def test_link_works_once_for_its_purpose_only(ada: User) -> None:
    token = one_time_links.make(Purpose.RESET_PASSWORD, ada.id)
    with pytest.raises(NotFound):
        one_time_links.use_up(token, Purpose.VERIFY_EMAIL)
    assert one_time_links.check(token, Purpose.RESET_PASSWORD).user_id == ada.id
    assert one_time_links.use_up(token, Purpose.RESET_PASSWORD).user_id == ada.id
    for act in (one_time_links.check, one_time_links.use_up):
        with pytest.raises(NotFound):
            act(token, Purpose.RESET_PASSWORD)


def test_token_is_not_stored(ada: User) -> None:
    token = one_time_links.make(Purpose.VERIFY_EMAIL, ada.id, email="ada@example.org")
    row = db.session.scalars(select(OneTimeLink)).one()
    assert token not in {str(getattr(row, column.key)) for column in OneTimeLink.__table__.columns}


def test_new_link_ends_the_persons_older_ones_of_that_purpose(ada: User) -> None:
    reset = one_time_links.make(Purpose.RESET_PASSWORD, ada.id)
    first = one_time_links.make(Purpose.VERIFY_EMAIL, ada.id)
    second = one_time_links.make(Purpose.VERIFY_EMAIL, ada.id)
    with pytest.raises(NotFound):
        one_time_links.check(first, Purpose.VERIFY_EMAIL)
    one_time_links.check(second, Purpose.VERIFY_EMAIL)
    one_time_links.check(reset, Purpose.RESET_PASSWORD)


def test_expired_link_is_not_found_and_is_forgotten(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = one_time_links.make(Purpose.RESET_PASSWORD, ada.id)
    later(monkeypatch, minutes=61)
    with pytest.raises(NotFound):
        one_time_links.check(token, Purpose.RESET_PASSWORD)
    one_time_links.forget_expired()
    assert db.session.scalar(select(func.count()).select_from(OneTimeLink)) == 0


def test_link_that_was_given_back_works_again(ada: User) -> None:
    token = one_time_links.make(Purpose.RESET_PASSWORD, ada.id)
    with pytest.raises(InvalidInput), one_time_links.using_up(token, Purpose.RESET_PASSWORD):
        raise InvalidInput("What it was used for failed.")
    one_time_links.use_up(token, Purpose.RESET_PASSWORD)


def test_kept_things_are_taken_once(app: Flask) -> None:
    key = once.put("challenge", {"user_id": 1}, seconds=60)
    assert once.look("challenge", key) == {"user_id": 1}
    assert once.take("another kind", key) is None
    assert once.take("challenge", key) == {"user_id": 1}
    assert once.take("challenge", key) is None
    assert once.take("challenge", None) is None
