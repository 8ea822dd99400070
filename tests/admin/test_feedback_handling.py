"""Feedback: new, seen, answered; its writer is told; two administrators do not overwrite each other."""

from __future__ import annotations

import csv
import io

import pytest

from echo.extensions import db
from echo.models import AuditEvent, Feedback
from echo.services import mail
from echo.services.audit import Act
from echo.services.chats import feedback
from echo.services.people import archive, deletion

OPINION = "I would like <b>larger</b> letters, please."


@pytest.fixture
def opinion(people):
    row = Feedback(user_id=people["user"].id, opinion=OPINION, category="idea", rating=4)
    db.session.add(row)
    db.session.commit()
    return row


def stored(row):
    db.session.expire_all()
    return db.session.get(Feedback, row.id)


def acts(act):
    return db.session.query(AuditEvent).filter_by(act=act).all()


def answer(client, row, text, version="none"):
    data = {"answer": text, "version": version}
    return client.post(f"/admin/feedback/answer/?id={row.id}", data=data)


def test_opening_a_new_one_marks_it_seen_once(root, opinion, people):
    assert f'action="/admin/feedback/open/?id={opinion.id}"' in root.get("/admin/feedback/").text
    for _ in range(2):
        opened = root.post(f"/admin/feedback/open/?id={opinion.id}")
        assert opened.location == f"/admin/feedback/details/?id={opinion.id}"
    assert stored(opinion).state == "seen"
    (row,) = acts(Act.FEEDBACK_TRIAGED)
    assert (row.actor_id, row.subject_id) == (people["super_admin"].id, people["user"].id)
    assert "/open/" not in root.get("/admin/feedback/").text


def test_looking_at_its_address_changes_nothing(root, opinion):
    assert "Mark as seen" in root.get(f"/admin/feedback/details/?id={opinion.id}").text
    assert stored(opinion).state == "new"


def test_answer_reaches_its_reader(as_role, opinion, people):
    reader = as_role("user")
    assert "feedback was answered" not in reader.get("/").text
    assert answer(as_role("admin"), opinion, "Ctrl and + <i>does</i> it.").status_code == 302
    row = stored(opinion)
    assert (row.state, row.answered_by) == ("answered", people["admin"].id)
    assert len(acts(Act.FEEDBACK_ANSWERED)) == 1
    assert "Your feedback was answered" in reader.get("/").text
    assert "your feedback was answered" in reader.get("/profile").text
    page = reader.get("/profile/data").text
    assert "Ctrl and + &lt;i&gt;does&lt;/i&gt; it." in page
    assert "larger" in page
    assert reader.post("/profile/answers/read").status_code == 302
    assert "feedback was answered" not in reader.get("/").text
    assert "Ctrl and +" in reader.get("/profile/data").text


def test_nobody_reads_or_puts_away_anothers_answer(as_role, opinion):
    answer(as_role("admin"), opinion, "For you alone.")
    stranger = as_role("analyst")
    assert "For you alone" not in stranger.get("/profile/data").text
    stranger.post("/profile/answers/read")
    assert stored(opinion).answer_read_at is None
    assert answer(stranger, opinion, "Mine").status_code == 403


def test_answer_goes_by_mail_to_the_present_address(root, opinion, monkeypatch):
    sent = []
    monkeypatch.setattr(
        mail, "notify", lambda user, template, **more: sent.append((user, template, more))
    )
    answer(root, opinion, "Thank you.")
    ((user, template, context),) = sent
    assert (user.id, template, context) == (
        opinion.user_id,
        "feedback_answered",
        {"text": "Thank you."},
    )


def test_two_who_answer_at_once_are_told(root, as_role, opinion):
    assert answer(root, opinion, "The first.").status_code == 302
    second = answer(as_role("admin"), opinion, "The second.")
    assert second.status_code == 409
    assert "The first." in second.text
    assert "The second." in second.text
    assert stored(opinion).answer == "The first."
    again = feedback.version(stored(opinion))
    assert answer(root, opinion, "A better one.", again).status_code == 302
    assert stored(opinion).answer == "A better one."


@pytest.mark.parametrize("text", ["", "   ", "x" * 2001])
def test_answers_that_say_nothing_or_too_much(root, opinion, text):
    assert answer(root, opinion, text).status_code == 400
    assert stored(opinion).state == "new"


def test_answering_what_is_deleted_meanwhile(root, opinion, people):
    deletion.delete_account(people["user"], people["super_admin"])
    assert answer(root, opinion, "Too late.").status_code == 404
    assert root.get(f"/admin/feedback/answer/?id={opinion.id}").status_code == 404


def test_deleted_administrator_leaves_the_answer(root, as_role, opinion, people):
    answer(as_role("admin"), opinion, "Stays.")
    deletion.delete_account(people["admin"], people["super_admin"])
    row = stored(opinion)
    assert (row.answer, row.answered_by) == ("Stays.", None)
    assert root.get(f"/admin/feedback/details/?id={row.id}").status_code == 200


def test_archive_and_table_hold_state_and_answer(root, opinion, people):
    answer(root, opinion, "=HYPERLINK(1)")
    db.session.expire_all()
    (own,) = archive.account(people["user"])["feedback"]
    assert (own["state"], own["answer"]) == ("answered", "=HYPERLINK(1)")
    sent = root.get("/admin/feedback/export/csv/", buffered=True).data.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(sent)))
    assert (rows[0]["state"], rows[0]["answer"]) == ("answered", "'=HYPERLINK(1)")


def test_filters_by_state_and_stars(root, opinion):
    assert "larger" in root.get("/admin/feedback/?state=new&rating=4").text
    for query in ("state=seen", "rating=5"):
        assert "larger" not in root.get(f"/admin/feedback/?{query}").text
