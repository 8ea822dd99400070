"""Keys of programs: what they look like, what is kept of them, and when they work."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from echo import clock
from echo.errors import Conflict, InvalidInput, NotFound
from echo.extensions import db
from echo.models import ApiKey, AuditEvent, User
from echo.scopes import Scope
from echo.services.sign_in import api_keys
from echo.services.sign_in.api_keys import Wish
from tests.conftest import switch

CHAT = Wish("script", [Scope.CHAT])


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user("ada")


def test_a_key_is_found_by_its_hash_alone(ada: User) -> None:
    row, key = api_keys.make(ada, CHAT)
    assert re.fullmatch(r"echo_sk_[A-Za-z0-9]{40}", key)
    assert (row.key_hash, row.ending) == (hashlib.sha256(key.encode()).hexdigest(), key[-4:])
    stored = "".join(map(str, vars(db.session.get_one(ApiKey, row.id)).values()))
    assert key[8:-4] not in stored
    found = api_keys.find(key)
    assert found is row
    assert (found.user, found.scopes) == (ada, {Scope.CHAT})


@pytest.mark.parametrize(
    "damage", [str.lower, str.upper, str.strip, lambda k: k[:-1], lambda k: k + "a"]
)
def test_nothing_else_finds_it(ada: User, damage: Callable[[str], str]) -> None:
    row, key = api_keys.make(ada, CHAT)
    other = damage(key)
    assert (api_keys.find(other) is row) is (other == key)
    for wrong in (None, "", key[8:], row.key_hash, "echo_sk_", "echo_sk_" + "\x00" * 40):
        assert api_keys.find(wrong) is None


def test_it_works_until_it_is_revoked_or_its_time_is_over_or_its_owner_is_out(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    (short, short_key), (row, key) = (
        api_keys.make(ada, Wish("short", [Scope.READ], 30)),
        api_keys.make(ada, CHAT),
    )
    assert api_keys.working([short.id, row.id, "none"]) == {short.id, row.id}
    later = clock.utc_now() + timedelta(days=30, seconds=1)
    monkeypatch.setattr("echo.services.sign_in.api_keys.utc_now", lambda: later)
    assert (api_keys.find(short_key), api_keys.living(ada.id)) == (None, [row])
    switch(ada, False)
    assert (api_keys.find(key), api_keys.working([row.id])) == (None, set())
    switch(ada, True)
    assert api_keys.find(key) is row
    api_keys.revoke(row)
    assert (api_keys.find(key), api_keys.living(ada.id)) == (None, [])


def test_wrong_wishes_are_refused(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for wish, field in (
        (Wish("x", []), "scopes"),
        (Wish("x", [Scope.CHAT], 0), "days"),
        (Wish("x", [Scope.CHAT], 3_651), "days"),
    ):
        with pytest.raises(InvalidInput) as refusal:
            api_keys.make(ada, wish)
        assert refusal.value.field == field
    monkeypatch.setattr(api_keys, "API_KEYS_MAX", 2)
    first, _ = api_keys.make(ada, CHAT)
    api_keys.make(ada, CHAT)
    with pytest.raises(Conflict):
        api_keys.make(ada, CHAT)
    api_keys.revoke(first)
    api_keys.make(ada, CHAT)


def test_another_persons_key_is_not_found(ada: User, make_user: Callable[..., User]) -> None:
    row, _ = api_keys.make(ada, CHAT)
    bob = make_user("bob")
    for key_id in (row.id, "absent"):
        with pytest.raises(NotFound):
            api_keys.own(bob.id, key_id)
    assert api_keys.own(ada.id, row.id) is row


def test_a_new_key_is_shown_to_its_owner_once(ada: User, make_user: Callable[..., User]) -> None:
    _, key = api_keys.make(ada, CHAT)
    at = api_keys.keep_to_show(ada, key)
    assert api_keys.shown(make_user("bob"), at) is None
    assert [api_keys.shown(ada, at), api_keys.shown(ada, at)] == [key, None]
    assert api_keys.shown(ada, "nothing") is None


def test_use_is_noted_once_a_minute(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    row, _ = api_keys.make(ada, CHAT)
    moments = [clock.utc_now() + timedelta(seconds=after) for after in (0, 59, 60)]
    seen = []
    for moment in moments:
        monkeypatch.setattr("echo.services.sign_in.api_keys.utc_now", lambda at=moment: at)
        api_keys.touch(row)
        seen.append(row.last_used_at)
    assert seen == [moments[0], moments[0], moments[2]]


def test_what_the_command_line_does_is_audited(ada: User) -> None:
    row, _ = api_keys.make(ada, CHAT)
    api_keys.revoke(row)
    assert db.session.query(AuditEvent).count() == 0  # one's own acts are one's own
    row, _ = api_keys.make(ada, CHAT, by_command=True)
    api_keys.revoke(row, by_command=True)
    acts = [(event.act, event.actor_id, event.subject_id) for event in db.session.query(AuditEvent)]
    assert acts == [("key.made", None, ada.id), ("key.revoked", None, ada.id)]
