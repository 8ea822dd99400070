"""Guardrails by the administrators' pages: rules, tries, the queue, answers, and what the trail says."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from echo.extensions import db
from echo.models import (
    AuditEvent,
    Conversation,
    GuardDecision,
    GuardPlace,
    GuardRule,
    GuardState,
    Message,
)
from echo.models.types import new_id
from echo.services.guardrails import decisions, rules
from echo.services.guardrails.judging import Met, judge

RULES, QUEUE = "/admin/guardrails", "/admin/guard_decisions"
WANTED = {
    "name": "Names", "place": "both", "kind": "words", "what": "walrus", "act": "mask",
    "reason": "No walruses here.",
}  # fmt: skip


def stored() -> list[GuardRule]:
    db.session.rollback()
    return list(db.session.scalars(select(GuardRule)))


def acts() -> list[str]:
    return list(db.session.scalars(select(AuditEvent.act).order_by(AuditEvent.id)))


@pytest.fixture
def decided(people, root):
    """A decision about words of the plain user."""

    def make(text: str = "my walrus") -> str:
        rule = rules.Wanted(**WANTED).rule
        user = people["user"]
        conversation = Conversation(id=new_id(), user_id=user.id)
        row = Message(
            id=new_id(), conversation_id=conversation.id, user_id=user.id, role="user", text=text,
            ordinal=1,
        )  # fmt: skip
        db.session.add_all([conversation])
        db.session.flush()
        db.session.add(row)
        met = judge(text, [rule], GuardPlace.QUESTION).met
        met = [Met(rules.Wanted(**WANTED).rule, each.place, each.excerpt) for each in met]
        found = decisions.of_message(met, row)
        db.session.flush()
        for each in found:
            each.rule_id = None
        db.session.add_all(found)
        db.session.commit()
        return found[0].id

    return make


def test_a_rule_is_made_changed_switched_and_deleted_and_the_trail_says_so(as_role):
    admin = as_role("admin")
    assert admin.post(f"{RULES}/new/", data=WANTED).status_code == 302
    (row,) = stored()
    assert not row.is_on
    page = admin.get(f"{RULES}/edit/?id={row.id}").text
    seen = rules.version(row)
    assert "No walruses here." in page
    assert f'name="version" value="{seen}"' in page
    changed = {**WANTED, "what": "<b>", "is_on": "y", "version": seen}
    assert admin.post(f"{RULES}/edit/?id={row.id}", data=changed).status_code == 302
    assert admin.post(f"{RULES}/edit/?id={row.id}", data=changed).status_code == 409
    assert stored()[0].is_on
    assert "&lt;b&gt;" in admin.get(f"{RULES}/").text
    assert admin.post(f"{RULES}/switch/?id={row.id}", data={"is_on": ""}).status_code == 302
    assert not stored()[0].is_on
    assert "&lt;b&gt;" in admin.get(f"{RULES}/details/?id={row.id}").text
    assert "What it decided stays" in admin.get(f"{RULES}/delete/?id={row.id}").text
    assert admin.post(f"{RULES}/delete/?id={row.id}").status_code == 302
    assert stored() == []
    assert [act for act in acts() if act.startswith("guard")] == [
        "guard_rule.added", "guard_rule.changed", "guard_rule.changed", "guard_rule.removed",
    ]  # fmt: skip
    assert "deleted a guardrail" in admin.get("/admin/audit/").text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "pattern", "what": "a(b"}, "missing )"),
        ({"kind": "pattern", "what": "a.*b"}, "200 characters"),
        ({"what": " , "}, "Write at least one word"),
        ({"reason": ""}, "Say why"),
        ({"act": "shout"}, ""),
        ({"place": "nowhere"}, ""),
    ],
)
def test_a_rule_that_cannot_hold_is_refused_and_keeps_what_was_typed(root, change, said):
    for more in ({}, {"try": "y", "sample": "x"}):
        answer = root.post(f"{RULES}/new/", data={**WANTED, **change, **more})
        assert answer.status_code == 400
        assert said in answer.text
        assert "No walruses here." in answer.text or "reason" in change
    assert stored() == []


def test_a_text_is_tried_without_anything_being_stored(root):
    met = root.post(f"{RULES}/new/", data={**WANTED, "try": "y", "sample": "A WALRUS <i>"})
    assert met.status_code == 200
    assert "The rule is met." in met.text
    assert "A ██████ &lt;i&gt;" in met.text
    other = root.post(f"{RULES}/new/", data={**WANTED, "try": "y", "sample": "walruses"})
    assert "The rule is not met." in other.text
    assert stored() == []
    assert acts() == []


def test_open_objections_come_first_and_looks_are_noted(as_role, people, decided):
    first, second = decided(), decided("your walrus")
    decisions.object_to(people["user"].id, first, "It is my friend's name.")
    admin = as_role("admin")
    page = admin.get(f"{QUEUE}/").text
    assert page.index(f"id={first}") < page.index(f"id={second}")
    assert "It is my friend&#39;s name." in page
    assert "messages.listed" in acts()
    assert admin.get(f"{QUEUE}/?awaits=1").text.count("row-acts") == 1
    assert "walrus" in admin.get(f"{QUEUE}/details/?id={second}").text
    assert acts()[-1] == "message.opened"


def test_a_decision_is_lifted_with_an_answer_that_its_person_sees(as_role, people, decided):
    number = decided()
    decisions.object_to(people["user"].id, number, "It is a name.")
    admin = as_role("admin")
    page = admin.get(f"{QUEUE}/answer/?id={number}").text
    assert "It is a name." in page
    sent = {"state": "lifted", "answer": "You are right.", "version": "none"}
    assert (
        admin.post(f"{QUEUE}/answer/?id={number}", data={**sent, "answer": ""}).status_code == 400
    )
    assert (
        admin.post(f"{QUEUE}/answer/?id={number}", data={**sent, "state": "open"}).status_code
        == 400
    )
    assert admin.post(f"{QUEUE}/answer/?id={number}", data=sent).status_code == 302
    assert admin.post(f"{QUEUE}/answer/?id={number}", data=sent).status_code == 409
    db.session.rollback()
    row = db.session.get_one(GuardDecision, number)
    assert (row.state, row.awaits, row.answer) == (GuardState.LIFTED, False, "You are right.")
    assert "guard.lifted" in acts()
    person = as_role("user")
    assert "You are right." in person.get("/profile/data").text
    assert "was answered" in person.get("/profile").text


def test_words_of_people_are_in_no_csv_of_an_admin(as_role, decided):
    decided()
    text = as_role("admin").get(f"{QUEUE}/export/csv/", buffered=True).text
    assert "No walruses" in text
    assert "my walrus" not in text
    assert ",walrus" not in text


def test_a_label_is_explained_where_a_classifier_can_be_chosen_alone(root, monkeypatch):
    explained = "Of a classifier: its label."
    assert explained not in root.get(f"{RULES}/new/").text
    monkeypatch.setattr("echo.services.guardrails.classifier.folder", lambda: "somewhere")
    assert explained in root.get(f"{RULES}/new/").text
