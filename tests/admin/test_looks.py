"""Looks into other people's words: each leaves a row of the audit trail before it is given."""

from datetime import timedelta

import pytest

from echo.clock import utc_now
from echo.extensions import db
from echo.models import AuditEvent, Conversation, Message
from echo.services import audit


def write(user, text="Private words."):
    talk = Conversation(user_id=user.id, title="About bread")
    db.session.add(talk)
    db.session.flush()
    question = Message(conversation_id=talk.id, user_id=user.id, ordinal=1, role="user", text=text)
    db.session.add(question)
    db.session.commit()
    return talk, question


@pytest.fixture
def written(people):
    return write(people["user"])


def rows():
    db.session.expire_all()
    return [
        (row.act, row.actor_id, row.subject_id, row.target)
        for row in db.session.query(AuditEvent).order_by(AuditEvent.id)
    ]


def test_opening_a_conversation_or_a_message_is_written_down(as_role, people, written):
    talk, question = written
    client = as_role("admin")
    client.get(f"/admin/conversations/details/?id={talk.id}")
    client.get(f"/admin/messages/details/?id={question.id}")
    client.get(f"/admin/messages/details/?id={question.id}")
    admin, user = people["admin"].id, people["user"].id
    opened = ("message.opened", admin, user, f"messages/{question.id}")
    assert rows() == [
        ("conversation.opened", admin, user, f"conversations/{talk.id}"),
        opened,
        opened,
    ]
    assert [look.by for look in audit.looks_at(user)] == ["the_admin"] * 3


def test_a_row_that_is_not_there_is_no_look(root, written):
    assert root.get("/admin/messages/details/?id=nothing").status_code == 404
    assert rows() == []


def test_lists_are_one_look_for_each_person_shown(root, people, written):
    write(people["analyst"])
    root.get("/admin/messages/")
    me = people["super_admin"].id
    assert sorted(rows()) == [
        ("messages.listed", me, people["user"].id, "messages"),
        ("messages.listed", me, people["analyst"].id, "messages"),
    ]


def test_a_list_of_one_person_is_a_look_at_this_person_alone(root, people, written):
    write(people["analyst"])
    root.get(f"/admin/messages/?user_id={people['user'].id}")
    assert [row[2] for row in rows()] == [people["user"].id]


def test_a_list_that_shows_nobody_is_no_look(root, people, written):
    root.get(f"/admin/messages/?user_id={people['analyst'].id}")
    assert rows() == []


def test_titles_are_looked_at_too(root, people, written):
    root.get("/admin/conversations/")
    assert [row[2:] for row in rows()] == [(people["user"].id, "conversations")]


def test_paging_through_is_one_look_in_ten_minutes(root, as_role, people, written):
    for _page in range(3):
        root.get("/admin/messages/")
    assert len(rows()) == 1
    as_role("admin").get("/admin/messages/")
    assert len(rows()) == 2  # another administrator
    (first, _second) = db.session.query(AuditEvent).order_by(AuditEvent.id)
    first.at = utc_now() - timedelta(minutes=10, seconds=1)
    db.session.commit()
    root.get("/admin/messages/")
    assert len(rows()) == 3


def test_own_words_are_no_look(root, people):
    talk, question = write(people["super_admin"])
    root.get(f"/admin/conversations/details/?id={talk.id}")
    root.get(f"/admin/messages/details/?id={question.id}")
    root.get("/admin/messages/")
    assert rows() == []


def test_what_cannot_be_written_down_is_not_shown(root, written, monkeypatch):
    from echo.errors import StorageUnavailable

    def away(*_args, **_kwargs):
        raise StorageUnavailable("The database does not answer.")

    monkeypatch.setattr(audit, "_with_rows", away)
    for page in ("messages/", f"messages/details/?id={written[1].id}"):
        answer = root.get(f"/admin/{page}")
        assert answer.status_code == 503
        assert "Private words" not in answer.text


@pytest.mark.parametrize("role", ["visitor", "user", "analyst"])
def test_who_is_refused_did_not_look(role, as_role, written):
    as_role(role).get(f"/admin/messages/details/?id={written[1].id}")
    as_role(role).get("/admin/messages/")
    assert rows() == []
