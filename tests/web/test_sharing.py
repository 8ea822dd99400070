"""Shared chats: who sees the copy, what is in it, when a link stops, and those who try more than reading."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote, unquote

import pytest

from echo.clock import utc_now
from echo.extensions import db
from echo.models import Conversation, Message, MessageRating, MessageStatus, Share, User
from echo.scopes import Scope
from echo.services import site_settings
from echo.services.accounts import accounts
from echo.services.chats import folders, personas
from echo.services.people import deletion
from echo.services.turns import quotas
from tests.api.keys import key_of
from tests.api.keys import shows as shown
from tests.conftest import switch
from tests.web.browser import Browser
from tests.web.test_profile import counted

HOSTILE = "<script>alert(1)</script> <img src=x onerror=alert(2)> </div></article>"


class Sharer:
    """Ada with a conversation: two branches, a rating, settings, a failure, thoughts."""

    def __init__(self, browser: Browser, user: User) -> None:
        self.browser, self.user = browser, user
        self.chat = Conversation(
            user_id=user.id,
            title="A title",
            settings={"system_prompt": "a secret prompt", "temperature": 0.7},
        )
        db.session.add(self.chat)
        db.session.flush()
        question = self.say(None, 1, "user", "The shown question")
        self.say(question, 2, "assistant", "an answer of another branch")
        reply = self.say(
            question, 3, "assistant", f"<think>Hm, a thought.</think>\n\n**Bold** {HOSTILE}"
        )
        reply.status, reply.error_text = MessageStatus.FAILED, "a secret error"
        reply.model, reply.total_ms, reply.completion_tokens = "a-secret-model", 12, 3
        rating = MessageRating(
            message_id=reply.id, user_id=user.id, rating=-1, comment="a secret thumb"
        )
        db.session.add(rating)
        self.chat.head_id, self.chat.message_count = reply.id, 3
        db.session.commit()

    def say(self, parent: Message | None, ordinal: int, role: str, text: str) -> Message:
        row = Message(
            conversation_id=self.chat.id,
            user_id=self.user.id,
            parent_id=parent.id if parent else None,
            ordinal=ordinal,
            role=role,
            text=text,
        )
        db.session.add(row)
        db.session.flush()
        return row

    @property
    def at(self) -> str:
        return f"/api/conversations/{self.chat.id}/share"

    def post(self, **body: Any) -> Any:
        return self.browser.post(self.at, json=body)

    def link(self, visibility: str = "public", **body: Any) -> str:
        """Share, and return the link's path."""
        answer = self.post(visibility=visibility, **body)
        assert answer.status_code == 200, answer.text
        url = answer.get_json()["url"]
        assert url.startswith("http://localhost/share/")
        return str(url.removeprefix("http://localhost"))

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.browser.get(self.at).get_json()
        return found


@pytest.fixture
def sharer(ada: User, ada_browser: Browser) -> Sharer:
    return Sharer(ada_browser, ada)


@pytest.fixture
def bob(make_user: Callable[..., User]) -> User:
    return make_user("bob")


@pytest.fixture
def bobs(bob: User, signed_in: Callable[[User], Browser]) -> Browser:
    return signed_in(bob)


def shows(browser: Browser, path: str) -> bool:
    answer = browser.get(path)
    assert answer.status_code in (200, 404)
    assert ("The shown question" in answer.text) is (answer.status_code == 200)
    return answer.status_code == 200


# ── what is in it ───────────────────────────────────────────────────────────────────────────


def test_readers_see_the_shown_branch_and_nothing_that_is_private(
    sharer: Sharer, client: Browser
) -> None:
    page = client.get(sharer.link()).text
    assert "The shown question" in page
    assert "&lt;think&gt;Hm, a thought." in page
    assert "This answer failed." in page
    everything = [
        sharer.chat.id,
        sharer.user.username,
        sharer.user.email,
        "another branch",
        "secret",
    ]
    everything += [row.id for row in db.session.query(Message)] + [
        row.id for row in db.session.query(Share)
    ]
    assert [each for each in everything if each in page] == []
    stored = repr(db.session.query(Share).one().said)
    assert [each for each in everything if each in stored] == []


