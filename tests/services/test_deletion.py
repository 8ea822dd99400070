"""Deleting accounts and conversations for good: nothing is left, no lock is held long, a crash is no loss."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import eventlet
import pytest
from flask import Flask
from sqlalchemy import LargeBinary, event, func, insert, select

from echo import hub
from echo.clock import utc_now
from echo.errors import InvalidInput
from echo.extensions import db
from echo.generation import Script, ScriptedReply
from echo.models import (
    AuditEvent,
    Conversation,
    Device,
    Invite,
    LoginFailure,
    Message,
    RoleName,
    StaleDay,
    User,
)
from echo.models.types import new_id
from echo.services import audit, site_settings
from echo.services.accounts import accounts
from echo.services.chats import erasing, retention
from echo.services.people import deletion, profile_data
from echo.services.sign_in import devices, endings, login_delays
from tests.services.people import SECRETS, conversation_of, fill


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    user = make_user("walrus_ada")
    fill(user)
    return user


def everything() -> dict[str, list[Any]]:
    """Return every row of every table."""
    return {
        name: list(db.session.execute(select(table)).mappings())
        for name, table in db.metadata.tables.items()
    }


def references_to(user_id: int) -> dict[str, int]:
    """Count the rows that point to the person by a foreign key, table by table."""
    found = {}
    for name, table in db.metadata.tables.items():
        for key in table.foreign_keys:
            if key.column.table.name == "users":
                query = select(func.count()).where(key.parent == user_id)
                found[f"{name}.{key.parent.name}"] = db.session.scalar(query) or 0
    return found


def test_the_test_persons_traces_are_everywhere(ada: User) -> None:
    """Else the next test would prove little."""
    assert {name for name, count in references_to(ada.id).items() if not count} == set()
    assert db.session.scalar(select(func.count()).select_from(LoginFailure)) == 2


def test_nothing_is_left_in_any_table(ada: User, make_user: Callable[..., User]) -> None:
    number = ada.id
    bob = make_user("bob")
    conversation_of(bob, word="badger")
    before = {name: len(rows) for name, rows in everything().items()}
    deletion.delete_account(ada)
    db.session.expire_all()
    assert set(references_to(number).values()) == {0}
    for name, rows in everything().items():
        for row in rows:
            words = " ".join(str(value) for value in row.values()).lower()
            words = words.replace(SECRETS["invite_hash"].lower(), "")  # the link itself goes on
            assert "walrus" not in words, name
            assert "secret" not in words, name
            assert "203.0.113.77" not in words, name
    assert db.session.scalar(select(func.count()).select_from(LoginFailure)) == 0
    assert db.session.get(User, number) is None
    assert references_to(bob.id)["messages.user_id"] == 4
    assert before["roles"] == len(everything()["roles"])


def test_no_column_of_bytes_or_text_was_forgotten_by_the_walk() -> None:
    """Every table either goes with the person, belongs to nobody, or is on this list."""
    belongs_to_nobody = {
        "roles", "site_settings", "audit_events", "invites", "login_failures", "stale_days",
        "activity_slots", "reply_slots", "error_slots", "feedback_slots", "timing_spans",
        "active_days", "cohort_weeks", "model_settings", "shared_prompts", "guard_rules",
    }  # fmt: skip
    for name, table in db.metadata.tables.items():
        keys = {key.column.table.name: key for key in table.foreign_keys}
        goes = any(
            key.column.table.name
            in ("users", "conversations", "messages", "documents", "folders", "personas")
            and key.ondelete == "CASCADE"
            for key in table.foreign_keys
        )
        assert goes or name == "users" or name in belongs_to_nobody, (name, keys)
        if not goes and name != "users":
            assert not any(isinstance(column.type, LargeBinary) for column in table.columns)


def test_trail_keeps_the_number_and_still_verifies(ada: User) -> None:
    number = ada.id
    audit.record(audit.Act.CONVERSATION_OPENED, None, subject_id=number, target="conversations/1")
    deletion.delete_account(ada)
    last = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert last is not None
    assert (last.act, last.actor_id, last.subject_id) == (audit.Act.USER_DELETED, number, number)
    assert last.detail == {}
    assert audit.verify().is_whole


def test_an_administrator_is_written_down_as_the_one_who_did_it(
    ada: User, make_user: Callable[..., User]
) -> None:
    root, number = make_user("root", role=RoleName.SUPER_ADMIN), ada.id
    deletion.delete_account(ada, actor=root)
    last = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert last is not None
    assert (last.actor_id, last.subject_id) == (root.id, number)


def test_invitations_of_the_person_go_on_without_their_name(ada: User) -> None:
    deletion.delete_account(ada)
    db.session.expire_all()
    invite = db.session.scalars(select(Invite)).one()
    assert invite.created_by is None
    assert invite.note == ""


def test_last_super_admin_cannot_be_deleted(make_user: Callable[..., User]) -> None:
    root = make_user("root", role=RoleName.SUPER_ADMIN)
    with pytest.raises(InvalidInput, match="last super admin"):
        deletion.delete_account(root)
    assert root.active
    assert root.username == "root"


def test_kept_profile_and_sessions_end_at_once(ada: User) -> None:
    token = devices.sign_in(ada, address="", user_agent="", remember=False)
    profile_data.of(ada.id)
    number = ada.id
    deletion._take_off(ada, ada)
    assert devices.find(token) is None
    assert profile_data.of(number).username == f"deleted/{number}"
    assert db.session.scalar(select(Device.id).where(Device.revoked_at.is_(None))) is None


class Crash(Exception):
    pass


@pytest.mark.parametrize("place", ["_stop_replies", "_erase_feedback", "_erase_rest"])
def test_crash_in_between_is_resumed(
    place: str, ada: User, monkeypatch: pytest.MonkeyPatch, make_user: Callable[..., User]
) -> None:
    number = ada.id
    off = make_user("off", active=False)  # switched off is not deleted

    def crash(_user_id: int) -> None:
        raise Crash

    with monkeypatch.context() as broken:
        broken.setattr(deletion, place, crash)
        with pytest.raises(Crash):
            deletion.delete_account(ada)
    db.session.rollback()
    left = db.session.get(User, number)
    assert left is not None
    assert not left.active
    assert "ada" not in left.username + left.email
    assert deletion.resume() == 1
    db.session.expire_all()
    assert db.session.get(User, number) is None
    assert set(references_to(number).values()) == {0}
    assert db.session.get(User, off.id) is not None
    assert deletion.resume() == 0


@pytest.fixture
def script() -> Script:
    """Override: replies that take minutes."""
    return Script(default=ScriptedReply(text="word " * 5_000, delay_ms=50))


def test_running_reply_is_stopped_and_waited_for(
    app: Any,
    make_user: Callable[..., User],
    open_tab: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user = make_user("writer")
    tab = open_tab(user)
    number, live = user.id, app.extensions["turns"].live
    reply = tab.ask("send_message", {"text": "hello", "client_id": "1"})["reply"]
    tab.wait_for("receive_message", reply["id"])
    seen: list[list[str]] = []
    erase = erasing.erase_conversations

    def watched(which: Any) -> int:
        seen.append(list(live))
        return erase(which)

    monkeypatch.setattr(erasing, "erase_conversations", watched)
    deletion.delete_account(user)
    db.session.expire_all()
    assert seen == [[]]
    assert db.session.get(User, number) is None
    assert db.session.scalar(select(func.count()).select_from(Message)) == 0
    assert tab.wait_for("session_ended")["reason"] == endings.DELETED


def long_conversation(user: User, length: int) -> Conversation:
    """Make one branch of `length` messages by few statements."""
    row = Conversation(id=new_id(), user_id=user.id, title="long", message_count=length)
    db.session.add(row)
    db.session.flush()
    ids = [f"{row.id[:18]}{number:08}" for number in range(length)]
    rows = [
        {
            "id": ids[number],
            "conversation_id": row.id,
            "user_id": user.id,
            "parent_id": ids[number - 1] if number else None,
            "ordinal": number + 1,
            "role": "user",
            "text": "x" * 400,
            "status": "complete",
            "seq": 0,
            "piece_lengths": "",
            "created_at": utc_now() - timedelta(days=3),
        }
        for number in range(length)
    ]
    db.session.execute(insert(Message), rows)
    db.session.commit()
    return row


@pytest.mark.slow
@pytest.mark.sqlite
def test_deep_conversations_go_in_short_transactions(make_user: Callable[..., User]) -> None:
    """SQLite's own cascade stops at 1,000 levels; and nobody may wait long for the write lock."""
    user = make_user("talkative")
    long_conversation(user, 5_000)
    for _ in range(45):
        conversation_of(user, 2)
    sizes, before = [], dict[Any, int]()

    def note(connection: Any) -> None:
        """Note what a transaction has changed; a connection counts what cascades take, too."""
        raw = connection.connection.dbapi_connection
        sizes.append(raw.total_changes - before.get(raw, 0))
        before[raw] = raw.total_changes

    db.session.remove()
    db.engine.dispose()  # every connection counts from 0
    event.listen(db.engine, "commit", note)
    deletion.delete_account(user)
    event.remove(db.engine, "commit", note)
    db.session.expire_all()
    assert db.session.scalar(select(func.count()).select_from(Message)) == 0
    assert sum(sizes) >= 5_000 + 45 * 3 + 2
    assert max(sizes) <= 2 * erasing.MESSAGES_PER_STEP
    marked = set(db.session.scalars(select(StaleDay.day)))
    assert (utc_now() - timedelta(days=3)).date().toordinal() - 719163 in marked


