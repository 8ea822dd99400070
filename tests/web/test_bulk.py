"""`POST /conversations/bulk`: several chats by one request, announced, undone, packed, refused."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from echo.extensions import db
from echo.limits import BULK_CHATS
from echo.models import Conversation, User
from echo.services.chats import folders
from tests.conftest import Tab
from tests.web.browser import Browser
from tests.web.test_conversations import make_chat

AT = "/conversations/bulk"


@pytest.fixture
def chats(ada: User) -> list[str]:
    return [make_chat(ada, name, f"About {name}", "Yes.").id for name in ("Lions", "Tigers")]


def send(browser: Browser, **body: Any) -> Any:
    return browser.post(AT, json=body)


def test_chats_are_changed_by_one_request(
    ada: User, ada_browser: Browser, chats: list[str], open_tab: Callable[[User], Tab]
) -> None:
    tab = open_tab(ada)
    work = folders.create(ada.id, "Work").id
    answer = send(
        ada_browser,
        act="change",
        ids=[*chats, "gone"],
        archived=True,
        folder_id=work,
        add_tags=["Cats"],
    ).get_json()
    assert (answer["status"], answer["missing"]) == ("ok", ["gone"])
    assert [each["id"] for each in answer["conversations"]] == chats
    for told in answer["conversations"]:
        assert (told["archived"], told["folder_id"], told["tags"]) == (True, work, ["Cats"])
    heard = [told["conversation"] for told in tab.named("conversation_changed")]
    assert [(each["id"], each["tags"]) for each in heard] == [(each, ["Cats"]) for each in chats]
    back = send(ada_browser, act="change", ids=chats, folder_id=None, remove_tags=["cats"])
    assert {(each["folder_id"], each["archived"]) for each in back.get_json()["conversations"]} == {
        (None, True)
    }


def test_deleting_is_undone(
    ada: User, ada_browser: Browser, chats: list[str], open_tab: Callable[[User], Tab]
) -> None:
    tab = open_tab(ada)
    assert send(ada_browser, act="delete", ids=chats).get_json()["conversations"] == []
    assert [told["conversation_id"] for told in tab.named("conversation_removed")] == chats
    assert ada_browser.get(f"/c/{chats[0]}").status_code == 404
    back = send(ada_browser, act="restore", ids=chats).get_json()
    assert [each["title"] for each in back["conversations"]] == ["Lions", "Tigers"]
    assert ada_browser.get(f"/c/{chats[0]}").status_code == 200


def test_a_zip_holds_each_in_both_forms(ada_browser: Browser, chats: list[str]) -> None:
    answer = ada_browser.post(f"{AT}/export", json={"ids": chats})
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="echo-chats-')
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        assert len(packed.namelist()) == 4
        assert b"# Lions" in packed.read(f"conversations/{chats[0]}.md")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"act": "change"}, "ids"),
        ({"act": "eat", "ids": ["ID"]}, "act"),
        ({"act": "change", "ids": "ID"}, "ids"),
        ({"act": "change", "ids": [1]}, "ids"),
        ({"act": "delete", "ids": [str(n) for n in range(BULK_CHATS + 1)]}, "ids"),
        ({"act": "change", "ids": ["ID"], "archived": "yes"}, "archived"),
        ({"act": "change", "ids": ["ID"], "folder_id": 1}, "folder_id"),
        ({"act": "change", "ids": ["ID"], "add_tags": "x"}, "add_tags"),
        ({"act": "change", "ids": ["ID"], "add_tags": [" "]}, "tags"),
    ],
)
def test_what_is_wrong_is_named(
    ada_browser: Browser, chats: list[str], body: dict[str, Any], field: str
) -> None:
    ids = body.get("ids")
    body = {**body, "ids": chats[:1]} if ids == ["ID"] else body
    answer = send(ada_browser, **body)
    assert (answer.status_code, answer.get_json()["field"]) == (400, field)


def test_others_find_nothing(
    ada: User,
    chats: list[str],
    make_user: Callable[..., User],
    signed_in: Callable[[User], Browser],
) -> None:
    bob = signed_in(make_user("bob"))
    theirs = folders.create(ada.id, "Work").id
    mine = make_chat(db.session.get(User, 2), "Mine").id  # type: ignore[arg-type]
    for body in (
        {"act": "change", "ids": chats, "archived": True},
        {"act": "delete", "ids": chats},
        {"act": "restore", "ids": chats},
        {"act": "change", "ids": [mine], "folder_id": theirs},
    ):
        assert send(bob, **body).status_code == 404
    assert bob.post(f"{AT}/export", json={"ids": chats}).status_code == 404
    db.session.expire_all()
    assert db.session.get(Conversation, chats[0]).archived_at is None  # type: ignore[union-attr]


def test_visitors_are_sent_to_sign_in(client: Browser, chats: list[str]) -> None:
    assert client.post(AT, json={"act": "delete", "ids": chats}).status_code in (302, 401)


def test_another_site_deletes_nothing(
    ada_browser: Browser, chats: list[str], csrf_on: None
) -> None:
    assert send(ada_browser, act="delete", ids=chats).status_code == 400
    assert db.session.get(Conversation, chats[0]).deleted_at is None  # type: ignore[union-attr]