def test_of_a_persona_readers_see_the_name(sharer: Sharer, client: Browser) -> None:
    persona = {"name": f"Fox {HOSTILE[:30]}", "system_prompt": "a secret prompt"}
    sharer.chat.persona_id = personas.make(sharer.user.id, persona).id
    db.session.commit()
    page = client.get(sharer.link()).text
    assert 'aria-label="Fox &lt;script&gt;' in page
    assert "secret" not in page


def test_what_was_written_never_becomes_html(sharer: Sharer, client: Browser) -> None:
    sharer.chat.title = HOSTILE
    db.session.commit()
    page = client.get(sharer.link()).text
    assert HOSTILE not in page
    assert page.count("&lt;script&gt;alert(1)") == 3  # title, heading, answer
    for part in ("<script>alert", "<img src=x"):
        assert part not in page


def test_the_name_is_shown_only_where_that_is_wished(sharer: Sharer, client: Browser) -> None:
    path = sharer.link()
    assert "ada" not in client.get(path).text
    sharer.post(visibility="public", with_name=True)
    assert "<bdi>ada</bdi>" in client.get(path).text
    sharer.post(visibility="public")
    assert sharer.state()["with_name"] is True  # what is not named stays
    sharer.post(visibility="public", with_name=False)
    assert "ada" not in client.get(path).text


def test_the_copy_is_frozen_until_it_is_taken_anew(sharer: Sharer, client: Browser) -> None:
    path = sharer.link()
    assert sharer.state()["is_current"] is True
    last = sharer.say(db.session.get(Message, sharer.chat.head_id), 4, "user", "said later")
    sharer.chat.head_id = last.id
    db.session.commit()
    assert sharer.state()["is_current"] is False
    sharer.post(visibility="public", expires_in=3600)
    assert "said later" not in client.get(path).text
    assert sharer.link(anew=True) == path
    assert "said later" in client.get(path).text
    assert sharer.state()["is_current"] is True


def test_an_edit_by_a_person_is_told(sharer: Sharer, client: Browser) -> None:
    assert "Edited by a person" not in client.get(sharer.link()).text
    row = db.session.get_one(Message, sharer.chat.head_id)
    row.text, row.original_text, row.edited_at = "Better", row.text, utc_now()
    db.session.commit()
    assert "Edited by a person" in client.get(sharer.link(anew=True)).text


@pytest.mark.parametrize("status", [MessageStatus.QUEUED, MessageStatus.STREAMING])
def test_an_answer_in_the_making_is_waited_for(sharer: Sharer, status: MessageStatus) -> None:
    db.session.get_one(Message, sharer.chat.head_id).status = status
    db.session.commit()
    answer = sharer.post(visibility="public")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "conflict")
    assert sharer.state()["url"] is None