# ── retention ───────────────────────────────────────────────────────────────────────────────


def unused_for(user: User, days: int, **values: Any) -> str:
    row = conversation_of(user, 2, updated_at=utc_now() - timedelta(days=days, hours=1), **values)
    return row.id


def left() -> set[str]:
    db.session.expire_all()
    return set(db.session.scalars(select(Conversation.id)))


def test_each_persons_wish_counts_for_their_own_alone(make_user: Callable[..., User]) -> None:
    ada = make_user("ada", retention_days=30)
    bob = make_user("bob", retention_days=90)
    eve = make_user("eve")
    kept = {
        unused_for(ada, 29),
        unused_for(bob, 31),
        unused_for(bob, 89),
        unused_for(eve, 4_000),
    }
    for user, days in ((ada, 30), (ada, 400), (bob, 90)):
        unused_for(user, days, pinned=days == 400)
    assert retention.sweep() == 3
    assert left() == kept
    assert retention.sweep() == 0
    assert db.session.scalar(select(func.count()).select_from(Message)) == 2 * len(kept)


def test_the_sites_limit_counts_where_it_is_shorter(
    app: Any, make_user: Callable[..., User]
) -> None:
    app.extensions["settings"].retention_days = 60
    ada = make_user("ada", retention_days=30)
    bob = make_user("bob", retention_days=365)
    eve = make_user("eve")
    kept = {unused_for(ada, 29), unused_for(bob, 59), unused_for(eve, 59)}
    for user, days in ((ada, 31), (bob, 61), (eve, 61)):
        unused_for(user, days)
    assert retention.sweep() == 3
    assert left() == kept
    assert [retention.in_force(days) for days in (30, 365, None)] == [30, 60, 60]


