"""The sidebar: pages, search, rename, pin, settings, delete, restore, export."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.http import parse_options_header

from echo.clock import utc_now
from echo.extensions import db
from echo.limits import CONVERSATIONS_PER_PAGE
from echo.models import Conversation, Message, User
from echo.services.chats import folders
from tests.web.browser import Browser

EVIL = '<img src=x onerror="alert(1)">'


def make_chat(user: User, title: str, *texts: str, **values: Any) -> Conversation:
    row = Conversation(user_id=user.id, title=title, **values)
    db.session.add(row)
    db.session.flush()
    parent = None
    for number, text in enumerate(texts):
        message = Message(
            conversation_id=row.id,
            user_id=user.id,
            parent_id=parent,
            ordinal=number + 1,
            role="assistant" if number % 2 else "user",
            text=text,
        )
        db.session.add(message)
        db.session.flush()
        parent = message.id
    row.head_id = parent
    db.session.commit()
    return row


@pytest.fixture
def chat(ada: User) -> Conversation:
    return make_chat(ada, "Walruses", "How **big** is a walrus?", "About 3 m, 50% blubber.")


def titles_in(page: str) -> list[str]:
    return re.findall(r"Chat \d\d\d", re.sub(r'(?:aria-label|title|data-\w+)="[^"]*"', "", page))


def unique(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


def test_list_pages_by_cursor_without_gap_or_repeat(ada: User, ada_browser: Browser) -> None:
    now, count = utc_now(), 2 * CONVERSATIONS_PER_PAGE + 5
    for number in range(count):
        db.session.add(
            Conversation(
                user_id=ada.id,
                title=f"Chat {number:03}",
                # several share one time, so that the id must decide
                updated_at=now - timedelta(minutes=number // 3),
            )
        )
    pinned = Conversation(user_id=ada.id, title="Chat 999", pinned=True)
    pinned.updated_at = now - timedelta(days=90)
    db.session.add(pinned)
    db.session.commit()
    seen: list[str] = []
    after: str | None = None
    for _ in range(3):
        query = {"after": after} if after else {}
        page = ada_browser.get("/conversations", query_string=query).text
        seen += unique(titles_in(page))
        found = re.search(r"after=(\w+)", page)
        after = found[1] if found else None
    assert after is None
    assert seen[0] == "Chat 999"
    assert len(seen) == len(set(seen)) == count + 1


@pytest.mark.parametrize("what", ["deleted", "erased", "used"])
def test_a_page_goes_on_whatever_becomes_of_the_row_that_the_one_before_ended_with(
    ada_browser: Browser, ada: User, what: str
) -> None:
    rows = [Conversation(user_id=ada.id, title=f"Chat {n:03}") for n in range(43)]
    db.session.add_all(rows)
    db.session.commit()
    page = ada_browser.get("/conversations").text
    after = re.search(r"after=(\w+)", page)
    assert after
    last = db.session.scalars(
        select(Conversation).filter_by(title=unique(titles_in(page))[-1])
    ).one()
    if what == "erased":
        db.session.delete(last)
    else:
        setattr(last, "deleted_at" if what == "deleted" else "updated_at", utc_now())
    db.session.commit()
    rest = unique(titles_in(ada_browser.get(f"/conversations?after={after[1]}").text))
    assert sorted(rest + unique(titles_in(page))) == [f"Chat {n:03}" for n in range(43)]


@pytest.mark.parametrize("moment", ["20261301T000000000000", "T", "2026", "9" * 21, "\0" * 21])
def test_a_cursor_that_nobody_gave_is_nothing(ada_browser: Browser, moment: str) -> None:
    query = {"after": f"{moment}{'0' * 26}"}
    assert ada_browser.get("/conversations", query_string=query).status_code == 404


def test_cursor_of_another_user_is_nothing(
    ada_browser: Browser, make_user: Callable[..., User]
) -> None:
    foreign = make_chat(make_user("eve"), "Secret")
    assert ada_browser.get(f"/conversations?after={foreign.id}").status_code == 404
    assert ada_browser.get("/conversations?after=nonsense").status_code == 404


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("walrus", True),
        ("WALRUS", True),
        ("3 m", True),
        ("50%", True),
        ("5_%", False),
        ("%", True),
        ("_", False),
        ("\\", False),
        ("'; drop table messages", False),
        ("**big**", True),
        ("nothing of the kind", False),
        ("   ", False),
        ("\0", False),
    ],
)
def test_search_looks_in_titles_and_texts_for_the_very_words(
    words: str, found: bool, chat: Conversation, ada_browser: Browser
) -> None:
    page = ada_browser.get("/conversations", query_string={"q": words})
    assert page.status_code == 200
    assert (chat.id in page.text) is found


def test_search_finds_the_signs_that_sql_reads_differently(ada: User, ada_browser: Browser) -> None:
    for number, text in enumerate(("100%_sure", "C:\\temp", "plain")):
        make_chat(ada, f"Chat {number:03}", text)
    for words, title in (("%_", "Chat 000"), ("\\t", "Chat 001"), ("100%_s", "Chat 000")):
        page = ada_browser.get("/conversations", query_string={"q": words}).text
        assert unique(titles_in(page)) == [title], words


def test_a_hit_says_where_it_stands_whatever_the_folder_is_called(
    ada: User, ada_browser: Browser
) -> None:
    folder = folders.create(ada.id, "Archived")
    make_chat(ada, "walrus one", folder_id=folder.id)
    make_chat(ada, "walrus two", folder_id=folder.id, archived_at=utc_now())
    page = ada_browser.get("/conversations", query_string={"q": "walrus"}).text
    places = re.findall(r'class="place".*?#i-(\w+)"/></svg>(\w+)<', page)
    assert places == [("archive", "Archived"), ("folder", "Archived")]


def test_a_hit_carries_its_message(ada: User, ada_browser: Browser) -> None:
    chat = make_chat(ada, "A title", "Привет, École")
    page = ada_browser.get("/conversations", query_string={"q": "e\u0301COLE"}).text
    message = db.session.scalars(db.select(Message).where(Message.conversation_id == chat.id)).one()
    assert f'data-message-id="{message.id}"' in page
    assert "<mark>École</mark>" in page
    page = ada_browser.get("/conversations", query_string={"q": "a TITLE"}).text
    assert chat.id in page
    assert "data-message-id" not in page


def test_searches_are_limited_for_each_person(ada_browser: Browser, limits_on: None) -> None:
    answers = [ada_browser.get("/conversations?q=x").status_code for _ in range(61)]
    assert answers == [200] * 60 + [429]


def test_what_was_not_searched_is_said(
    ada: User, ada_browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_chat(ada, "One", "walrus")
    make_chat(ada, "Two", "walrus")
    monkeypatch.setattr("echo.services.chats.search.SEARCH_ROWS", 2)
    assert "Older chats were not searched" in ada_browser.get("/conversations?q=walrus").text
    assert "older ones were not searched" in ada_browser.get("/conversations?q=zebra").text


def test_too_long_search_is_refused(ada_browser: Browser) -> None:
    response = ada_browser.get(
        "/conversations", query_string={"q": "x" * 201}, headers={"Accept": "application/json"}
    )
    assert response.status_code in (400, 413)
    assert response.get_json()["field"] == "q"


def test_search_and_list_escape_what_people_wrote(ada: User, ada_browser: Browser) -> None:
    row = make_chat(ada, EVIL, f"before {EVIL} after")
    for path, query in (
        ("/conversations", {}),
        ("/conversations", {"q": "onerror"}),
        ("/conversations", {"q": EVIL}),
        (f"/conversations/{row.id}/row", {}),
        ("/", {}),
        (f"/c/{row.id}", {}),
    ):
        page = ada_browser.get(path, query_string=query)
        assert page.status_code == 200
        assert "<img src=x" not in page.text, (path, query)


def test_rename(chat: Conversation, ada_browser: Browser, fresh: Callable[[], None]) -> None:
    path = f"/conversations/{chat.id}/rename"
    answer = ada_browser.ajax(path, {"title": "  Big \n walruses\0 "}).get_json()
    assert answer["status"] == "ok"
    assert answer["conversation"]["title"] == "Big walruses\ufffd"
    for title in ("", "   ", "x" * 121):
        refused = ada_browser.ajax(path, {"title": title})
        assert (refused.status_code, refused.get_json()["field"]) == (400, "title")
    fresh()
    assert chat.title == "Big walruses\ufffd"


def test_pin(chat: Conversation, ada_browser: Browser) -> None:
    path = f"/conversations/{chat.id}/pin"
    assert ada_browser.ajax(path, {"pinned": "1"}).get_json()["conversation"]["pinned"] is True
    assert "Pinned" in ada_browser.get("/conversations").text
    assert ada_browser.ajax(path, {"pinned": "0"}).get_json()["conversation"]["pinned"] is False
    for value in ("", "yes", "2"):
        assert ada_browser.ajax(path, {"pinned": value}).get_json()["field"] == "pinned"


def test_settings(chat: Conversation, ada_browser: Browser) -> None:
    path = f"/conversations/{chat.id}/settings"
    good = {"temperature": 0.5, "top_p": 1, "top_k": 40.0, "system_prompt": "Be <brief>."}
    answer = ada_browser.post(path, json=good).get_json()
    assert answer["conversation"]["settings"] == {**good, "top_k": 40}
    answer = ada_browser.post(path, json={"temperature": None}).get_json()
    assert "temperature" not in answer["conversation"]["settings"]
    for name, value in (
        ("temperature", -0.1),
        ("temperature", 2.1),
        ("temperature", "hot"),
        ("temperature", True),
        ("top_p", 0),
        ("top_k", 201),
        ("repetition_penalty", 0.7),
        ("max_new_tokens", 0),
        ("max_new_tokens", 4097),
        ("system_prompt", "x" * 2001),
        ("system_prompt", 7),
        ("unknown", 1),
    ):
        refused = ada_browser.post(path, json={name: value})
        assert (refused.status_code, refused.get_json()["field"]) == (400, name)
    for raw in ("[1]", '"x"', "{", "NaN", '{"temperature": NaN}', '{"temperature": 1e999}'):
        refused = ada_browser.post(path, data=raw, content_type="application/json")
        assert refused.status_code == 400, raw


def test_delete_and_restore(chat: Conversation, ada_browser: Browser) -> None:
    base = f"/conversations/{chat.id}"
    assert ada_browser.ajax(f"{base}/restore").status_code == 404  # nothing to undo
    assert ada_browser.ajax(f"{base}/delete").get_json()["status"] == "ok"
    assert chat.id not in ada_browser.get("/conversations").text
    assert chat.id not in ada_browser.get("/conversations?q=walrus").text
    for path in (f"{base}/row", f"{base}/export/json", f"/c/{chat.id}"):
        assert ada_browser.get(path).status_code == 404
    assert ada_browser.ajax(f"{base}/delete").status_code == 404
    assert ada_browser.ajax(f"{base}/restore").get_json()["conversation"]["id"] == chat.id
    assert chat.id in ada_browser.get("/conversations").text


def test_export_as_markdown(chat: Conversation, ada_browser: Browser) -> None:
    response = ada_browser.get(f"/conversations/{chat.id}/export/markdown")
    assert response.mimetype == "text/markdown"
    assert response.headers["Content-Disposition"] == 'attachment; filename="Walruses.md"'
    assert re.search(
        r"^\*Started \d{1,2} [A-Z][a-z]+ \d{4}, \d\d:\d\d UTC\*$", response.text, re.MULTILINE
    )
    assert response.text.startswith("# Walruses\n")
    assert "## You\n\nHow **big** is a walrus?\n\n## Echo\n\nAbout 3 m" in response.text


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ('What is 1/2: a "half"?', "What is 1 2 a half.md"),
        ("Übung für 你", "Übung für 你.md"),
        ("..\\..\u202e/\r\nx", "x.md"),
        ("long " * 30, "long " * 11 + "long.md"),
        ("???", None),
    ],
)
def test_an_export_is_named_by_its_title(
    chat: Conversation, ada_browser: Browser, title: str, name: str | None
) -> None:
    chat.title = title
    db.session.commit()
    response = ada_browser.get(f"/conversations/{chat.id}/export/markdown")
    told = response.headers["Content-Disposition"]
    assert told.isascii()
    _, options = parse_options_header(told)
    assert options["filename"] == (name or f"echo-{chat.id}.md")


def test_export_as_json(chat: Conversation, ada_browser: Browser) -> None:
    response = ada_browser.get(f"/conversations/{chat.id}/export/json")
    assert "attachment" in response.headers["Content-Disposition"]
    document = json.loads(response.text)
    assert document["conversation"]["title"] == "Walruses"
    assert document["head_id"] == chat.head_id
    assert [message["role"] for message in document["messages"]] == ["user", "assistant"]


def test_export_of_another_kind_is_nothing(chat: Conversation, ada_browser: Browser) -> None:
    assert ada_browser.get(f"/conversations/{chat.id}/export/pdf").status_code == 404


def test_row_is_a_part_of_a_page(chat: Conversation, ada_browser: Browser) -> None:
    part = ada_browser.get(f"/conversations/{chat.id}/row")
    assert part.status_code == 200
    assert "Walruses" in part.text
    assert "<html" not in part.text