def test_nothing_and_too_much_cannot_be_shared(
    sharer: Sharer, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, sharer.chat.head_id = sharer.chat.head_id, None
    db.session.commit()
    assert sharer.post(visibility="public").status_code == 400
    sharer.chat.head_id = head
    db.session.commit()
    monkeypatch.setattr("echo.services.sharing.snapshots.SHARED_MESSAGES", 1)
    answer = sharer.post(visibility="public")
    assert (answer.status_code, answer.get_json()["code"]) == (400, "too_long")


# ── to whom, and until when ─────────────────────────────────────────────────────────────────


def test_each_visibility_shows_it_to_its_own(
    sharer: Sharer, client: Browser, bobs: Browser
) -> None:
    path = sharer.link("signed-in")
    assert [shows(each, path) for each in (client, bobs, sharer.browser)] == [False, True, True]
    assert sharer.link("public") == path
    assert [shows(each, path) for each in (client, bobs, sharer.browser)] == [True, True, True]
    assert sharer.post(visibility="off").get_json()["url"] is None
    assert [shows(each, path) for each in (client, bobs, sharer.browser)] == [False, False, False]
    assert sharer.link("public") != path  # what was stopped never comes back


def test_gone_expired_and_never_was_are_one_answer(
    sharer: Sharer, client: Browser, bobs: Browser
) -> None:
    stopped = sharer.link()
    sharer.browser.delete(sharer.at)
    expired = sharer.link("public", expires_in=60)
    db.session.query(Share).one().expires_at = utc_now() - timedelta(seconds=1)
    db.session.commit()
    paths = [stopped, expired, f"/share/{'x' * 43}", "/share/%00", "/share/%ff%fe"]
    for browser in (client, bobs):
        answers = [browser.get(path) for path in paths]
        assert {answer.status_code for answer in answers} == {404}
        told = {
            _without_address(answer.text, path) for answer, path in zip(answers, paths, strict=True)
        }
        assert len(told) == 1
        assert {answer.headers["X-Robots-Tag"] for answer in answers} == {
            answers[0].headers["X-Robots-Tag"]
        }
    assert "for people with an account" in client.get(stopped).text
    assert sharer.state()["visibility"] == "off"  # expired is as good as none
    assert sharer.link() not in (stopped, expired)


def _without_address(page: str, path: str) -> str:
    """Leave out what differs between any two answers: the address asked for, nonces, the page's token."""
    for each in (
        path,
        unquote(path, errors="replace"),
        quote(unquote(path, errors="replace"), safe="/"),
    ):
        page = (
            page.replace(each, "")
            .replace(quote(each, safe="/"), "")
            .replace(quote(each, safe=""), "")
        )
    return re.sub(r'next=[^"]*|nonce="[^"]*"|(content|value)="[\w.-]{60,}"', "", page)


def test_expiry_is_kept_changed_and_taken_away(sharer: Sharer) -> None:
    sharer.link("public", expires_in=3600)
    first = sharer.state()["expires_at"]
    assert sharer.post(visibility="signed-in").get_json()["expires_at"] == first
    assert sharer.post(visibility="public", expires_in=7200).get_json()["expires_at"] > first
    assert sharer.post(visibility="public", expires_in=None).get_json()["expires_at"] is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"visibility": "everybody"},
        {"visibility": "public", "expires_in": 0},
        {"visibility": "public", "expires_in": 10**12},
        {"visibility": "public", "expires_in": "7"},
        {"visibility": "public", "user_id": 1},
    ],
)
def test_wrong_wishes_are_refused_and_change_nothing(sharer: Sharer, body: dict[str, Any]) -> None:
    assert sharer.browser.post(sharer.at, json=body).status_code == 400
    assert sharer.state()["url"] is None


def test_deleting_the_chat_stops_it_for_good(sharer: Sharer, client: Browser) -> None:
    path, at = sharer.link(), f"/conversations/{sharer.chat.id}"
    assert sharer.browser.ajax(f"{at}/delete").status_code == 200
    assert not shows(client, path)
    assert sharer.browser.ajax(f"{at}/restore").status_code == 200
    assert not shows(client, path)


def test_deleting_its_folder_stops_it_for_good(sharer: Sharer, client: Browser) -> None:
    path = sharer.link()
    folder = folders.create(sharer.user.id, "Work")
    sharer.chat.folder_id = folder.id
    db.session.commit()
    folders.remove(sharer.user.id, folder.id, with_conversations=True)
    assert not shows(client, path)
    folders.restore(sharer.user.id, folder.id)
    assert not shows(client, path)


def test_a_chat_that_is_marked_as_deleted_shows_nothing_whoever_marked_it(
    sharer: Sharer, client: Browser
) -> None:
    path = sharer.link()
    sharer.chat.deleted_at = utc_now()
    db.session.commit()
    assert not shows(client, path)


def test_an_account_that_is_switched_off_or_deleted_shows_nothing(
    sharer: Sharer, client: Browser, bobs: Browser, fresh: Callable[[], None]
) -> None:
    path = sharer.link("signed-in")
    assert shows(bobs, path)
    switch(sharer.user, False)
    assert not shows(bobs, path)
    switch(sharer.user, True)
    assert shows(bobs, path)
    fresh()
    deletion.delete_account(accounts.get(sharer.user.id))
    assert not shows(bobs, path)
    assert db.session.query(Share).count() == 0


