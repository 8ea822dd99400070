"""Pages by the key of a row: every row once, forwards and backwards, whatever happens in between."""

from __future__ import annotations

import base64
import html
import json
import re
from datetime import timedelta

import pytest

from echo.admin import keyset, table_view
from echo.admin.keyset import Order
from echo.clock import utc_now
from echo.extensions import db
from echo.models import Conversation, Feedback, Message, User

TABLES = (
    "users", "devices", "pictures", "invites", "conversations", "messages", "ratings", "feedback",
    "audit",
)  # fmt: skip


@pytest.fixture
def opinions(people, monkeypatch):
    """Twenty-five opinions, a third without stars, and pages of four rows."""
    monkeypatch.setattr(table_view.TableView, "page_size", 4)
    rows = [
        Feedback(
            user_id=people["user"].id,
            opinion=f"opinion number {number:02}",
            category="idea",
            rating=None if number % 3 == 0 else number % 5 + 1,
        )
        for number in range(25)
    ]
    db.session.add_all(rows)
    db.session.commit()
    return [row.opinion for row in rows]


def shown(page):
    return re.findall(r"opinion number \d\d", re.sub(r"aria-label=\"[^\"]*\"", "", page))


def address(page, rel):
    found = re.search(rf'rel="{rel}" href="([^"]+)"', page)
    return html.unescape(found[1]) if found else None


def walk(root, path, rel="next"):
    pages = []
    while path:
        page = root.get(path).text
        pages.append(page)
        path = address(page, rel)
    return pages


@pytest.mark.parametrize("query", ["", "?sort=1", "?sort=3", "?sort=3&desc=1", "?sort=5"])
def test_walking_shows_every_row_once_and_back_again(root, opinions, query):
    pages = walk(root, f"/admin/feedback/{query}")
    forwards = [text for page in pages for text in shown(page)]
    assert sorted(forwards) == sorted(opinions)
    backwards = walk(root, address(pages[-1], "prev"), "prev")
    assert [shown(page) for page in backwards] == [shown(page) for page in pages[-2::-1]]


