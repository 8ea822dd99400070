"""`/api/…`: one's own conversations, messages and feedback, as on the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from echo.extensions import db
from echo.limits import CHARS_PER_PAGE, CONVERSATIONS_PER_PAGE, MESSAGES_PER_PAGE
from echo.models import Conversation, Feedback, Message, User
from echo.scopes import Scope
from tests.api.keys import key_of, shows
from tests.conftest import Tab
from tests.long_chats import long_chat
from tests.web.browser import Browser
from tests.web.conftest import csrf_on, limits_on

__all__ = ["csrf_on", "limits_on"]

HTML = {"Accept": "text/html"}


class Program:
    """A program of one person's."""

    def __init__(self, app: Flask, user: User, *scopes: Scope) -> None:
        self.http = Browser(app, app.response_class, False)
        self.headers = {**HTML, **shows(key_of(user, *scopes or (Scope.CHAT, Scope.READ)))}

    def ask(self, method: str, path: str, **how: Any) -> Any:
        return self.http.open(path, method=method, headers=self.headers, **how)

    def get(self, path: str) -> Any:
        return self.ask("GET", path).get_json()

    def made(self, **body: Any) -> str:
        answer = self.ask("POST", "/api/conversations", json=body)
        assert answer.status_code == 201
        return str(answer.get_json()["id"])


@pytest.fixture
def program(app: Flask, ada: User) -> Program:
    return Program(app, ada)


@pytest.fixture
def bob(app: Flask, make_user: Callable[..., User]) -> Program:
    return Program(app, make_user("bob"))


def refused(answer: Any) -> tuple[int, str, str | None]:
    assert answer.is_json, answer.text[:200]
    said = answer.get_json()
    assert (said["status"], bool(said["message"])) == ("error", True)
    return answer.status_code, said["code"], said["field"]


# ── conversations ───────────────────────────────────────────────────────────────────────────


def test_a_conversation_is_made_asked_in_changed_and_taken_along(program: Program) -> None:
    chat = program.made(settings={"temperature": 0.5, "top_k": None})
    at = f"/api/conversations/{chat}"
    assert program.get(at)["title"] == "New chat"
    program.ask("POST", "/chat", json={"prompt": "What are walruses?", "conversation_id": chat})
    now = program.get(at)
    assert (now["title"], now["settings"]) == ("What are walruses?", {"temperature": 0.5})
    messages = program.get(f"{at}/messages")["data"]
    assert [row["role"] for row in messages] == ["user", "assistant"]
    assert now["head_id"] == messages[-1]["id"]
    body = {"title": " Sea  cows ", "pinned": True, "settings": {"temperature": None, "top_k": 5}}
    changed = program.ask("PATCH", at, json=body).get_json()
    assert (changed["title"], changed["pinned"]) == ("Sea cows", True)
    assert changed["settings"] == {"top_k": 5}
    assert program.get(f"{at}/export")["messages"] == messages
    markdown = program.ask("GET", f"{at}/export?format=markdown")
    assert (markdown.mimetype, "# Sea cows" in markdown.text) == ("text/markdown", True)


def test_a_title_that_was_given_stays(program: Program) -> None:
    chat = program.made(title="Mine")
    program.ask("POST", "/chat", json={"prompt": "Hi", "conversation_id": chat})
    assert program.get(f"/api/conversations/{chat}")["title"] == "Mine"


def test_what_is_deleted_is_gone_until_it_is_restored(program: Program) -> None:
    at = f"/api/conversations/{program.made()}"
    gone = program.ask("DELETE", at)
    assert (gone.status_code, gone.data) == (204, b"")
    for method, path in (("GET", at), ("DELETE", at), ("GET", f"{at}/messages")):
        assert refused(program.ask(method, path))[:2] == (404, "not_found")
    assert program.get("/api/conversations")["data"] == []
    assert program.ask("POST", f"{at}/restore").status_code == 200
    assert refused(program.ask("POST", f"{at}/restore"))[:2] == (404, "not_found")
    assert len(program.get("/api/conversations")["data"]) == 1


