"""Lists of what people wrote: filters, safe addresses, and text that stays text."""

from datetime import timedelta

import pytest

from echo.admin import table_view
from echo.clock import utc_now
from echo.extensions import db
from echo.models import Conversation, Feedback, Message

EVIL = "<script>alert(1)</script>\n\nsecond line & more"
LISTS = ("users", "conversations", "messages", "feedback")


@pytest.fixture
def written(people):
    """A conversation with two messages, and an opinion, by the plain user."""
    user_id = people["user"].id
    talk = Conversation(user_id=user_id, title="About <b>bread</b>")
    db.session.add(talk)
    db.session.flush()
    old = utc_now() - timedelta(days=40)
    question = Message(
        conversation_id=talk.id, user_id=user_id, ordinal=1, role="user", text=EVIL, created_at=old
    )
    reply = Message(
        conversation_id=talk.id, user_id=user_id, ordinal=2, role="assistant", text="word " * 200,
        status="failed", parent_id=question.id,
    )  # fmt: skip
    opinion = Feedback(user_id=user_id, opinion=EVIL, category="idea", rating=4)
    db.session.add_all([question, reply, opinion])
    db.session.commit()
    return {"talk": talk, "question": question, "reply": reply, "opinion": opinion}


@pytest.mark.parametrize("name", LISTS)
def test_lists_show_rows_as_text(name, root, written):
    answer = root.get(f"/admin/{name}/")
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "<b>bread" not in answer.text


def test_long_text_is_cut_in_the_list_and_whole_in_the_details(root, written):
    assert "word " * 100 not in root.get("/admin/messages/").text
    page = root.get(f"/admin/messages/details/?id={written['reply'].id}").text
    assert "word " * 199 in page


def test_details_keep_line_breaks_and_escape(root, written):
    page = root.get(f"/admin/messages/details/?id={written['question'].id}").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\n\nsecond line &amp; more" in page
    page = root.get(f"/admin/feedback/details/?id={written['opinion'].id}").text
    assert "&lt;script&gt;" in page
    page = root.get(f"/admin/conversations/details/?id={written['talk'].id}").text
    assert "About &lt;b&gt;bread" in page


def rows(root, name, **query):
    return root.get(f"/admin/{name}/", query_string=query).text.count('class="row-acts"')


def test_filters(root, written, people):
    user_id, today = people["user"].id, utc_now().date().isoformat()
    assert rows(root, "messages") == 2
    assert rows(root, "messages", user_id=user_id) == 2
    assert rows(root, "messages", user_id=people["admin"].id) == 0
    assert rows(root, "messages", status="failed") == 1
    assert rows(root, "messages", role="user", status="failed") == 0
    assert rows(root, "messages", conversation_id=written["talk"].id) == 2
    assert rows(root, "messages", **{"from": today}) == 1
    assert rows(root, "messages", until=today) == 2
    assert rows(root, "feedback", category="idea") == 1
    assert rows(root, "feedback", category="bug") == 0
    assert rows(root, "feedback", search="second line") == 1
    assert rows(root, "conversations", search="bread", pinned="0") == 1


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"user_id": "9223372036854775808"}, "whole number from 1 to"),
        ({"user_id": "9" * 5000}, "whole number from 1 to"),
        ({"user_id": "-5"}, "whole number"),
        ({"user_id": "five"}, "whole number"),
        ({"from": "yesterday"}, "YYYY-MM-DD"),
        ({"until": "9999-12-31"}, "YYYY-MM-DD"),
        ({"status": "' or 1=1 --"}, "Choose one of the list"),
        ({"conversation_id": "x" * 300}, "at most 200"),
    ],
)
def test_unusable_filters_say_what_to_do(root, query, words):
    answer = root.get("/admin/messages/", query_string=query)
    assert answer.status_code == 200
    assert words in answer.text


def test_the_largest_id_is_fine(root):
    answer = root.get("/admin/messages/", query_string={"user_id": str(2**63 - 1)})
    assert answer.status_code == 200
    assert "cannot be used" not in answer.text


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "query",
    [
        {"page": "-3"},
        {"page": "99999999999999999999"},
        {"page": "x", "sort": "99", "desc": "x"},
        {"sort": "-1"},
        {"page_size": "0"},
        {"search": "%_\\' \0 \ud800".encode("utf-8", "surrogatepass")},
        {"search": "x" * 5000},
        {"_external": "1", "_scheme": "javascript", "_anchor": "a", "endpoint": "e", "url": "//x"},
        {"flt0_0": "1", "flt": "2", "id": "0x10"},
    ],
)
def test_no_address_breaks_a_list(name, query, root, written):
    assert root.get(f"/admin/{name}/", query_string=query).status_code == 200


@pytest.mark.parametrize("name", ["conversations", "messages", "feedback"])
@pytest.mark.parametrize("value", ["nothing", "1" * 400, "9223372036854775808", "\0", "' --"])
def test_details_of_nothing(root, name, value):
    answer = root.get(f"/admin/{name}/details/", query_string={"id": value})
    assert answer.status_code == 404


@pytest.mark.parametrize("name", LISTS)
def test_details_without_an_id_lead_to_the_list(root, name):
    answer = root.get(f"/admin/{name}/details/?id=&url=//evil.example")
    assert (answer.status_code, answer.location) == (302, f"/admin/{name}/")


def test_bounded_counts(root, written, monkeypatch):
    monkeypatch.setattr(table_view.TableView, "page_size", 1)
    first = root.get("/admin/messages/").text
    assert 'rel="next"' in first
    assert 'rel="prev"' not in first
    assert "2 rows" in first
    monkeypatch.setattr(table_view, "COUNTED", 1)
    assert "More than 1 rows" in root.get("/admin/messages/").text


def test_nothing_can_be_written_here(root, written):
    for name in ("conversations", "messages"):
        for act in ("new", "edit", "delete", "action", "ajax/update", "ajax/lookup"):
            assert root.post(f"/admin/{name}/{act}/").status_code == 404


@pytest.mark.parametrize("words", ["ПРИВЕТ", "e\u0301cole", "école привет", "STRASSE"])
def test_search_folds_case_and_composition(root, people, words):
    db.session.add(
        Feedback(user_id=people["user"].id, opinion="Привет, École! Straße", category="idea")
    )
    db.session.commit()
    assert rows(root, "feedback", search=words) == 1
    assert rows(root, "feedback", search=f"{words} absent") == 0


def test_people_are_found_by_their_address_as_it_is_written(root, people):
    people["user"].email = "ada@müller.de"
    db.session.commit()
    assert rows(root, "users", search="MÜLLER") == 1


def test_a_search_with_very_many_hits_is_cut_and_says_so(root, people, monkeypatch):
    monkeypatch.setattr("echo.admin.table_view.COUNTED", 3)
    for number in range(6):
        db.session.add(
            Feedback(user_id=people["user"].id, opinion=f"walrus {number}", category="idea")
        )
    db.session.commit()
    page = root.get("/admin/feedback/?search=walrus").text
    assert "only the newest 4 of them were searched" in page
    assert "walrus 5" in page
    assert "walrus 1" not in page


def test_a_search_has_a_limit_of_time(root, people, monkeypatch):
    db.session.add(Feedback(user_id=people["user"].id, opinion="walrus", category="idea"))
    db.session.commit()
    monkeypatch.setattr("echo.admin.table_view.SEARCH_SECONDS", -1)
    page = root.get("/admin/feedback/?search=walrus").text
    assert "only the newest 0 of them were searched" in page
