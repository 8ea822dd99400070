"""Questions in chats with collections, and in chats without documents that ask for one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from echo.extensions import db
from echo.generation import GenerationRequest
from echo.models import Conversation, Document, Message, RoleName, User
from echo.services.chats import export
from echo.services.documents import collections, shelf
from echo.services.prompts import personal
from tests.conftest import Tab
from tests.sockets.test_documents import (
    KEELS,
    PUFFINS,
    ada,
    added,
    asked,
    document,
    script,
    send,
    tab,
)

__all__ = ["ada", "asked", "document", "script", "tab"]

Asked = list[GenerationRequest]


def read(asked: Asked) -> str:
    return asked[-1].messages[-1].content


def test_a_new_chat_takes_collections_with_its_first_question(
    ada: User, tab: Tab, document: Document, asked: Asked
) -> None:
    row = collections.create(ada.id, "Sea", [document.id])
    answer = send(tab, "Where do puffins breed?", collections=[row.id])
    assert f"[1] {document.name}: # Puffins" in read(asked)
    assert [each["document_id"] for each in answer["reply"]["sources"]] == [document.id]
    opened = tab.ask("open_conversation", {"conversation_id": answer["conversation_id"]})
    assert [(each["name"], each["own"]) for each in opened["collections"]] == [("Sea", True)]
    assert opened["documents"] == []
    later = {"conversation_id": answer["conversation_id"]}
    assert send(tab, "And what is a keel?", **later)["reply"]["sources"]
    collections.take_out(ada.id, row.id, document.id)
    assert "sources" not in send(tab, "Is a keel long?", **later)["reply"]


@pytest.mark.parametrize("ids", [["x"], [1], "x", [""], ["x"] * 6])
def test_what_names_no_collection_is_refused_and_nothing_is_stored(tab: Tab, ids: Any) -> None:
    sent = {"client_id": "1", "text": "Hi", "collections": ids}
    assert tab.ask("send_message", sent)["ok"] is False
    assert db.session.query(Conversation).count() == db.session.query(Message).count() == 0


def test_the_next_question_after_sharing_ends_finds_nothing(
    ada: User, tab: Tab, make_user: Callable[..., User], asked: Asked
) -> None:
    root = make_user("root", role=RoleName.ADMIN)
    row = collections.create(root.id, "Handbook", [added(root, KEELS).id])
    collections.share(root, row.id, RoleName.USER)
    answer = send(tab, "What is a keel?", collections=[row.id])
    assert "spine of a ship" in read(asked)
    collections.share(root, row.id, None)
    later = send(tab, "What is a keel, again?", conversation_id=answer["conversation_id"])
    assert "spine of a ship" not in read(asked)
    assert "sources" not in later["reply"]
    again = tab.ask("regenerate_message", {"message_id": answer["reply"]["id"]})
    tab.wait_for("message_finished", again["reply"]["id"])
    assert "spine of a ship" not in read(asked)


# ── a step of its own ───────────────────────────────────────────────────────────────────────


def test_a_plain_question_looks_in_all_of_ones_documents(
    ada: User, tab: Tab, document: Document, asked: Asked, make_user: Callable[..., User]
) -> None:
    added(make_user("bob"), "Bob's puffins breed elsewhere.")
    answer = send(tab, "Please search my documents for puffins")
    assert answer["reply"]["steps"] == [{"tool": "documents", "input": "puffins", "result": "1"}]
    assert [each["document_id"] for each in answer["reply"]["sources"]] == [document.id]
    assert "Puffins breed in burrows" in read(asked)
    assert "elsewhere" not in read(asked)
    assert "<computed>" not in read(asked)
    chat = db.session.get_one(Conversation, answer["conversation_id"])
    assert "Searched your documents for “puffins”: 1 passage" in export.as_markdown(chat)


def test_what_is_nowhere_in_them_is_said_so(tab: Tab, document: Document, asked: Asked) -> None:
    answer = send(tab, "What do my documents say about bagpipes?")
    assert answer["reply"]["steps"][0]["result"] == "0"
    assert answer["reply"]["sources"] == []
    assert "Nothing in the files" in read(asked)


def test_where_the_chat_has_documents_they_alone_are_looked_in(
    ada: User, tab: Tab, document: Document, asked: Asked
) -> None:
    other = added(ada, PUFFINS.replace("burrows", "boxes"))
    answer = send(tab, "Search my documents for puffins", documents=[other.id])
    assert "steps" not in answer["reply"]
    assert [each["document_id"] for each in answer["reply"]["sources"]] == [other.id]


def test_without_tools_nothing_is_looked_up(
    ada: User, tab: Tab, document: Document, asked: Asked
) -> None:
    personal.keep(ada.id, tools_on=False)
    answer = send(tab, "Search my documents for puffins")
    assert "steps" not in answer["reply"]
    assert "sources" not in answer["reply"]
    assert read(asked) == "Search my documents for puffins"


def test_deleted_ones_are_not_looked_in(ada: User, tab: Tab, document: Document) -> None:
    shelf.remove(ada.id, document.id)
    answer = send(tab, "Search my documents for puffins")
    assert answer["reply"]["steps"][0]["result"] == "0"
