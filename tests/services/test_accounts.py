"""Accounts, devices and the first super admin, without pages."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import eventlet
import pytest
from flask import Flask
from sqlalchemy import func, select

from echo.clock import utc_now
from echo.errors import Conflict, InvalidInput, NotFound, WrongCredentials
from echo.extensions import db
from echo.models import AuditEvent, Device, OneTimeLink, RoleName, User
from echo.services.accounts import accounts, passwords
from echo.services.sign_in import devices, first_admin, password_login
from tests.conftest import PASSWORD, give_role, switch


def count_users() -> int:
    return int(db.session.scalar(select(func.count()).select_from(User)) or 0)


@pytest.mark.parametrize(
    ("name", "email", "field"),
    [
        ("ADA", "other@example.org", "username"),
        ("  ada ", "other@example.org", "username"),
        ("other", "ADA@EXAMPLE.ORG", "email"),
    ],
)
def test_names_and_addresses_are_unique_without_case(
    ada: User, name: str, email: str, field: str
) -> None:
    with pytest.raises(Conflict) as refusal:
        accounts.sign_up(name, email, PASSWORD)
    assert refusal.value.field == field
    assert count_users() == 1


def test_of_sign_ups_at_once_with_one_name_exactly_one_wins(app: Flask) -> None:
    results: list[str] = []

    def sign_up(number: int) -> None:
        with app.app_context():
            try:
                accounts.sign_up("Grace", f"grace{number}@example.org", PASSWORD)
                results.append("made")
            except Conflict as refusal:
                results.append(str(refusal.field))

    pool = eventlet.GreenPool()
    for number in range(6):
        pool.spawn_n(sign_up, number)
    pool.waitall()
    assert sorted(results) == ["made", *["username"] * 5]
    assert count_users() == 1


@pytest.mark.parametrize(
    "password", ["12345678", "password", "qwertyuiop", "ada12345", "aaaaaaaaaaaa", "short", ""]
)
def test_weak_passwords_are_refused_with_advice(app: Flask, password: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        passwords.judge(password, ["ada12345"])
    assert refusal.value.field == "password"
    assert len(refusal.value.text) > 20


@pytest.mark.parametrize(
    "password", [PASSWORD, "żółw w zielonej kuchni", "🦭🦭🐘 walrus moon", "x9#kQ!m2"]
)
def test_good_passwords_are_taken(app: Flask, password: str) -> None:
    passwords.judge(password, ["ada"])


def test_what_is_hard_to_guess_may_stand_behind_what_is_easy(app: Flask) -> None:
    passwords.judge("a" * 40 + "plum tractor violin", [])


@pytest.mark.parametrize("password", ["a" * 128, "1234567890" * 12])
def test_long_and_weak_is_weak(app: Flask, password: str) -> None:
    with pytest.raises(InvalidInput):
        passwords.judge(password, [])


def test_no_form_makes_the_server_think_for_long(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 72 signs that look like letters zxcvbn thinks for four seconds, of 30 for a tenth of one."""
    judged: list[int] = []
    real = passwords.zxcvbn
    monkeypatch.setattr(
        passwords, "zxcvbn", lambda text, **more: judged.append(len(text)) or real(text, **more)
    )
    passwords.judge("26[(@8@9#1|1$%2&44<9$+192$635&6#<+/73<|<{8%62197{|/(!+6%193@/868326421{6", [])
    with pytest.raises(InvalidInput):
        passwords.judge("b" * 128, [])
    assert judged == [30, 30, 30, 30]


def test_no_part_of_a_long_password_is_cut_off(app: Flask) -> None:
    long = "correct horse " * 9
    hashed = passwords.hash_password(long)
    assert passwords.is_right(hashed, long)
    assert not passwords.is_right(hashed, long[:-1])
    assert not passwords.is_right(hashed, long[:72])
    nul = passwords.hash_password("before\0after")
    assert not passwords.is_right(nul, "before\0other")


def test_account_without_password_cannot_log_in(ada: User) -> None:
    ada.password_hash = None
    db.session.commit()
    for password in ("", PASSWORD, "a password that belongs to nobody"):
        with pytest.raises(WrongCredentials):
            password_login.check_password("ada", password)


def test_last_super_admin_keeps_the_role(make_user: Callable[..., User]) -> None:
    root = make_user("root", role=RoleName.SUPER_ADMIN)
    with pytest.raises(InvalidInput):
        give_role(root, RoleName.USER, actor=root)
    second = make_user("second", role=RoleName.SUPER_ADMIN)
    give_role(root, RoleName.USER, actor=second)
    assert root.role_name is RoleName.USER


