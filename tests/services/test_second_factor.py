"""Codes of an application and recovery codes: each works once, and only as long as it may."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select

from echo.errors import Conflict, InvalidInput, NotFound, RateLimited, WrongCredentials
from echo.extensions import db
from echo.models import RecoveryCode, User
from echo.services.sign_in import recovery_codes, second_factor, secret_box, totp
from tests.conftest import PASSWORD

NOON = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the time of the codes to so many seconds after noon."""

    def at(seconds: float) -> None:
        monkeypatch.setattr(totp, "utc_now", lambda: NOON + timedelta(seconds=seconds))

    at(0)
    return at


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user("ada")


@pytest.fixture
def with_totp(ada: User, clock: Callable[[float], None]) -> pyotp.TOTP:
    """Ada has set up an application; the code of noon was used for it."""
    key = second_factor.begin_totp(ada)
    generator = pyotp.TOTP(second_factor.waiting_secret(ada, key))
    second_factor.finish_totp(ada, key, generator.at(NOON))
    return generator


def code(generator: pyotp.TOTP, seconds: float) -> str:
    return generator.at(NOON + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("offset", "right"), [(-31, 0), (-30, 1), (0, 1), (29, 1), (59, 1), (60, 0)]
)
def test_a_step_before_and_after_are_taken_and_no_more(
    offset: float, right: bool, clock: Callable[[float], None]
) -> None:
    secret = totp.new_secret()
    step = totp.matching_step(secret, code(pyotp.TOTP(secret), offset))
    assert (step is not None) is bool(right)


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "１２３４５６", "12345a", "\0" * 6, "-12345"]
)
def test_what_is_no_code_is_refused(typed: str, with_totp: Any, ada: User) -> None:
    assert totp.matching_step(totp.new_secret(), typed) is None
    with pytest.raises(WrongCredentials) as refusal:
        second_factor.check_code(ada, typed)
    assert refusal.value.field == "code"


def test_the_code_of_the_set_up_is_used_up(with_totp: pyotp.TOTP, ada: User) -> None:
    with pytest.raises(WrongCredentials):
        second_factor.check_code(ada, code(with_totp, 0))


def test_a_code_works_once_and_no_older_one_after_it(
    with_totp: pyotp.TOTP, ada: User, clock: Callable[[float], None]
) -> None:
    clock(90)
    second_factor.check_code(ada, code(with_totp, 90))
    for seconds in (60, 90):
        with pytest.raises(WrongCredentials):
            second_factor.check_code(ada, code(with_totp, seconds))
    second_factor.check_code(ada, f" {code(with_totp, 120)[:3]} {code(with_totp, 120)[3:]} ")


def test_of_many_with_the_same_code_at_once_one_gets_in(
    app: Flask, with_totp: pyotp.TOTP, ada: User, clock: Callable[[float], None]
) -> None:
    clock(90)
    typed, user_id = code(with_totp, 90), ada.id

    def enter(_number: int) -> bool:
        with app.app_context():
            return totp.use(db.session.get_one(User, user_id), typed)

    with ThreadPoolExecutor(8) as people:
        assert sum(people.map(enter, range(16))) == 1


