"""The growing delay after wrong passwords: its length, its end, and that it tells nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import eventlet
import pytest
from flask import Flask
from limits import parse
from sqlalchemy import select

from echo import clock
from echo.errors import NotFound, RateLimited, WrongCredentials
from echo.extensions import db, limiter, seconds_to_wait
from echo.limits import LOGIN_PER_ACCOUNT, PROOFS_PER_ACCOUNT
from echo.models import LoginFailure, User
from echo.services.accounts import passwords
from echo.services.sign_in import login_delays, password_login, recovery
from tests.conftest import PASSWORD, switch
from tests.mail_server import MailServer, path_in


class Clock:
    """The time as the counts see it."""

    def __init__(self) -> None:
        self.now = clock.utc_now()

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(login_delays, "utc_now", clock)
    return clock


def fail(name: str = "ada", times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(WrongCredentials):
            password_login.check_password(name, "wrong")


def refused(name: str = "ada", password: str = PASSWORD) -> RateLimited:
    with pytest.raises(RateLimited) as refusal:
        password_login.check_password(name, password)
    return refusal.value


def test_delay_begins_after_five_and_grows_to_a_quarter_of_an_hour(ada: User, time: Clock) -> None:
    fail(times=5)
    for minutes in (1, 2, 4, 8, 15, 15):
        refusal = refused()
        assert refusal.retry_after == pytest.approx(minutes * 60)
        assert refusal.field == "credentials"
        time.forward(minutes=minutes, seconds=-1)
        refused()
        time.forward(seconds=2)
        fail()


def test_four_wrong_ones_and_a_right_one_begin_anew(ada: User) -> None:
    for _ in range(3):
        fail(times=4)
        assert password_login.check_password("ada", PASSWORD).id == ada.id
    assert db.session.scalar(select(LoginFailure)) is None


@pytest.mark.parametrize("name", ["ada", "nobody"])
def test_right_password_is_refused_too_and_none_is_compared(
    name: str, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(name, times=5)
    monkeypatch.setattr(passwords, "is_right", lambda *_: pytest.fail("a password was compared"))
    assert refused(name, PASSWORD).text == refused(name, "wrong").text


def test_unknown_names_are_treated_alike(ada: User, time: Clock) -> None:
    for name in ("ada", "nobody"):
        fail(name, times=5)
    known, unknown = refused("ada"), refused("nobody")
    assert known.as_payload() == unknown.as_payload()
    time.forward(seconds=61)
    for name in ("ada", "nobody"):
        fail(name)
    assert refused("ada").as_payload() == refused("nobody").as_payload()


def test_name_and_address_share_one_count_and_spelling_does_not_matter(ada: User) -> None:
    for name in ("ada", "ADA", " ada ", "ada@example.org", "Ada@Example.ORG"):
        fail(name)
    refused("ada")
    for name in ("Nobody", "nobody", " NOBODY", "nobody", "nobody"):
        fail(name)
    refused("nobody")


def test_name_that_looks_like_a_key_blocks_nobody(ada: User) -> None:
    for name in (f"account {ada.id}", login_delays.key_of_account(ada.id)):
        fail(name, times=5)
    assert password_login.check_password("ada", PASSWORD)


def test_stored_key_tells_no_name(ada: User) -> None:
    fail("ada")
    fail("nobody@example.org")
    keys = list(db.session.scalars(select(LoginFailure.key)))
    assert len(keys) == 2
    assert all(len(key) == 64 and "nobody" not in key for key in keys)


def test_a_day_forgets(ada: User, time: Clock) -> None:
    fail(times=4)
    time.forward(hours=24, seconds=1)
    fail(times=4)
    assert password_login.check_password("ada", PASSWORD)
    fail()
    time.forward(hours=25)
    login_delays.forget_old()
    assert db.session.scalar(select(LoginFailure)) is None


def test_unlocking_ends_the_block_and_the_count_of_the_rate_limit(ada: User) -> None:
    fail(times=5)
    key = password_login.limit_key("ada")
    rate = parse(LOGIN_PER_ACCOUNT)
    while not seconds_to_wait(rate, "login", key):
        pass
    assert login_delays.is_blocked(ada.id)
    login_delays.unlock(ada.id)
    assert not login_delays.is_blocked(ada.id)
    assert not seconds_to_wait(rate, "login", password_login.limit_key("ada"))
    fail(times=4)
    assert password_login.check_password("ada", PASSWORD)
    limiter.reset()


def test_unlocking_ends_the_count_of_codes_and_proofs_too(ada: User) -> None:
    rate = parse(PROOFS_PER_ACCOUNT)
    while not seconds_to_wait(rate, "proof", str(ada.id)):
        pass
    login_delays.unlock(ada.id)
    assert not seconds_to_wait(rate, "proof", str(ada.id))
    limiter.reset()


def test_of_many_guesses_at_the_same_moment_none_gets_in(app: Flask, ada: User) -> None:
    outcomes: list[str] = []

    def guess(password: str) -> None:
        with app.app_context():
            try:
                password_login.check_password("ada", password)
                outcomes.append("in")
            except (WrongCredentials, RateLimited) as refusal:
                outcomes.append(refusal.code)

    pool = eventlet.GreenPool()
    for number in range(29):
        pool.spawn_n(guess, f"guess {number}")
    pool.spawn_n(guess, PASSWORD)
    pool.waitall()
    assert "in" not in outcomes
    row = db.session.scalars(select(LoginFailure)).one()
    assert row.count == 5  # the block has begun once, for a minute


def test_switched_off_account_is_counted_like_any_other(ada: User, smtp_server: MailServer) -> None:
    switch(ada, False)
    with pytest.raises(WrongCredentials):
        password_login.check_password("ada", PASSWORD)
    fail(times=4)
    refused()
    smtp_server.settle()
    assert smtp_server.mails() == []


def test_who_is_signed_in_is_counted_apart(ada: User) -> None:
    fail(times=5)
    password_login.confirm_password(ada, PASSWORD)
    login_delays.unlock(ada.id)
    for _ in range(5):
        with pytest.raises(WrongCredentials) as wrong:
            password_login.confirm_password(ada, "wrong")
        assert wrong.value.field == "password"
    with pytest.raises(RateLimited) as refusal:
        password_login.confirm_password(ada, PASSWORD)
    assert refusal.value.field == "password"
    assert password_login.check_password("ada", PASSWORD)


def test_owner_gets_one_mail_for_each_block_and_its_link_ends_it(
    ada: User, time: Clock, smtp_server: MailServer, make_user: Callable[..., Any]
) -> None:
    make_user("bob")
    fail(times=5)
    for _ in range(4):
        refused()
    fail("nobody", times=5)
    mail = smtp_server.last(1)
    assert mail["To"] == "ada@example.org"
    time.forward(seconds=61)
    fail()
    token = path_in(smtp_server.last(2)).rpartition("/")[2]
    with pytest.raises(NotFound):
        recovery.unlock(path_in(mail).rpartition("/")[2])  # the newer link has taken its place
    assert recovery.unlock(token).id == ada.id
    assert password_login.check_password("ada", PASSWORD)
    with pytest.raises(NotFound):
        recovery.unlock(token)
