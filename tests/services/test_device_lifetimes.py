"""Sessions end when they are old or idle, and their sockets with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from echo import signals
from echo.cli import housekeeping
from echo.clock import utc_now
from echo.errors import WrongCredentials
from echo.extensions import db
from echo.models import Device, User
from echo.services.accounts import accounts, passwords
from echo.services.people import deletion
from echo.services.sign_in import devices, endings, password_login
from tests.conftest import Tab, switch


def sign_in(user: User, remember: bool = False) -> str:
    return devices.sign_in(user, address="::1", user_agent="test", remember=remember)


@pytest.mark.parametrize(
    ("remember", "away", "alive"),
    [
        (False, timedelta(hours=11), True),
        (False, timedelta(hours=13), False),
        (True, timedelta(days=29), True),
        (True, timedelta(days=31), False),
    ],
)
def test_idle_session_ends(
    make_user: Callable[..., User],
    monkeypatch: pytest.MonkeyPatch,
    remember: bool,
    away: timedelta,
    alive: bool,
) -> None:
    token = sign_in(make_user(), remember)
    now = utc_now() + away
    monkeypatch.setattr(devices, "utc_now", lambda: now)
    assert (devices.find(token) is not None) is alive


@pytest.mark.parametrize(("remember", "days"), [(False, 7), (True, 90)])
def test_session_in_constant_use_ends_all_the_same(
    make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch, remember: bool, days: int
) -> None:
    token = sign_in(make_user(), remember)
    begun = utc_now()
    for hours in range(0, days * 24, 10):
        now = begun + timedelta(hours=hours)
        monkeypatch.setattr(devices, "utc_now", lambda now=now: now)
        device = devices.find(token)
        assert device is not None, hours
        devices.touch(device)
    after = begun + timedelta(days=days, seconds=1)
    monkeypatch.setattr(devices, "utc_now", lambda: after)
    assert devices.find(token) is None


def test_expired_sessions_are_revoked_and_their_sockets_told(
    make_user: Callable[..., User],
    open_tab: Callable[[User], Tab],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ada = make_user()
    tab = open_tab(ada)
    kept = sign_in(ada, remember=True)
    now = utc_now() + timedelta(hours=13)
    monkeypatch.setattr(devices, "utc_now", lambda: now)
    assert devices.end_expired() == 1
    assert tab.wait_for("session_ended")["reason"] == endings.EXPIRED
    assert devices.find(kept) is not None
    assert devices.end_expired() == 0


def test_every_housekeeping_job_runs_and_a_failing_one_stops_nothing(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def fail() -> None:
        raise RuntimeError("disk on fire")

    for job in [housekeeping.Job(fail, 60), *housekeeping.jobs()]:
        housekeeping._do(app, job)
        assert job.due > 0
        done.append(job.work.__name__)
    assert {"end_expired", "purge_deleted", "forget_expired"} <= set(done)


def test_revoking_all_but_one_tells_each(make_user: Callable[..., User]) -> None:
    ada = make_user()
    sign_in(ada)
    sign_in(ada)
    kept = devices.find(sign_in(ada))
    assert kept
    heard: list[str] = []

    def hear(_user_id: int, **news: Any) -> None:
        heard.append(news["device_id"])

    with signals.access_ended.connected_to(hear):
        devices.revoke_all(ada.id, reason="test", but=kept.id)
    ended = set(db.session.scalars(select(Device.id).where(Device.revoked_at.is_not(None))))
    assert ended == set(heard)
    assert len(ended) == 2
    assert [device.id for device in devices.living(ada.id)] == [kept.id]


def change_password(user: User) -> None:
    password_login.store_password(user, passwords.hash_password("another horse battery"))


def switch_off(user: User) -> None:
    switch(user, False)


@pytest.mark.parametrize("change", [change_password, switch_off, deletion.delete_account])
def test_what_ends_sessions_ends_sign_ins_on_their_way_too(
    change: Callable[[User], None], app: Flask, make_user: Callable[..., User]
) -> None:
    """Comparing a password takes a moment, in which its owner may have changed it."""
    ada = make_user()
    with app.app_context():
        change(accounts.get(ada.id))
    with pytest.raises(WrongCredentials):
        sign_in(ada)
    alive = select(Device.id).where(Device.revoked_at.is_(None))
    assert db.session.scalar(alive) is None
    assert db.session.scalar(select(User.last_seen_at)) is None


def test_rows_of_sessions_that_ended_long_ago_are_deleted(
    make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = make_user()
    sign_in(ada)
    sign_in(ada, remember=True)
    now = utc_now() + timedelta(days=7 + 31)
    monkeypatch.setattr(devices, "utc_now", lambda: now)
    devices.forget_old()
    assert [row.idle_seconds for row in db.session.scalars(select(Device))] == [30 * 24 * 3600]


def test_number_of_a_deleted_person_is_not_given_again(make_user: Callable[..., User]) -> None:
    eve = make_user("eve")
    number = eve.id
    db.session.delete(eve)
    db.session.commit()
    assert make_user("bob").id > number
