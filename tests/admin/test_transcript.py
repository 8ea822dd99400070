"""A conversation as administrators read it: people by name, messages in order, every branch in reach."""

from __future__ import annotations

import html
import re

import pytest

from echo.admin import transcript
from echo.extensions import db
from echo.limits import CHARS_PER_PAGE
from echo.models import AuditEvent, Conversation, Message, MessageRating
from echo.services.chats import ratings, saved_edits

EVIL = "<script>alert(1)</script>\n\nsecond line"


@pytest.fixture
def talk(people):
    """A conversation of the plain user, empty."""
    row = Conversation(user_id=people["user"].id, title="About <b>bread</b>")
    db.session.add(row)
    db.session.commit()
    return row


def say(talk, text, parent=None, role="user", **more):
    """Add a message at the end of a branch, which becomes the one that is shown."""
    row = Message(
        conversation_id=talk.id, user_id=talk.user_id, ordinal=talk.message_count + 1, role=role,
        text=text, parent_id=parent.id if parent else None, **more,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    talk.message_count, talk.head_id = talk.message_count + 1, row.id
    db.session.commit()
    return row


@pytest.fixture
def branched(talk):
    """Two wordings of a question, and two answers to the second; the first answer to it is shown."""
    first = say(talk, "How is bread made?")
    say(talk, "By a baker.", first, "assistant", model="echo-mini")
    second = say(talk, "How is rye bread made?")
    answer = say(talk, "With a sour dough.", second, "assistant", model="echo-mini")
    say(talk, "With patience.", second, "assistant", model="echo-mini")
    talk.head_id = answer.id
    db.session.commit()
    return talk


def page(client, talk, **more):
    answer = client.get("/admin/conversations/details/", query_string={"id": talk.id, **more})
    assert answer.status_code == 200
    return answer.text


def texts(shown):
    found = re.findall(r'<(?:div|p) class="said-text[^>]*>(.*?)</(?:div|p)>', shown, re.S)
    return [html.unescape(text) for text in found]


def speakers(shown):
    return re.findall(r"<strong>(.*?)</strong>", shown)


def link(shown, name):
    found = re.search(rf'href="([^"]+)"[^>]*>(?:<svg.*?</svg>)?{name}', shown)
    return html.unescape(found.group(1))


def test_messages_stand_in_order_with_their_people_by_name(root, branched):
    shown = page(root, branched)
    assert texts(shown) == ["How is rye bread made?", "With a sour dough."]
    assert speakers(shown) == ["the_user", "Echo"]
    assert "echo-mini" in shown
    assert "As the_user sees it." in shown
    assert f"#{branched.user_id}<" not in shown


def test_every_branch_is_in_reach(root, branched):
    shown = page(root, branched)
    assert re.findall(r"<span>(\d of \d)</span>", shown) == ["2 of 2", "1 of 2"]
    other = re.search(r'href="([^"]+)" aria-label="Next answer"', shown).group(1)
    answer = root.get(html.unescape(other)).text
    assert texts(answer) == ["How is rye bread made?", "With patience."]
    assert "Another branch" in answer
    other = re.search(r'href="([^"]+)" aria-label="Previous wording"', answer).group(1)
    earlier = root.get(html.unescape(other)).text
    assert texts(earlier) == ["How is bread made?", "By a baker."]
    assert texts(root.get(link(earlier, "Back to the one that the_user sees")).text) == texts(shown)


def test_what_was_said_stays_text_and_what_went_wrong_is_told(root, talk, people):
    question = say(talk, EVIL)
    reply = say(
        talk, "", question, "assistant", status="failed", error_text="Out of <memory>",
        error_code="engine",
    )  # fmt: skip
    shown = page(root, talk)
    assert texts(shown) == [EVIL, "Nothing was written."]
    assert "<script>alert" not in shown
    assert "Out of &lt;memory&gt;" in shown
    ratings.rate_message(people["user"].id, reply.id, -1, ["other"], "Not a word")
    assert db.session.get(MessageRating, reply.id).rating == -1
    shown = page(root, talk)
    assert "rated bad" in shown
    assert "the_user on this answer: Not a word" in shown


def test_long_messages_come_fewer_at_a_time(root, talk):
    row = None
    for number in range(4):
        text = f"number {number}" + "x" * (CHARS_PER_PAGE // 2)
        row = say(talk, text, row, "assistant" if number % 2 else "user")
    newest = page(root, talk)
    assert [text[:8] for text in texts(newest)] == ["number 2", "number 3"]
    before = root.get(link(newest, "Earlier messages")).text
    assert [text[:8] for text in texts(before)] == ["number 0", "number 1"]
    assert "Earlier messages" not in before


def test_long_conversations_come_in_parts(root, talk, monkeypatch):
    monkeypatch.setattr(transcript, "SHOWN", 4)
    row = None
    for number in range(10):
        row = say(talk, f"number {number}", row, "assistant" if number % 2 else "user")
    newest = page(root, talk)
    assert texts(newest) == [f"number {number}" for number in range(6, 10)]
    before = root.get(link(newest, "Earlier messages")).text
    assert texts(before) == [f"number {number}" for number in range(2, 6)]
    first = root.get(link(before, "Earlier messages")).text
    assert texts(first) == ["number 0", "number 1"]
    assert "Earlier messages" not in first
    assert texts(root.get(link(first, "Newest messages")).text) == texts(newest)


def test_an_empty_one_says_so(root, talk):
    assert "Nothing has been said yet." in page(root, talk)


def test_a_message_of_another_conversation_is_not_found(root, branched, people):
    other = Conversation(user_id=people["analyst"].id, title="Other")
    db.session.add(other)
    db.session.commit()
    foreign = say(other, "A secret of somebody else")
    for name in ("branch", "before"):
        for value in (foreign.id, "nothing", "x\0y"):
            query = {"id": branched.id, name: value}
            answer = root.get("/admin/conversations/details/", query_string=query)
            assert answer.status_code == 404
            assert "A secret" not in answer.text


def test_each_look_is_written_down_and_another_branch_is_one_more(as_role, branched, people):
    admin = as_role("admin")
    page(admin, branched)
    page(admin, branched, branch=branched.head_id)
    rows = db.session.query(AuditEvent).filter_by(act="conversation.opened").all()
    assert [(row.actor_id, row.subject_id) for row in rows] == [
        (people["admin"].id, people["user"].id)
    ] * 2


def test_a_message_leads_to_its_place_and_tables_name_people(root, branched):
    message = branched.head_id
    shown = root.get(f"/admin/messages/details/?id={message}").text
    place = link(shown, "Read it there")
    assert place.endswith(f"#m-{message}")
    assert f'id="m-{message}"' in root.get(place).text
    for name in ("conversations", "messages"):
        assert ">the_user</a>" in root.get(f"/admin/{name}/").text


def test_what_a_person_has_edited_says_so_and_what_the_model_said_is_there(root, branched):
    assert "edited by" not in page(root, branched)
    answer = db.session.get(Message, branched.head_id)
    saved_edits.save(answer.user_id, answer.id, "With <b>my</b> own words.")
    shown = page(root, branched)
    assert shown.count("edited by the_user") == 1
    assert texts(shown)[1] == "With <b>my</b> own words."
    assert re.search(r'class="said-first"[^>]*>With a sour dough\.<', shown)


def test_of_very_many_answers_the_true_numbers_are_said(root, talk):
    question = say(talk, "Again?")
    rows = [say(talk, f"Answer {n}.", question, "assistant") for n in range(1, 61)]
    for number in (1, 26, 30, 60):
        shown = page(root, talk, branch=rows[number - 1].id)
        assert f"<span>{number} of 60</span>" in shown
        beside = {rows[at - 1].id for at in (number - 1, number + 1) if 1 <= at <= 60}
        assert beside == set(re.findall(r"branch=(\w+)#m-", shown))