def test_tabs_see_what_programs_do(
    app: Flask, ada: User, program: Program, open_tab: Callable[[User], Tab]
) -> None:
    tab = open_tab(ada)
    chat = program.made(title="Made")
    program.ask("PATCH", f"/api/conversations/{chat}", json={"title": "Renamed"})
    titles = [said["conversation"]["title"] for said in tab.named("conversation_changed")]
    assert titles == ["Made", "Renamed"]
    program.ask("DELETE", f"/api/conversations/{chat}")
    assert tab.named("conversation_removed")[0]["conversation_id"] == chat


def test_conversations_come_page_by_page(program: Program, ada: User) -> None:
    total = CONVERSATIONS_PER_PAGE + 3
    db.session.add_all(Conversation(user_id=ada.id, title=f"{n}") for n in range(total))
    db.session.commit()
    first = program.get("/api/conversations")
    second = program.get(f"/api/conversations?after={first['next']}")
    titles = [row["title"] for row in first["data"] + second["data"]]
    assert sorted(titles, key=int) == [str(n) for n in range(total)]
    assert (len(first["data"]), second["next"]) == (CONVERSATIONS_PER_PAGE, None)


def test_long_messages_come_fewer_at_a_time(program: Program, ada: User) -> None:
    at, after, numbers = f"/api/conversations/{long_chat(ada.id, 7).id}/messages", "", []
    while after is not None:
        page = program.get(at + after)
        texts = [message["text"] for message in page["data"]]
        assert sum(map(len, texts[:-1])) < CHARS_PER_PAGE
        numbers += [int(text.split()[0]) for text in texts]
        after = page["next"] and f"?after={page['next']}"
    assert numbers == list(range(7))


def test_messages_come_page_by_page(program: Program, ada: User) -> None:
    chat, other = program.made(), program.made()
    rows = [
        Message(conversation_id=chat, user_id=ada.id, ordinal=n, role="user", text=str(n))
        for n in range(1, MESSAGES_PER_PAGE + 3)
    ]
    db.session.add_all(rows)
    db.session.commit()
    at = f"/api/conversations/{chat}/messages"
    first = program.get(at)
    second = program.get(f"{at}?after={first['next']}")
    texts = [int(row["text"]) for row in first["data"] + second["data"]]
    assert texts == list(range(1, MESSAGES_PER_PAGE + 3))
    assert second["next"] is None
    foreign = f"/api/conversations/{other}/messages?after={first['next']}"
    assert refused(program.ask("GET", foreign)) == (404, "not_found", "after")


def test_nothing_of_anothers_is_found(program: Program, bob: Program) -> None:
    chat = program.made(title="Ada's")
    answer = program.ask("POST", "/chat", json={"prompt": "Hi", "conversation_id": chat}).get_json()
    at, message = f"/api/conversations/{chat}", f"/api/messages/{answer['message_id']}"
    asked = [
        bob.ask("GET", at), bob.ask("DELETE", at), bob.ask("PATCH", at, json={"title": "x"}),
        bob.ask("GET", f"{at}/messages"), bob.ask("GET", f"{at}/export"), bob.ask("GET", message),
        bob.ask("PATCH", message, json={"rating": 1}),
        bob.ask("GET", f"/api/conversations?after={chat}"),
    ]  # fmt: skip
    assert {refused(each)[:2] for each in asked} == {(404, "not_found")}
    absent = bob.ask("GET", f"/api/messages/{'0' * 26}").get_json()
    assert bob.ask("GET", message).get_json() == absent  # nothing tells that it is another's
    assert program.get(at)["title"] == "Ada's"