def test_the_site_decides_at_most_and_at_once(
    sharer: Sharer, client: Browser, bobs: Browser
) -> None:
    path = sharer.link("public")
    for sharing, seen, may in (
        ("people", [False, True], ["signed-in"]),
        ("off", [False, False], []),
        ("public", [True, True], ["signed-in", "public"]),
    ):
        site_settings.change(None, sharing=sharing)
        assert [shows(each, path) for each in (client, bobs)] == seen
        assert sharer.state()["possible"] == may
        answer = sharer.post(visibility="public")
        assert answer.status_code == (200 if "public" in may else 403)


# ── a list of what one shares ───────────────────────────────────────────────────────────────


def test_what_is_shared_is_listed_with_a_stop(
    sharer: Sharer, client: Browser, bobs: Browser
) -> None:
    assert "no link shows a chat of yours" in sharer.browser.get("/profile/data").text
    path = sharer.link(expires_in=86_400)
    page = sharer.browser.get("/profile/data").text
    assert path in page
    assert "everybody with the link" in page
    assert path not in bobs.get("/profile/data").text
    stop = f"/profile/shared/{db.session.query(Share).one().id}/stop"
    assert bobs.ajax(stop).status_code == 404
    assert shows(client, path)
    assert sharer.browser.ajax(stop).get_json()["status"] == "redirect"
    assert not shows(client, path)
    assert sharer.browser.ajax(stop).status_code == 404
    assert sharer.browser.ajax("/profile/shared/%00/stop").status_code == 404


def test_a_changed_key_of_the_server_hides_the_link_from_its_owner_alone(
    sharer: Sharer, client: Browser
) -> None:
    path = sharer.link()
    db.session.query(Share).one().sealed_token = "sealed with another key"
    db.session.commit()
    assert shows(client, path)
    assert (sharer.state()["url"], sharer.state()["visibility"]) == (None, "public")
    assert "A title" in sharer.browser.get("/profile/data").text
    for change in ({"expires_in": 3600}, {"with_name": True}, {"anew": True}):
        assert sharer.post(visibility="public", **change).get_json()["url"] is None
        assert shows(client, path)  # no change takes it from its readers
    sharer.post(visibility="off")
    assert not shows(client, path)
    assert sharer.link() != path  # one that its owner can send


# ── going on from it ────────────────────────────────────────────────────────────────────────


def test_a_reader_goes_on_in_a_chat_of_their_own(
    sharer: Sharer, bobs: Browser, bob: User, fresh: Callable[[], None]
) -> None:
    path = sharer.link("signed-in")
    assert "Continue in my own chat" in bobs.get(path).text
    url = bobs.ajax(f"{path}/continue").get_json()["url"]
    chat = db.session.query(Conversation).filter_by(user_id=bob.id).one()
    assert url == f"/c/{chat.id}"
    assert (chat.title, chat.settings, chat.message_count) == ("A title", {}, 2)
    rows = bobs.get(f"/api/conversations/{chat.id}/messages").get_json()["data"]
    assert rows[0]["text"] == "The shown question"
    assert [row["status"] for row in rows] == ["complete", "complete"]
    assert rows[1]["parent_id"] == rows[0]["id"]
    assert chat.head_id == rows[1]["id"]
    answer = bobs.post("/chat", json={"prompt": "And now?", "conversation_id": chat.id})
    assert answer.status_code == 200
    fresh()
    assert quotas.status(bob.id).messages.used == 1  # what was copied counts for nothing
    assert sharer.chat.message_count == 3


def test_visitors_sign_in_before_they_go_on(sharer: Sharer, client: Browser) -> None:
    path = sharer.link()
    page = client.get(path).text
    assert "Sign in to continue this chat" in page
    assert client.post(f"{path}/continue").location.startswith("/login")
    assert db.session.query(Conversation).count() == 1


def test_what_one_may_not_read_cannot_be_copied(sharer: Sharer, bobs: Browser) -> None:
    path = sharer.link()
    sharer.post(visibility="off")
    assert bobs.ajax(f"{path}/continue").status_code == 404
    assert bobs.ajax(f"{path}/opened").status_code == 404


# ── counting ────────────────────────────────────────────────────────────────────────────────