def test_unknown_account_is_not_found(app: Flask) -> None:
    with pytest.raises(NotFound):
        accounts.get(10**12)


def test_visit_is_noted_once_a_minute(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    device = devices.find(sign_in(ada))
    assert device
    first = device.last_seen_at
    devices.touch(device)
    assert (device.last_seen_at, ada.last_seen_at) == (first, first)
    later = utc_now() + timedelta(minutes=2)
    monkeypatch.setattr(devices, "utc_now", lambda: later)
    devices.touch(device)
    assert (device.last_seen_at, ada.last_seen_at) == (later, later)


def sign_in(user: User, **changes: Any) -> str:
    values = {"address": "127.0.0.1", "user_agent": "test", "remember": False}
    return devices.sign_in(user, **{**values, **changes})


def test_token_is_stored_nowhere_but_its_hash(ada: User) -> None:
    token = sign_in(ada, user_agent="x" * 1000, address="f" * 100)
    row = db.session.scalars(select(Device)).one()
    assert token not in (row.token_hash, row.id)
    assert row.token_hash == devices.digest(token)
    assert (len(row.user_agent), len(row.address)) == (300, 45)
    found = devices.find(token)
    assert found
    assert found.user.id == ada.id
    assert devices.find(row.token_hash) is None


def test_device_ends_by_time_revocation_or_deactivation(ada: User) -> None:
    expired, revoked, good = sign_in(ada), sign_in(ada), sign_in(ada)
    row = devices.find(expired)
    assert row
    row.expires_at = utc_now() - timedelta(seconds=1)
    db.session.commit()
    assert devices.find(expired) is None
    row = devices.find(revoked)
    assert row
    devices.revoke(row)
    assert devices.find(revoked) is None
    assert devices.find(good)
    switch(ada, False)
    assert devices.find(good) is None


def test_remembered_device_lives_longer(ada: User) -> None:
    brief, long = devices.find(sign_in(ada)), devices.find(sign_in(ada, remember=True))
    assert brief
    assert long
    assert long.expires_at - brief.expires_at > timedelta(days=20)


def test_revoking_all_spares_the_one_in_hand(ada: User, make_user: Callable[..., User]) -> None:
    kept, gone = sign_in(ada), sign_in(ada)
    foreign = sign_in(make_user("bob"))
    row = devices.find(kept)
    assert row
    devices.revoke_all(ada.id, reason="Changed.", but=row.id)
    assert devices.find(kept)
    assert devices.find(gone) is None
    assert devices.find(foreign)


def redeem(token: str, name: str = "root") -> User:
    return first_admin.redeem(token, name, f"{name}@example.org", PASSWORD)


def test_link_works_once_and_makes_a_super_admin(app: Flask) -> None:
    assert first_admin.is_needed()
    token = first_admin.new_token()
    assert token not in str(db.session.scalars(select(OneTimeLink.token_hash)).all())
    root = redeem(token)
    assert root.is_super_admin
    (made,) = db.session.scalars(select(AuditEvent).where(AuditEvent.act == "user.created"))
    assert (made.actor_id, made.subject_id) == (root.id, root.id)  # not the command line
    assert not first_admin.is_needed()
    with pytest.raises(NotFound):
        redeem(token, "second")
    with pytest.raises(NotFound):
        redeem(first_admin.new_token(), "third")  # nobody is needed any more
    assert count_users() == 1


def test_new_link_ends_the_former_and_time_ends_each(app: Flask) -> None:
    old, new = first_admin.new_token(), first_admin.new_token()
    with pytest.raises(NotFound):
        first_admin.check(old)
    first_admin.check(new)
    link = db.session.scalars(select(OneTimeLink)).one()
    link.expires_at = utc_now() - timedelta(seconds=1)
    db.session.commit()
    with pytest.raises(NotFound):
        first_admin.check(new)


def test_refused_form_leaves_the_link_usable(app: Flask) -> None:
    token = first_admin.new_token()
    with pytest.raises(InvalidInput):
        first_admin.redeem(token, "root", "root@example.org", "12345678")
    first_admin.check(token)


def test_of_two_who_use_the_link_at_once_one_becomes_super_admin(app: Flask) -> None:
    token = first_admin.new_token()
    made: list[str] = []

    def use(name: str) -> None:
        with app.app_context(), contextlib.suppress(NotFound):
            made.append(redeem(token, name).username)

    pool = eventlet.GreenPool()
    for name in ("one", "two", "three"):
        pool.spawn_n(use, name)
    pool.waitall()
    admins = [user for user in db.session.scalars(select(User)) if user.is_super_admin]
    assert [user.username for user in admins] == made
    assert len(made) == 1
    assert count_users() == 1