WRONG_CHANGES = [
        ({"title": ""}, "title"), ({"title": " "}, "title"), ({"title": "\u200b"}, "title"),
        ({"title": "a" * 121}, "title"), ({"title": "a" * 999}, "title"), ({"title": "a\0"}, "title"),
        ({"title": 7}, "title"), ({"title": ["x"]}, "title"), ({"pinned": "yes"}, "pinned"),
        ({"pinned": 1}, "pinned"), ({"settings": []}, "settings"), ({"settings": {"top_k": "x"}}, "top_k"),
        ({"settings": {"top_k": 10**400}}, "top_k"), ({"settings": {"top_k": True}}, "top_k"),
        ({"settings": {"nonsense": 1}}, "nonsense"), ({"settings": {"temperature": 3}}, "temperature"),
        ({"settings": {"model": ""}}, "model"), ({"archived": "yes"}, "archived"), ({}, None),
        ({"nonsense": 1}, "nonsense"), ({"title": "Right", "settings": {"top_k": 9**9}}, "top_k"),
    ]  # fmt: skip


def test_wrong_changes_name_their_field_and_change_nothing(program: Program) -> None:
    for body, field in WRONG_CHANGES:
        at = f"/api/conversations/{program.made(title='Before')}"
        assert refused(program.ask("PATCH", at, json=body)) == (400, "bad_payload", field)
        assert program.get(at)["title"] == "Before"


NO_OBJECTS = [
    b"",
    b"[",
    b"[]",
    b"1",
    b"null",
    b'{"title": NaN}',
    b'{"title": 1e999}',
    b"[" * 99_999,
]


def test_what_is_no_object(program: Program) -> None:
    for body in NO_OBJECTS:
        answer = program.ask(
            "POST", "/api/conversations", data=body, content_type="application/json"
        )
        assert refused(answer)[:2] == (400, "bad_payload")


def test_a_name_given_twice_is_refused_at_any_depth(program: Program) -> None:
    body = '{"settings": {"top_k": 1, "top_k": 2}}'
    assert refused(program.ask("POST", "/api/conversations", data=body))[2] == "top_k"


WRONG_QUERIES = [
        ("after=", "after"), ("after=" + "x" * 65, "after"), ("after=a&after=b", "after"),
        ("nonsense=1", "nonsense"), ("page=2", "page"),
    ]  # fmt: skip


def test_wrong_queries(program: Program) -> None:
    for query, field in WRONG_QUERIES:
        answer = program.ask("GET", f"/api/conversations?{query}")
        assert refused(answer) == (400, "bad_payload", field)


def test_what_no_row_can_have_is_not_found(program: Program) -> None:
    for name in ("%00", "x" * 500, "%F0%9F%98%80", "..", "1%2F2"):
        answer = program.ask("GET", f"/api/conversations/{name}")
        assert refused(answer)[:2] == (404, "not_found"), name


def test_wrong_methods_and_addresses_are_told_in_json(program: Program) -> None:
    answer = program.ask("PUT", "/api/conversations")
    assert refused(answer)[:2] == (405, "method_not_allowed")
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))
    assert refused(program.ask("GET", "/api"))[:2] == (404, "not_found")
    assert refused(program.ask("GET", "/api/nothing"))[:2] == (404, "not_found")


# ── messages, feedback, oneself ─────────────────────────────────────────────────────────────


def test_an_answer_is_rated_and_the_thumb_taken_back(program: Program) -> None:
    said = program.ask("POST", "/chat", json={"prompt": "Hi"}).get_json()
    at = f"/api/messages/{said['message_id']}"
    rating = {"rating": -1, "reasons": ["too_long", "too_long"], "comment": "So\r\nlong"}
    rated = program.ask("PATCH", at, json=rating).get_json()
    assert (rated["rating"], rated["rating_reasons"], rated["rating_comment"]) == (
        -1, ["too_long"], "So\nlong",
    )  # fmt: skip
    assert program.get(at) == rated
    assert "rating" not in program.ask("PATCH", at, json={"rating": 0}).get_json()
    question = f"/api/messages/{rated['parent_id']}"
    assert refused(program.ask("PATCH", question, json={"rating": 1}))[0] == 400
    for wrong, field in (
        ({"rating": 2}, "rating"), ({"rating": True}, "rating"), ({"rating": 1.5}, "rating"), ({}, "rating"),
        ({"rating": 1, "reasons": ["nonsense"]}, "reasons[0]"), ({"rating": 1, "reasons": "x"}, "reasons"),
        ({"rating": 1, "comment": "x" * 1001}, "comment"), ({"rating": 1, "comment": "\0"}, "comment"),
    ):  # fmt: skip
        assert refused(program.ask("PATCH", at, json=wrong)) == (400, "bad_payload", field), wrong