def test_openings_are_counted_but_not_the_owners_nor_mere_requests(
    sharer: Sharer, client: Browser, bobs: Browser
) -> None:
    path = sharer.link()
    for browser in (client, bobs, sharer.browser):
        browser.get(path)
        assert sharer.state()["opened"] < 3
        browser.ajax(f"{path}/opened")
    assert sharer.state()["opened"] == 2


def test_copies_are_read_only_where_they_are_shown(sharer: Sharer, client: Browser) -> None:
    path = sharer.link()
    with counted() as asked:
        assert client.ajax(f"{path}/opened").status_code == 200
    assert sum("shares.said" in each for each in asked) == 0
    with counted() as asked:
        assert shows(client, path)
    assert sum("shares.said" in each for each in asked) == 1


@pytest.mark.parametrize("change", [{"anew": True}, {"with_name": True}])
def test_a_branch_is_read_once_by_each_change(sharer: Sharer, change: dict[str, Any]) -> None:
    sharer.link()
    with counted() as asked:
        assert sharer.post(visibility="public", **change).get_json()["is_current"] is True
    assert sum("RECURSIVE" in each for each in asked) == 1


# ── those who try more ──────────────────────────────────────────────────────────────────────


def test_nobody_shares_changes_or_sees_the_link_of_anothers_chat(
    sharer: Sharer, client: Browser, bobs: Browser
) -> None:
    path = sharer.link()
    for browser, refused in ((client, 401), (bobs, 404)):
        for method in ("GET", "POST", "DELETE"):
            answer = browser.open(sharer.at, method=method, json={"visibility": "off"})
            assert answer.status_code == refused
            assert path not in answer.text
    assert shows(client, path)


def test_who_shows_a_key_is_a_visitor(sharer: Sharer, client: Browser, bob: User) -> None:
    path, key = sharer.link("signed-in"), shown(key_of(bob, Scope.CHAT, Scope.READ))
    assert client.get(path, headers=key).status_code == 404
    assert client.ajax(f"{path}/opened", headers=key).status_code == 404
    assert client.ajax(f"{path}/continue", headers=key).status_code == 401
    sharer.post(visibility="public")
    assert client.get(path, headers=key).status_code == 200
    assert client.ajax(f"{path}/continue", headers=key).status_code == 401
    assert db.session.query(Conversation).count() == 1


def test_neither_ids_nor_hashes_are_links(sharer: Sharer, client: Browser) -> None:
    path = sharer.link()
    row = db.session.query(Share).one()
    token = path.rpartition("/")[2]
    assert len(token) >= 43  # 256 bits
    assert token not in repr(row.__dict__)
    for guess in (
        row.id,
        row.token_hash,
        row.sealed_token,
        sharer.chat.id,
        token[:-1],
        token + "x",
        token.swapcase(),
    ):
        assert not shows(client, f"/share/{guess}")


def test_another_site_writes_nothing_in_a_persons_name(
    sharer: Sharer, bobs: Browser, csrf_on: None
) -> None:
    path = f"/share/{'x' * 43}"
    for browser, at in (
        (sharer.browser, sharer.at),
        (bobs, f"{path}/continue"),
        (bobs, f"{path}/opened"),
    ):
        assert browser.post(at, json={"visibility": "public"}).status_code == 400
    assert db.session.query(Share).count() == 0


def test_no_robot_no_cache_and_no_other_site_learns_of_it(sharer: Sharer, client: Browser) -> None:
    answer = client.get(sharer.link())
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert {"noindex", "nofollow", "noarchive"} <= set(answer.headers["X-Robots-Tag"].split(", "))
    assert '<meta name="robots" content="noindex, nofollow' in answer.text
    assert "ETag" not in answer.headers
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "script-src 'self' 'nonce-" in answer.headers["Content-Security-Policy"]


def test_guessing_is_slow(sharer: Sharer, client: Browser, limits_on: None) -> None:
    statuses = [client.get(f"/share/{number}").status_code for number in range(25)]
    assert statuses.count(404) <= 20  # at most two seconds' worth
    assert 429 in statuses


def test_only_reading_is_open(sharer: Sharer, client: Browser) -> None:
    path = sharer.link()
    for method in ("PUT", "PATCH", "DELETE", "POST"):
        assert client.open(path, method=method).status_code == 405
    assert client.get("/share/").status_code == 404