@pytest.mark.parametrize("query", ["", "?sort=6", "?user_id={}", "?role=user", "?status=complete"])
def test_pages_by_time_show_every_message_once(root, people, monkeypatch, query):
    """Several have the same time: their ids decide."""
    monkeypatch.setattr(table_view.TableView, "page_size", 4)
    user_id, now = people["user"].id, utc_now()
    talk = Conversation(user_id=user_id, title="")
    db.session.add(talk)
    db.session.flush()
    for number in range(15):
        db.session.add(
            Message(
                conversation_id=talk.id, user_id=user_id, ordinal=number, role="user",
                text=f"walrus {number:02}", created_at=now - timedelta(hours=number // 4),
            )
        )  # fmt: skip
    db.session.commit()
    pages = walk(root, "/admin/messages/" + query.format(user_id))
    forwards = [text for page in pages for text in re.findall(r"walrus (\d\d)", page)]
    assert sorted(forwards) == [f"{number:02}" for number in range(15)]
    backwards = walk(root, address(pages[-1], "prev"), "prev")
    assert len(backwards) == len(pages) - 1


@pytest.mark.parametrize("desc", [0, 1])
def test_rows_without_a_value_come_last_in_both_directions(root, opinions, desc):
    pages = walk(root, f"/admin/feedback/?sort=3&desc={desc}")
    order = [text for page in pages for text in shown(page)]
    assert all(int(text[-2:]) % 3 == 0 for text in order[-9:])
    stars = [int(text[-2:]) % 5 for text in order[:-9]]
    assert stars == sorted(stars, reverse=bool(desc))


def test_rows_that_come_or_go_move_no_page(root, opinions):
    first = root.get("/admin/feedback/").text
    following = address(first, "next")
    expected = shown(root.get(following).text)
    db.session.add(
        Feedback(user_id=db.session.query(User).first().id, opinion="just now", category="bug")
    )
    db.session.delete(db.session.query(Feedback).filter_by(opinion=shown(first)[-1]).one())
    db.session.commit()
    assert shown(root.get(following).text) == expected


def test_pages_keep_search_filters_and_sort(root, opinions):
    page = root.get("/admin/feedback/?search=number&category=idea&sort=3&desc=1").text
    following = address(page, "next")
    for part in ("search=number", "category=idea", "sort=3", "desc=1", "after="):
        assert part in following
    assert len(walk(root, "/admin/feedback/?category=bug")) == 1


def cursor(*values):
    return base64.urlsafe_b64encode(json.dumps(list(values)).encode()).decode().rstrip("=")


FORGED = [
    "x", "%", "a" * 5000, "é", "====", cursor(), cursor("x"), cursor(1, 2, 3), cursor(2**63),
    cursor(2**70), cursor(None), cursor(True), cursor({}), cursor([]), cursor(1.5), cursor("\0"),
    cursor("2026-01-01", "x"), cursor("2026-01-01T00:00:00", "x"), cursor("9999-12-31T23:59:59Z", "x"),
    base64.urlsafe_b64encode(b"[" * 600).decode(), base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    base64.urlsafe_b64encode(b'[1e999]').decode(), base64.urlsafe_b64encode(b'{"a":1}').decode(),
]  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_forged_cursors_show_the_first_page_and_say_so(root, name):
    for text in FORGED:
        for where in ("after", "before"):
            answer = root.get(f"/admin/{name}/", query_string={where: text})
            assert answer.status_code == 200, text
    answer = root.get(f"/admin/{name}/", query_string={"after": "forged"})
    assert "here is the first one" in answer.text


@pytest.mark.parametrize("name", TABLES)
def test_every_column_sorts_or_is_left_alone(root, name):
    for place in (*range(10), -1, 99, 2**70):
        for desc in (0, 1, 7):
            for at in ({}, {"after": cursor(1)}, {"before": cursor("a", "b")}):
                query = {"sort": place, "desc": desc, **at}
                assert root.get(f"/admin/{name}/", query_string=query).status_code == 200


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("value", ["x" * 10_000, "9" * 400, "-1", "' OR 1=1 --", "\0", "%00"])
def test_filters_take_any_text(root, name, value):
    every = ("user_id", "id", "state", "role", "rating", "from", "until", "address", "search",
             "act", "actor_id", "subject_id", "created_by", "verified", "deleted", "pinned")  # fmt: skip
    answer = root.get(f"/admin/{name}/", query_string=dict.fromkeys(every, value))
    assert answer.status_code == 200
    assert value[:300] not in answer.text or len(value) < 300


def test_cursors_come_back_as_they_went():
    order = Order((Feedback.rating, Feedback.id), True)
    for values in ((3, 7), (None, 7), (-1, 2**62)):
        assert keyset.decode_cursor(keyset.encode_cursor(values), order) == values
    order = Order((Message.created_at, Message.id), False)
    now = utc_now()
    assert keyset.decode_cursor(keyset.encode_cursor((now, "ü\u202e")), order) == (now, "ü\u202e")


def test_old_rows_are_not_searched_and_the_page_says_so(root, people, monkeypatch):
    user_id, now = people["user"].id, utc_now()
    talk = Conversation(user_id=user_id, title="")
    db.session.add(talk)
    db.session.flush()
    for number in range(6):
        db.session.add(
            Message(
                conversation_id=talk.id, user_id=user_id, ordinal=number, role="user",
                text=f"walrus {number}", created_at=now - timedelta(days=number),
            )
        )  # fmt: skip
    db.session.commit()
    monkeypatch.setattr("echo.admin.tables.Messages.search_rows", 3)
    page = root.get("/admin/messages/?search=walrus").text
    assert re.findall(r"walrus (\d)", page) == ["0", "1", "2"]
    assert "only the newest 3 of them were searched" in page
    until = (now - timedelta(days=3)).date().isoformat()
    page = root.get(f"/admin/messages/?search=walrus&until={until}").text
    assert "walrus 5" in page
    assert "were searched" not in page


@pytest.mark.parametrize("sort", [1, 2])
def test_people_are_sorted_by_name_and_address(root, make_user, people, sort):
    make_user("Zoe")
    make_user("adam")
    page = root.get(f"/admin/users/?sort={sort}").text
    names = re.findall(r'data-column="username">([^<]+)<', page)
    assert names == sorted(names, key=str.casefold)
    page = root.get(f"/admin/users/?sort={sort}&desc=1").text
    assert re.findall(r'data-column="username">([^<]+)<', page) == names[::-1]


@pytest.mark.parametrize("name", TABLES)
def test_what_headings_sort_can_be_chosen_above_cards_both_ways(root, name):
    page = root.get(f"/admin/{name}/").text
    places = re.findall(r'class="sort" href="[^"]*sort=(\d+)', page)
    choices = re.findall(
        r'<option value="(\d+-?)"', page.partition('id="order"')[2].partition("</select>")[0]
    )
    if "Nothing here yet" in page:  # no headings, and rows may come while the page is read
        places = [choice for choice in choices if choice.isdigit()]
    assert choices == [choice for place in places for choice in (place, f"{place}-")]
    for choice in choices:
        chosen = root.get(f"/admin/{name}/?search=&sort={choice}").text
        assert f'<option value="{choice}" selected>' in chosen


def test_one_choice_says_column_and_direction_and_a_search_keeps_it(root, opinions):
    by_link = root.get("/admin/feedback/?sort=3&desc=1").text
    by_choice = root.get("/admin/feedback/?sort=3-").text
    assert shown(by_choice) == shown(by_link) != shown(root.get("/admin/feedback/?sort=3").text)
    for page in (by_link, by_choice):
        assert "sort=3&amp;desc=1" in page.partition('class="pager"')[2]
        assert '<option value="3-" selected>' in page  # what a search from here sends along
    assert shown(root.get("/admin/feedback/?sort=").text) == shown(
        root.get("/admin/feedback/").text
    )


@pytest.mark.parametrize("sort", ["-", "--", "3--", "-3", "1x", "٣", " 3", "9" * 5000])
def test_a_choice_that_is_none_leaves_the_usual_order(root, opinions, sort):
    page = root.get("/admin/feedback/", query_string={"sort": sort}).text
    assert shown(page) == shown(root.get("/admin/feedback/").text)


def test_search_takes_signs_of_patterns_as_they_are(root, people):
    db.session.add(Feedback(user_id=people["user"].id, opinion="100% sure_thing", category="idea"))
    db.session.add(Feedback(user_id=people["user"].id, opinion="1000 sure things", category="idea"))
    db.session.commit()
    for words in ("100%", "sure_t"):
        page = root.get("/admin/feedback/", query_string={"search": words}).text
        assert "100% sure_thing" in page
        assert "1000 sure things" not in page


def test_times_are_marked_for_the_viewers_zone_and_name_utc_without_a_script(root, opinions):
    page = root.get("/admin/feedback/").text
    assert re.search(
        r'<time datetime="[\d:.T-]+Z" data-moment data-utc>\d{4}-\d\d-\d\d \d\d:\d\d UTC</time>',
        page,
    )


def test_no_page_is_read_by_its_number(root, opinions, monkeypatch):
    """A numbered page would be found by counting through all rows before it."""
    asked = []
    read = keyset.read
    monkeypatch.setattr(
        keyset,
        "read",
        lambda query, *rest, **more: asked.append(query) or read(query, *rest, **more),
    )
    walk(root, "/admin/feedback/?sort=3")
    assert len(asked) == 7
    assert not any(query._offset_clause is not None for query in asked)