def test_feedback_is_left_and_listed(program: Program, bob: Program, ada: User) -> None:
    body = {"opinion": "  It is good as it is.  ", "category": "idea", "rating": 5}
    left = program.ask("POST", "/api/feedback", json=body)
    assert left.status_code == 201
    assert left.get_json()["opinion"] == "It is good as it is."
    db.session.add_all(
        Feedback(user_id=ada.id, opinion=f"More words {n}", category="bug") for n in range(60)
    )
    db.session.commit()
    first = program.get("/api/feedback")
    second = program.get(f"/api/feedback?after={first['next']}")
    assert (len(first["data"]), len(second["data"]), second["next"]) == (50, 11, None)
    assert second["data"][-1] == left.get_json()
    assert bob.get("/api/feedback") == {"data": [], "next": None}
    for wrong, field in (
        ({"opinion": "short"}, "opinion"), ({"opinion": " " * 20}, "opinion"),
        ({"category": "x"}, "category"),
        ({"rating": 6}, "rating"), ({"rating": 10**30}, "rating"), ({"rating": "5"}, "rating"),
    ):  # fmt: skip
        answer = program.ask("POST", "/api/feedback", json={**body, **wrong})
        assert refused(answer) == (400, "bad_payload", field), wrong
    assert refused(program.ask("GET", "/api/feedback?after=" + "9" * 50))[0] == 404


def test_who_one_is(app: Flask, ada: User, program: Program) -> None:
    me = program.get("/api/me")
    assert (me["username"], me["role"], me["scopes"]) == ("ada", "user", ["chat", "read"])
    assert (me["second_factor"], me["quota"]["messages"]["used"]) == (False, 0)
    assert "password" not in str(me)


def test_a_page_may_ask_too_with_its_token(
    app: Flask, ada: User, client: Browser, login: Callable[..., str], csrf_on: None
) -> None:
    login(client, ada)
    assert client.get("/api/me").get_json()["scopes"] is None
    assert refused(client.post("/api/conversations", json={}))[0] == 400
    assert client.get("/api/conversations").get_json()["data"] == []
    page = client.get("/profile").text
    token = page.split('name="csrf-token" content="')[1].split('"')[0]
    made = client.post("/api/conversations", json={}, headers={"X-CSRFToken": token})
    assert made.status_code == 201


def test_requests_are_counted_by_person(
    app: Flask, ada: User, limits_on: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("echo.api.person_limits.API_PER_PERSON", "3/minute")
    one, other = Program(app, ada), Program(app, ada)
    assert [one.ask("GET", "/api/me").status_code for _ in range(2)] == [200, 200]
    last = other.ask("GET", "/v1/models")
    assert (last.status_code, last.headers["x-ratelimit-remaining-requests"]) == (200, "0")
    answer = one.ask("GET", "/api/me")
    assert refused(answer) == (429, "rate_limited", None)
    assert int(answer.headers["Retry-After"]) >= 1


def test_allowances_count_whichever_way(program: Program, ada: User) -> None:
    ada.role.daily_messages = 1
    db.session.commit()
    assert program.ask("POST", "/chat", json={"prompt": "Hi"}).status_code == 200
    answer = program.ask("POST", "/chat", json={"prompt": "Hi"})
    assert refused(answer)[:2] == (429, "quota_exceeded")
    quota = program.get("/api/me")["quota"]
    assert quota["messages"] == {"used": 1, "limit": 1}