def test_the_secret_is_stored_encrypted_and_a_changed_key_is_named(
    app: Flask, with_totp: pyotp.TOTP, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = ada.totp_secret or ""
    assert with_totp.secret not in stored
    assert secret_box.unseal(stored, totp.PURPOSE) == with_totp.secret
    with pytest.raises(Conflict):
        secret_box.unseal(stored, "another purpose")
    monkeypatch.setitem(app.config, "SECRET_KEY", "another key of the server, long enough")
    with pytest.raises(Conflict, match="secret key was changed"):
        second_factor.check_code(ada, "123456")


def test_the_first_factor_brings_ten_recovery_codes_that_are_shown_once(
    ada: User, clock: Callable[[float], None]
) -> None:
    key = second_factor.begin_totp(ada)
    generator = pyotp.TOTP(second_factor.waiting_secret(ada, key))
    shown = second_factor.finish_totp(ada, key, generator.at(NOON))
    codes = second_factor.shown_codes(ada, shown)
    assert len(set(codes)) == recovery_codes.COUNT
    assert second_factor.shown_codes(ada, shown) == []
    assert second_factor.state(ada).codes_left == 10
    rows = db.session.scalars(select(RecoveryCode.code_hash)).all()
    assert not {code.replace("-", "") for code in codes} & set(rows)


def test_a_secret_that_waits_belongs_to_one_person_and_is_taken_once(
    ada: User, make_user: Callable[..., User], clock: Callable[[float], None]
) -> None:
    bob = make_user("bob")
    key = second_factor.begin_totp(ada)
    generator = pyotp.TOTP(second_factor.waiting_secret(ada, key))
    for stranger, name in ((bob, key), (ada, "unknown"), (ada, None)):
        with pytest.raises(NotFound):
            second_factor.waiting_secret(stranger, name)
    with pytest.raises(WrongCredentials):
        second_factor.finish_totp(
            ada, key, "000000" if generator.at(NOON) != "000000" else "111111"
        )
    assert not second_factor.is_on(ada)
    second_factor.finish_totp(ada, key, generator.at(NOON))
    with pytest.raises(NotFound):
        second_factor.finish_totp(ada, key, generator.at(NOON))


def test_a_recovery_code_works_once_for_its_owner_however_it_is_typed(
    with_totp: pyotp.TOTP, ada: User, make_user: Callable[..., User]
) -> None:
    codes = recovery_codes.renew(ada.id)
    assert not recovery_codes.use(make_user("bob").id, codes[0])
    second_factor.check_code(ada, f" {codes[0].upper().replace('-', ' ')} ")
    with pytest.raises(WrongCredentials):
        second_factor.check_code(ada, codes[0])
    assert recovery_codes.left(ada.id) == 9


def test_of_many_with_the_same_recovery_code_one_gets_in(
    app: Flask, with_totp: pyotp.TOTP, ada: User
) -> None:
    typed, user_id = recovery_codes.renew(ada.id)[0], ada.id

    def enter(_number: int) -> bool:
        with app.app_context():
            return recovery_codes.use(user_id, typed)

    with ThreadPoolExecutor(8) as people:
        assert sum(people.map(enter, range(16))) == 1


def test_renewing_voids_the_old_codes_and_few_are_noticed(with_totp: pyotp.TOTP, ada: User) -> None:
    old = recovery_codes.renew(ada.id)
    new = second_factor.shown_codes(ada, second_factor.renew_codes(ada))
    assert not recovery_codes.use(ada.id, old[0])
    for number, typed in enumerate(new[:8]):
        assert second_factor.state(ada).few_codes is False, number
        assert recovery_codes.use(ada.id, typed)
    assert second_factor.state(ada).few_codes


def test_recovery_codes_go_with_the_last_factor(with_totp: pyotp.TOTP, ada: User) -> None:
    second_factor.remove_totp(ada)
    assert second_factor.state(ada) == (False, 0, 0)
    with pytest.raises(InvalidInput):
        second_factor.renew_codes(ada)


def test_proving_needs_password_and_code_where_a_factor_is_on(
    ada: User, clock: Callable[[float], None]
) -> None:
    second_factor.prove(ada, PASSWORD, "")
    with pytest.raises(WrongCredentials) as wrong:
        second_factor.prove(ada, "wrong", "")
    assert wrong.value.field == "password"
    key = second_factor.begin_totp(ada)
    generator = pyotp.TOTP(second_factor.waiting_secret(ada, key))
    second_factor.finish_totp(ada, key, generator.at(NOON))
    with pytest.raises(WrongCredentials) as wrong:
        second_factor.prove(ada, PASSWORD, "")
    assert wrong.value.field == "code"
    clock(60)
    with pytest.raises(WrongCredentials):
        second_factor.prove(ada, "wrong", code(generator, 60))
    second_factor.prove(ada, PASSWORD, code(generator, 60))


def test_an_account_of_google_alone_has_nothing_to_type(make_user: Callable[..., User]) -> None:
    user = make_user("gina", password_hash=None, google_sub="42")
    with pytest.raises(InvalidInput, match="Google"):
        second_factor.prove(user, "", "")


def test_wrong_tries_bring_a_delay_that_the_right_code_does_not_break(
    with_totp: pyotp.TOTP, ada: User, clock: Callable[[float], None]
) -> None:
    clock(60)
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            second_factor.check_code(ada, "no-code")
    with pytest.raises(RateLimited) as refusal:
        second_factor.check_code(ada, code(with_totp, 60))
    assert refusal.value.retry_after


def test_removing_everything_helps_somebody_who_has_lost_all(
    with_totp: pyotp.TOTP, ada: User
) -> None:
    second_factor.remove_all(ada)
    assert second_factor.state(ada) == (False, 0, 0)


def test_the_owner_is_told_of_each_change(
    app: Flask, ada: User, clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def note(user: User, template: str, **context: Any) -> None:
        page = app.jinja_env.get_template(f"mail/{template}.txt")
        told.append(page.render(username=user.username, public_url="https://echo.test", **context))

    monkeypatch.setattr(second_factor.mail, "notify", note)
    key = second_factor.begin_totp(ada)
    generator = pyotp.TOTP(second_factor.waiting_secret(ada, key))
    second_factor.finish_totp(ada, key, generator.at(NOON))
    second_factor.renew_codes(ada)
    second_factor.remove_totp(ada)
    assert len(told) == 3
    for words, text in zip(("was set up", "old ones are void", "was removed"), told, strict=True):
        assert words in text
        assert text.startswith("The security of your account was changed\n")
        assert generator.secret not in text