def test_limit_that_an_administrator_sets_counts(make_user: Callable[..., User]) -> None:
    unused_for(make_user("eve"), 11)
    assert (retention.sweep(), retention.in_force(None)) == (0, None)
    site_settings.change(None, retention_days=10)
    assert (retention.sweep(), retention.in_force(None)) == (1, 10)


def test_open_tabs_hear_of_what_is_swept(make_user: Callable[..., User], open_tab: Any) -> None:
    ada = make_user("ada", retention_days=30)
    tab = open_tab(ada)
    shown, hidden = unused_for(ada, 31), unused_for(ada, 31, deleted_at=utc_now())
    retention.sweep()
    assert tab.wait_for("conversation_removed") == {
        "conversation_id": shown,
        "restorable": False,
    }
    assert hidden not in [each["conversation_id"] for each in tab.named("conversation_removed")]


@pytest.mark.parametrize("days", [0, -1, 1, 7, 31])
def test_times_that_are_not_offered_are_refused(days: int, make_user: Callable[..., User]) -> None:
    with pytest.raises(InvalidInput):
        retention.choose(make_user("ada").id, days)


def test_failures_of_others_stay_counted(ada: User, make_user: Callable[..., User]) -> None:
    bob = make_user("bob")
    login_delays.failed(login_delays.key_of_account(bob.id))
    deletion.delete_account(ada)
    assert db.session.scalar(select(func.count()).select_from(LoginFailure)) == 1


def test_deep_conversation_that_was_deleted_long_ago_goes(make_user: Callable[..., User]) -> None:
    row = long_conversation(make_user("talkative"), 1_500)
    row.deleted_at = utc_now() - timedelta(days=30)
    db.session.commit()
    assert erasing.erase_conversations(Conversation.deleted_at.is_not(None)) == 1
    assert left() == set()


def test_of_two_last_super_admins_who_go_at_once_one_stays(
    app: Flask, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for the database must look again: the other may have gone meanwhile."""
    both = [make_user(name, role=RoleName.SUPER_ADMIN).id for name in ("ada", "bob")]
    transaction = audit.transaction

    def later(work: Any) -> Any:
        hub.sleep(0.01)
        return transaction(work)

    def go(user_id: int) -> str:
        with app.app_context():
            try:
                deletion.delete_account(accounts.get(user_id))
            except InvalidInput as refusal:
                return refusal.text
        return "gone"

    monkeypatch.setattr(audit, "transaction", later)
    outcomes = [each.wait() for each in [eventlet.spawn(go, user_id) for user_id in both]]
    db.session.expire_all()
    assert sorted(outcomes) == ["This is the last super admin; make another one first.", "gone"]
    assert db.session.scalar(select(func.count()).where(User.active, User.id.in_(both))) == 1
