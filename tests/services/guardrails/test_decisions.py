"""Decisions of rules: objected to once, by whom they concern; answered, read, and forgotten in time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from echo.clock import utc_now
from echo.errors import Conflict, InvalidInput, NotFound, TooLong
from echo.extensions import db
from echo.limits import GUARD_CALL_DAYS
from echo.models import AuditEvent, GuardDecision, GuardRule, GuardState, User
from echo.services.guardrails import decisions, rules

WANTED = rules.Wanted("A rule", "both", "words", "walrus", "flag", "Because.")


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user("ada")


@pytest.fixture
def root(make_user: Callable[..., User]) -> User:
    return make_user("root", role="super_admin")


def decided(user: User, **values: object) -> str:
    """Store a decision about words of a person's."""
    usual = {"rule_name": "A rule", "place": "question", "act": "flag", "reason": "Because."}
    row = GuardDecision(user_id=user.id, call_id="c", route="temporary", **usual | values)
    db.session.add(row)
    db.session.commit()
    return row.id


def test_a_person_objects_once_to_what_is_about_them(ada: User, root: User) -> None:
    number = decided(ada)
    with pytest.raises(NotFound):
        decisions.object_to(root.id, number, "It is not mine.")
    row = decisions.object_to(ada.id, number, " It is\r\nwrong. ")
    assert (row.objection, row.awaits) == ("It is\nwrong.", True)
    with pytest.raises(Conflict):
        decisions.object_to(ada.id, number, "Again.")


@pytest.mark.parametrize(("text", "error"), [(" ", InvalidInput), ("x" * 501, TooLong)])
def test_an_objection_says_something_and_not_too_much(
    ada: User, text: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        decisions.object_to(ada.id, decided(ada), text)


def test_nobody_objects_to_what_is_answered(ada: User, root: User) -> None:
    number = decided(ada)
    decisions.settle(root, number, GuardState.UPHELD, "It stands.", "none")
    with pytest.raises(Conflict):
        decisions.object_to(ada.id, number, "Still.")


def test_an_answer_is_read_by_its_person(ada: User, root: User) -> None:
    number = decided(ada)
    assert decisions.unread_answers(ada.id) == 0
    decisions.settle(root, number, GuardState.LIFTED, "Right.", "none")
    with pytest.raises(Conflict):
        decisions.settle(root, number, GuardState.UPHELD, "No.", "none")
    assert decisions.unread_answers(ada.id) == 1
    decisions.mark_answers_read(ada.id)
    assert decisions.unread_answers(ada.id) == 0
    last = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert last is not None
    assert (last.act, last.actor_id, last.subject_id) == ("guard.lifted", root.id, ada.id)
    assert "walrus" not in str(last.detail)


def test_what_is_stored_nowhere_else_is_forgotten_in_time(app: Flask, ada: User) -> None:
    old = decided(ada, created_at=utc_now() - timedelta(days=GUARD_CALL_DAYS + 1))
    young = decided(ada)
    decisions.forget_old()
    left = db.session.scalars(select(GuardDecision.id)).all()
    assert (old in left, young in left) == (False, True)


def test_a_rule_that_is_deleted_leaves_what_it_decided(ada: User, root: User) -> None:
    rule_id = rules.add(root, WANTED)
    number = decided(ada, rule_id=rule_id)
    rules.remove(root, rule_id)
    later = decided(ada, rule_id=rule_id)  # of an answer that was being written meanwhile
    db.session.expire_all()
    kept = [db.session.get_one(GuardDecision, each).rule_id for each in (number, later)]
    assert kept == [rule_id, rule_id]


def test_only_so_many_rules_are_kept(root: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "GUARD_RULES", 1)
    rules.add(root, WANTED)
    with pytest.raises(Conflict):
        rules.add(root, WANTED)
    assert len(db.session.scalars(select(GuardRule)).all()) == 1
