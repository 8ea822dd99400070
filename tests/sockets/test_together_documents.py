"""What a chat of several people looks in: documents attached to it, nothing else of anybody's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from echo.errors import NotFound
from echo.extensions import db
from echo.generation import GenerationRequest
from echo.models import Document, User
from echo.services.chats import conversations, folders
from echo.services.documents import collections, in_chats, usable
from echo.services.sharing import members
from tests.conftest import Tab
from tests.sockets.test_documents import KEELS, ada, added, asked, document, script, send, tab

__all__ = ["ada", "asked", "document", "script", "tab"]

Asked = list[GenerationRequest]
BURROWS = "Where do puffins breed?"


@pytest.fixture
def ben(make_user: Callable[..., User]) -> User:
    return make_user("ben")


@pytest.fixture
def other(open_tab: Callable[[User], Tab], ben: User) -> Tab:
    return open_tab(ben)


def read(asked: Asked) -> str:
    return " ".join(message.content for message in asked[-1].messages)


def test_what_is_attached_is_looked_in_and_its_passages_are_shown(
    tab: Tab, other: Tab, ada: User, ben: User, document: Document, asked: Asked
) -> None:
    chat = send(tab, "Hello", documents=[document.id])["conversation_id"]
    members.invite(ada.id, chat, "ben")
    answer = send(other, BURROWS, conversation_id=chat)
    assert "burrows" in read(asked)
    (source,) = answer["reply"]["sources"]
    where = (document.id, source["position"], answer["reply"]["id"])
    assert "burrows" in usable.cited(ben.id, *where)[1]
    opened = other.ask("open_conversation", {"conversation_id": chat})
    assert [each["name"] for each in opened["documents"]] == [document.name]
    with pytest.raises(NotFound):
        usable.cited(ben.id, document.id, source["position"] + 1, answer["reply"]["id"])
    members.take_out(ada.id, chat, "ben")
    with pytest.raises(NotFound):
        usable.cited(ben.id, *where)


def test_collections_and_folders_are_not_looked_in_while_others_are_there(
    tab: Tab, other: Tab, ada: User, document: Document, asked: Asked
) -> None:
    row = collections.create(ada.id, "Sea", [document.id])
    chat = send(tab, BURROWS, collections=[row.id])["conversation_id"]
    folder = folders.create(ada.id, "Trip", system_prompt="Talk like a pirate.")
    conversations.change(ada.id, chat, folder_id=folder.id)
    in_chats.use(folder, [row])
    db.session.commit()
    assert send(tab, "Do puffins breed in burrows?", conversation_id=chat)["reply"]["sources"]
    assert "pirate" in read(asked)
    members.invite(ada.id, chat, "ben")
    for each in (tab, other):
        answer = send(each, f"{BURROWS} {id(each)}", conversation_id=chat)
        assert "sources" not in answer["reply"]
        assert "pirate" not in read(asked)
        opened = each.ask("open_conversation", {"conversation_id": chat})
        assert (opened["collections"], opened["folder_collections"]) == ([], [])
    again = {"message_id": answer["reply"]["id"]}
    assert "sources" not in other.ask("regenerate_message", again)["reply"]


def test_a_plain_question_looks_in_nobodys_documents(
    tab: Tab, other: Tab, ada: User, ben: User, document: Document, asked: Asked
) -> None:
    added(ben, KEELS)
    chat = send(tab, "Hello")["conversation_id"]
    alone = send(tab, "Please search my documents for puffins", conversation_id=chat)
    assert alone["reply"]["sources"]  # so much is found where nobody else reads it
    members.invite(ada.id, chat, "ben")
    for each, what in ((tab, "puffins"), (other, "a keel")):
        text = f"Search my documents for {what}"
        answer = send(each, text, conversation_id=chat)
        assert "sources" not in answer["reply"]
        assert "spine of a ship" not in read(asked)
